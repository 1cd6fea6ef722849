"""A copy of the database as of one moment, while it is being used: SQLite's own copy, or what `pg_dump` writes.

What voices sound like is left out.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from storage import durable
from storage.db.models import VoiceVector
from storage.db.unit_of_work import Database, UnitOfWork
from storage.errors import BackupError, DatabaseDamaged

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_OF_ANYBODY = ("--no-owner", "--no-privileges")
_VOICES = VoiceVector.__tablename__
"""Personal data that is to be gone when its hearing is: no backup has it, so none keeps it longer."""
_DUMP = ("pg_dump", "--format=custom", f"--exclude-table-data={_VOICES}", *_OF_ANYBODY)
_RESTORE = ("pg_restore", "--single-transaction", "--exit-on-error", *_OF_ANYBODY)


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: `kind` of database, the log's size and root, and its newest signed checkpoint or ''."""

    kind: str
    entries: int
    root: bytes
    checkpoint: str


def kind_of(address: str) -> str:
    """sqlite or postgresql."""
    return make_url(address).get_backend_name()


def copy_database(database: Database, target: Path) -> Copied:
    """Writes a copy to the new file `target`; writers are not held up. Raises BackupError."""
    return _dump(database, target) if kind_of(database.url) == POSTGRESQL else _copy_file(database, target)


def database_at(address: str) -> Copied | None:
    """What is there already, None if nothing is; raises BackupError if it is none of courtrec's or does not answer."""
    if kind_of(address) == SQLITE and not _file(address).exists():
        _require_no_leftovers(_file(address))
        return None
    shown = make_url(address).render_as_string(hide_password=True)
    database = Database(address)
    try:
        if not inspect(database.engine).get_table_names():
            return None
        with database.read() as work:
            return _state(work, kind_of(address))
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise BackupError(
            f"The database {shown} cannot be used ({reason}): give the address of an empty one."
        ) from None
    finally:
        database.dispose()


def place_database(copy: Path, kind: str, address: str) -> None:
    """Makes the database at `address` from a copy, whole or not at all; raises BackupError."""
    if kind != kind_of(address):
        raise BackupError(f"The backup is of a {kind} database, COURTREC_DATABASE_URL names another kind.")
    if kind == POSTGRESQL:
        named, secret = _on(address)
        _run([*_RESTORE, named, str(copy)], secret)
        return
    try:
        with copy.open("rb") as source, durable.new_file(_file(address), mode=0o600) as file:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise BackupError(f"The database {_file(address)} cannot be written ({error.strerror}).") from None


def check_dump(dump: Path) -> None:
    """Raises BackupError unless PostgreSQL can read the list of contents of what `pg_dump` wrote."""
    _run(["pg_restore", "--list", str(dump)])


def _require_no_leftovers(file: Path) -> None:
    """SQLite would mix the log of a database that is gone into the one put in its place."""
    for ending in ("-wal", "-shm", "-journal"):
        left = file.with_name(file.name + ending)
        if left.exists():
            raise BackupError(f"The file {left} is left of a database that is gone: move it away, it may be evidence.")


def _copy_file(database: Database, target: Path) -> Copied:
    try:
        with closing(sqlite3.connect(_file(database.url))) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA secure_delete = ON")
            copy.execute(f"DELETE FROM {_VOICES}")  # noqa: S608 - a name of ours
            copy.commit()
        copied = Database(f"sqlite:///{target}")
        try:
            with copied.read() as work:
                state = _state(work, SQLITE)
        finally:
            copied.dispose()
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            [(found,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
    except (sqlite3.Error, DBAPIError, DatabaseDamaged) as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"The database is damaged ({found}), so no backup was made: keep the older ones.")
    return state


def _dump(database: Database, target: Path) -> Copied:
    with database.read() as work:  # one state of the database for both: what is dumped and what is said about it
        snapshot = work.session.scalar(text("SELECT pg_export_snapshot()"))
        state = _state(work, POSTGRESQL)
        named, secret = _on(database.url)
        _run([*_DUMP, f"--snapshot={snapshot}", f"--file={target}", named], secret)
    return state


def _state(work: UnitOfWork, kind: str) -> Copied:
    head, newest = work.log.head(), work.log.newest_checkpoint()
    return Copied(kind, head.size, head.root, newest.note if newest else "")


def _on(address: str) -> tuple[str, dict[str, str]]:
    """The option that names the database to PostgreSQL's programs, and the password for their environment."""
    url = make_url(address)
    plain = url._replace(drivername="postgresql", password=None).render_as_string()
    return f"--dbname={plain}", {} if url.password is None else {"PGPASSWORD": str(url.password)}


def _run(command: list[str], secret: dict[str, str] | None = None) -> None:
    """Runs a program of PostgreSQL's; raises BackupError with its own words."""
    environment = {**os.environ, **(secret or {})}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except OSError:
        raise BackupError(f"The program {command[0]} is missing: install PostgreSQL's client programs.") from None
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise BackupError(f"{command[0]} failed: {reason}")


def _file(address: str) -> Path:
    return Path(make_url(address).database or "")
