"""How the spool lies on the disk: its schema, its lock, and questions to a spool that a recorder may be using."""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from recorder.errors import SpoolError, SpoolInUse
from storage.durable import make_folder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hearing (
    id TEXT PRIMARY KEY, room TEXT NOT NULL, pace TEXT NOT NULL, scripted INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
    position INTEGER PRIMARY KEY AUTOINCREMENT, hearing TEXT NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL,
    file TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, written_at REAL NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0, stored INTEGER NOT NULL DEFAULT 0, local TEXT NOT NULL DEFAULT 'here',
    UNIQUE (hearing, seq));
CREATE TABLE IF NOT EXISTS open_segment (
    hearing TEXT NOT NULL, track TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (hearing, track));
CREATE TABLE IF NOT EXISTS origin (hearing TEXT PRIMARY KEY, boot TEXT NOT NULL, zero REAL NOT NULL);
"""
_INDICES = """
DROP INDEX IF EXISTS unsent;
DROP INDEX IF EXISTS waiting;
CREATE INDEX IF NOT EXISTS backlog
    ON entry (position, hearing, seq, file, sent, stored, local, size, written_at) WHERE sent = 0 OR stored = 0;
"""


def open_spool(folder: Path) -> tuple[int, sqlite3.Connection]:
    """Claims the folder for this program, and opens its database in the newest schema.

    Returns the lock, the folder's until it is closed. Raises SpoolError if the folder cannot be used, SpoolInUse if
    another recorder uses it.
    """
    with contextlib.ExitStack() as undo:
        try:
            make_folder(folder)
            mine = _claim(folder)
            undo.callback(os.close, mine)
            db = sqlite3.connect(folder / "spool.db", isolation_level=None, check_same_thread=False)
            undo.callback(db.close)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.executescript(_SCHEMA)
            _upgrade(db)
            db.executescript(_INDICES)
            (folder / "spool.db").chmod(0o600)  # rooms may hold a camera's password
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(
                f"The spool in {folder} cannot be used ({error}): check the disk and its rights."
            ) from None
        undo.pop_all()
    return mine, db


def _upgrade(db: sqlite3.Connection) -> None:
    """A spool of an earlier version did not tell a segment's bytes from its entry."""
    if any(row[1] == "stored" for row in db.execute("PRAGMA table_info(entry)")):
        return
    with transaction(db):
        db.execute("ALTER TABLE entry ADD COLUMN stored INTEGER NOT NULL DEFAULT 0")
        db.execute("ALTER TABLE entry ADD COLUMN local TEXT NOT NULL DEFAULT 'here'")
        db.execute("UPDATE entry SET stored = (sent OR file = '')")


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of it is on the disk afterwards, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has rolled it back already
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def beside(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of the spool in `folder`, which a recorder may be using: each statement is a transaction of its own,
    so that the recorder never waits. Raises SpoolError if it cannot be used, as where there is none."""
    try:
        address = f"{(folder / 'spool.db').absolute().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(address, uri=True, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            yield db
    except sqlite3.Error as error:
        raise SpoolError(f"The spool in {folder} cannot be used ({error}): check the disk and its rights.") from None


def spooled_file(folder: Path, sha256: str) -> Path | None:
    """The segment with that content in the spool in `folder`, which a recorder may be using; None if it has none.

    Raises SpoolError if there is a spool and it cannot be read.
    """
    found = _asked(folder, "SELECT file FROM entry WHERE sha256 = ? AND file != ''", sha256)
    return folder / found if found else None


def unfinished_in(folder: Path) -> str | None:
    """The hearing without an end in the spool in `folder`, which a recorder may be using; raises as `spooled_file`."""
    return _asked(folder, "SELECT id FROM hearing WHERE ended = 0")


def _asked(folder: Path, query: str, *values: object) -> str | None:
    """The first answer, None where there is none or no spool."""
    database = folder / "spool.db"
    if not database.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute(query, values).fetchone()
    except sqlite3.Error as error:
        raise SpoolError(f"The spool in {folder} cannot be read ({error}): check the disk and its rights.") from None
    return str(found[0]) if found else None


def _claim(folder: Path) -> int:
    """The folder's lock, ours until the descriptor is closed: two recorders would fork the evidence."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SpoolInUse(f"Another recorder uses the spool in {folder}: end it first.") from None
    return descriptor
