"""Stored objects that a database lists, and ways to damage them behind our back."""

import contextlib
import hashlib
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from storage.db.checks import Due, KnownObject
from storage.db.unit_of_work import Database
from storage.fsck import Finding, scrub
from storage.worm.local import LocalStore
from storage.worm.port import WormStore
from storage.worm.sealing import unseal
from tests.factories.server import SetClock

STORED = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
UNTIL = datetime(2036, 11, 1, 9, 0, tzinfo=UTC)


def content_of(number: int) -> bytes:
    return f"segment {number} ".encode() * 100


def hash_of(number: int) -> str:
    return hashlib.sha256(content_of(number)).hexdigest()


def keep(database: Database, store: WormStore, *numbers: int, at: datetime = STORED) -> list[str]:
    """Stores and lists objects, one second apart; returns their hashes."""
    for place, number in enumerate(numbers):
        content, until = content_of(number), UNTIL
        stored = store.put(hash_of(number), content, len(content), until)
        with database.begin() as work:
            work.log.add_object(stored, at + timedelta(seconds=place), until)
    return [hash_of(number) for number in numbers]


def known(database: Database, sha256: str) -> KnownObject:
    with database.read() as work:
        row = work.checks.known(sha256)
        assert row is not None
        return KnownObject(row.sha256, row.size, row.version)


def list_version(database: Database, sha256: str, version: str) -> None:
    """The database lists another version."""
    with database.begin() as work:
        row = work.checks.known(sha256)
        assert row is not None
        row.version = version


def scrub_all(database: Database, store: WormStore, clock: SetClock, **due: Any) -> list[Finding]:
    """What a run finds; a run that met its own work again would not end by itself."""
    return list(islice(scrub(database, store, clock, Due(clock.utc, **due)), 100))


def path_of(store: LocalStore, sha256: str) -> Path:
    return store.folder / sha256[:2] / sha256[2:4] / sha256


def overwrite(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: path.unlink(),
    "altered": lambda path: overwrite(path, path.read_bytes()[:-1] + b"?"),
    "truncated": lambda path: overwrite(path, path.read_bytes()[:-1]),
}


def unseal_all(folder: Path) -> None:
    """So that a test's folder can be removed."""
    for path in folder.rglob("*"):
        unseal(path)


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:  # a socket's address must be short
        made.bind(path.name)


OTHERS: dict[str, Callable[[Path], None]] = {
    "a named pipe": os.mkfifo,
    "a socket": _socket,
    "a link": lambda path: path.symlink_to(path.rename(path.parent.parent / "elsewhere")),
    "a folder": lambda path: path.mkdir(),
}
"""What somebody may put in the place of a file that is gone; a link leads to the right bytes."""


def put_other(path: Path, what: str) -> None:
    if what != "a link":
        path.unlink()
    OTHERS[what](path)
