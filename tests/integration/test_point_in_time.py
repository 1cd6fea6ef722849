"""PostgreSQL brought back from a base backup and the archived write-ahead log, by the commands of the runbook."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from tests.factories.backups import keys_in_files, reopened
from tests.factories.evidence import faults, filled
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server
from tests.factories.waiting import until
from tests.services.fixtures import or_skip
from tests.services.processes import PostgresFolder, PostgresServer, free_port, make_cluster, postgres_folder

RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"
THIRD, FOURTH, FIFTH = (HEARING[:-1] + number for number in "345")


@dataclass(frozen=True)
class Lost:
    """What is left of a court whose database's disk died: base backup, archive and home.

    The log had `middle` entries at `moment`, and `end` at last.
    """

    folder: PostgresFolder
    server: PostgresServer
    home: Path
    moment: str
    middle: int
    end: int


def runbook() -> list[str]:
    """The settings and the commands, block by block."""
    section = RUNBOOK.read_text().split("**PostgreSQL to the last second.**")[1].split("\n## ")[0]
    return re.findall(r"```\n(.*?)```", section, re.DOTALL)


CONFIGURE, BASE, RESTORE, TO_A_MOMENT = runbook()


def typed(folder: PostgresFolder, block: str, server: PostgresServer, **more: str) -> None:
    """The block, as the database server's account types it; /mnt is the test's own folder."""
    account = {"PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": server.user, "PGPASSWORD": server.password}
    set_to = [f"{name}={value}" for name, value in {**account, **more}.items()]
    folder.run("/usr/bin/env", *set_to, "sh", "-ec", block.replace("/mnt/", f"{folder.path}/"))


def asked(server: PostgresServer, query: str) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        [[answer]] = connection.execute(query).fetchall()
    return str(answer)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    home = tmp_path_factory.mktemp("home")
    with or_skip(postgres_folder()) as folder:
        data, archive = folder.path / "data", folder.path / "wal"
        server = make_cluster(folder, data)
        folder.run("/bin/mkdir", str(archive), str(folder.path / "base"))
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(CONFIGURE.replace("/mnt/", f"{folder.path}/"))
        with folder.serving(server, data):
            database = Database(server.sqlalchemy_url)
            upgrade(database.engine)
            court = filled(database, home)
            keys_in_files(home)
            typed(folder, BASE, server)
            court.receive(made_hearing(THIRD))
            with database.read() as work:
                middle = work.log.head().size
            moment = asked(server, "SELECT clock_timestamp()")
            court.receive(made_hearing(FOURTH))
            with database.read() as work:
                end = work.log.head().size
            database.dispose()
            last = archive / asked(server, "SELECT pg_walfile_name(pg_switch_wal())")
            until(last.exists, lambda: os.listdir(archive))  # noqa: PTH208
        yield Lost(folder, server, home, moment, middle, end)


@contextmanager
def recovered(lost: Lost, home: Path, *more: str) -> Iterator[Server]:
    """The court on the database that the runbook's commands bring back, with all else that was left."""
    data, server = lost.folder.path / home.name, replace(lost.server, port=free_port())
    [day] = [path.name for path in (lost.folder.path / "base").iterdir()]
    for block in (RESTORE, *more):
        typed(lost.folder, block, server, PGDATA=str(data), DAY=day, MOMENT=lost.moment)
    shutil.copytree(lost.home, home)
    with lost.folder.serving(server, data):
        until(lambda: asked(server, "SELECT pg_is_in_recovery()") == "False")
        with reopened(home, server.sqlalchemy_url) as court:
            yield court


def size_of(court: Server) -> int:
    with court.context.database.read() as work:
        return work.log.head().size


def test_every_entry_is_back_and_the_log_goes_on(lost: Lost, tmp_path: Path) -> None:
    with recovered(lost, tmp_path / "end") as court:
        assert faults(court) == []
        assert size_of(court) == lost.end
        court.receive(made_hearing(FIFTH))
        assert faults(court) == []


def test_at_an_earlier_moment_the_checkpoint_file_tells_what_is_missing(lost: Lost, tmp_path: Path) -> None:
    with recovered(lost, tmp_path / "moment", TO_A_MOMENT) as court:
        assert size_of(court) == lost.middle < lost.end
        cut = f"The log has {lost.middle} entries, and had {lost.end} at a signed checkpoint: it was cut short."
        assert faults(court) == [cut]
        court.receive(made_hearing(FIFTH))
        assert any("no signed checkpoint" in one for one in faults(court)), "another history is not signed"
