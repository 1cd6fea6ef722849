"""Bringing the right bytes of a damaged object back, from wherever they still are. The ledger is never touched."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, BinaryIO, cast

from storage.db.checks import KnownObject
from storage.db.models import StoredObjectRow
from storage.db.unit_of_work import Database
from storage.errors import ObjectMissing, StorageError
from storage.fsck import Finding, Result, check, named
from storage.worm.port import RangeReader, Source, WormStore

LEAST_KEPT = timedelta(days=1)
"""A store locks nothing until a moment that has passed."""


@dataclass(frozen=True, slots=True)
class CopySource:
    """Where else an object's bytes may be: `name` is for sentences; `reader` raises ObjectMissing."""

    name: str
    reader: Callable[[str], AbstractContextManager[RangeReader]]


@dataclass(frozen=True, slots=True)
class Repair:
    """Whether the object is whole now, and what was done or why not."""

    done: bool
    sentence: str


def repair(
    database: Database, store: WormStore, finding: Finding, sources: Sequence[CopySource], now: datetime
) -> Repair:
    """Puts the right bytes back, if any source still has them; else nothing is touched.

    What lies there instead is kept: a file in `quarantine/`, an S3 version beside the new one. The object is looked
    at again under the lock of its row, so two repairs at once do one.
    """
    sha256 = finding.known.sha256
    what = named(sha256, finding.subject)
    tried: list[str] = []
    try:
        if finding.result is Result.WRONG_VERSION:
            return _settle(database, store, what, sha256, None, now)
        with _right_bytes(sources, sha256, tried) as copy:
            if copy is not None:
                return _settle(database, store, what, sha256, copy, now)
    except (StorageError, OSError) as error:
        return Repair(False, f"{what} could not be repaired: {str(error).rstrip('.')}.")
    where = f"not in {' nor in '.join(tried)}" if tried else "nowhere else: no second store is set"
    return Repair(False, f"{what} cannot be repaired: its bytes are {where}. Nothing was touched.")


@dataclass(frozen=True, slots=True)
class _Copy:
    """Bytes that hash to the right SHA-256."""

    origin: str
    content: Source
    size: int


def _settle(database: Database, store: WormStore, what: str, sha256: str, copy: _Copy | None, now: datetime) -> Repair:
    """Store and list of objects made right again, in one transaction."""
    with database.begin() as work:
        row = work.checks.known(sha256, lock=True)
        if row is None:
            return Repair(False, f"{what} is no longer listed in the database; nothing was touched.")
        state = check(store, KnownObject(sha256, row.size, row.version))
        if state.result is Result.WHOLE:
            done = f"{what} is whole again: somebody else repaired it."
        elif state.result is Result.WRONG_VERSION:
            row.version = state.detail
            done = f"{what} is listed as version {state.detail} now, which holds its bytes."
        elif copy is not None:
            row.version = store.restore(sha256, copy.content, copy.size, _until(row, now)).version
            kept = "" if state.result is Result.MISSING else "; what lay there instead is kept"
            done = f"{what} was repaired from {copy.origin}{kept}."
        else:
            return Repair(False, f"{what} changed while it was being repaired: run the repair again.")
        work.checks.record(sha256, now, Result.WHOLE)
    return Repair(True, done)


def _until(row: StoredObjectRow, now: datetime) -> datetime:
    return max(row.retain_until or now, now + LEAST_KEPT)


@contextmanager
def _right_bytes(sources: Sequence[CopySource], sha256: str, tried: list[str]) -> Iterator[_Copy | None]:
    """The object from the first source whose bytes hash to it; names in `tried` those that were of no use."""
    with tempfile.TemporaryFile() as file:
        for source in sources:
            try:
                size = _copied(source, sha256, file)
            except (StorageError, OSError) as error:
                tried.append(f"{source.name} ({str(error).rstrip('.')})")
                continue
            if size is not None:
                yield _Copy(source.name, cast(BinaryIO, file), size)
                return
            tried.append(source.name)
        yield None


def _copied(source: CopySource, sha256: str, file: IO[bytes]) -> int | None:
    """The bytes in `file`, which is emptied first, and their number; None if they are not the right ones."""
    file.seek(0)
    file.truncate()
    digest, size = hashlib.sha256(), 0
    try:
        with source.reader(sha256) as reader:
            while piece := reader.read(size, reader.piece):
                digest.update(piece)
                file.write(piece)
                size += len(piece)
    except ObjectMissing:
        return None
    file.seek(0)
    return size if digest.hexdigest() == sha256 else None
