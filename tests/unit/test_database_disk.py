"""What a database says of its disk, in our words."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.db.disk import disk_faults_told
from storage.errors import DatabaseDamaged, DiskFull


class PostgresError(Exception):
    def __init__(self, state: str) -> None:
        super().__init__("could not extend file")
        self.sqlstate = state


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("of SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("original", "told"),
    [
        (PostgresError("53100"), DiskFull),
        (sqlite_error(sqlite3.SQLITE_FULL), DiskFull),
        (sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE), DiskFull),
        (PostgresError("XX001"), DatabaseDamaged),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), DatabaseDamaged),
        (sqlite_error(sqlite3.SQLITE_CORRUPT_INDEX), DatabaseDamaged),
        (sqlite_error(sqlite3.SQLITE_NOTADB), DatabaseDamaged),
        (PostgresError("40001"), OperationalError),
        (sqlite_error(sqlite3.SQLITE_BUSY), OperationalError),
    ],
)
def test_a_disk_at_fault_is_one_sentence_and_all_else_passes(original: Exception, told: type[Exception]) -> None:
    with pytest.raises(told) as caught, disk_faults_told():
        raise OperationalError("INSERT", {}, original)
    assert isinstance(caught.value, DBAPIError) or str(caught.value).endswith(".")
