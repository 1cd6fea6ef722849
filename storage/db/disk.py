"""What is wrong with the disk under a database, as one sentence of ours instead of the driver's error."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from storage.errors import DatabaseDamaged, DiskFull

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FULL_STATE, _DAMAGED_STATES = "53100", ("XX001", "XX002")
"""SQLSTATE of PostgreSQL: disk_full, data_corrupted and index_corrupted."""


@contextmanager
def disk_faults_told() -> Iterator[None]:
    """Raises DiskFull or DatabaseDamaged in the place of a database's error that says so; lets all others pass."""
    try:
        yield
    except DBAPIError as error:
        code, state = getattr(error.orig, "sqlite_errorcode", 0), getattr(error.orig, "sqlstate", "")
        if code in _FULL or state == _FULL_STATE:
            raise DiskFull(
                "The disk of the database is full, so nothing of this was kept: make room, then do it again."
            ) from error
        if code & 0xFF in _DAMAGED or state in _DAMAGED_STATES:
            reason = " ".join(str(error.orig).split())
            raise DatabaseDamaged(
                f"The database is damaged ({reason}): stop the server, keep the file, and restore the backup."
            ) from error
        raise
