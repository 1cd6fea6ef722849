"""The write-once store as the rest of the project sees it: objects named by SHA-256, put once, never changed."""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from storage.errors import ObjectAltered, ObjectMissing, StorageError, WrongHash
from storage.ledger.bodies import is_hash
from storage.ledger.faults import ObjectState

CHUNK = 1 << 20

Source = Path | BinaryIO | bytes


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Where an object lies: `key` inside the store, `version` as the store named it, `size` in bytes."""

    key: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Item:
    """Something that lies in a store: `place` as the store names it, stored at `at` (UTC).

    `sha256` is empty for what is no object of ours; `deleted` marks an S3 delete marker.
    """

    place: str
    sha256: str
    at: datetime
    deleted: bool = False


class RangeReader(Protocol):
    """An object opened for reading; `size` in bytes, `piece` is how many are best read at once."""

    @property
    def size(self) -> int: ...

    @property
    def piece(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on; fewer only where the object ends."""
        ...


class WormStore(Protocol):
    """`sha256` is 64 lower-case hex digits. Every verb raises ObjectMissing for what is not there, and
    StoreUnavailable if the store does not answer. `version` is one that `put` returned; '' means the newest.
    """

    def __hash__(self) -> int:
        """A store is itself, so that what was computed from its bytes can be kept by it."""
        ...

    def put(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """Stores exactly those `size` bytes durably; putting an object again is harmless.

        Raises WrongHash, and leaves nothing behind, if the bytes are others than announced.
        """
        ...

    def head(self, sha256: str, version: str = "") -> StoredObject: ...

    def read(self, sha256: str, offset: int = 0, length: int | None = None, version: str = "") -> bytes:
        """At most `length` bytes from `offset` on, to the end if None; fewer only where the object ends."""
        ...

    def reader(self, sha256: str, version: str = "") -> AbstractContextManager[RangeReader]:
        """For many ranges of one object."""
        ...

    def hold(self, sha256: str, on: bool) -> None:
        """Sets or lifts the legal hold, under which nobody may destroy the object, whatever its retention."""
        ...

    def held(self, sha256: str) -> bool: ...

    def extend(self, sha256: str, until: datetime) -> None:
        """Keeps the object at least until then. Retention only ever grows: an earlier moment changes nothing."""
        ...

    def destroy(self, sha256: str) -> None:
        """Deletes every version for good; raises ObjectLocked, and deletes nothing, under hold or retention.

        Whoever calls it has the act that orders it, and has stated it in the ledger.
        """
        ...

    def versions(self, sha256: str) -> list[StoredObject]:
        """Everything ever stored under that name, newest first; empty if nothing was."""
        ...

    def restore(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """As `put`, also where other bytes lie under that name: they are kept as evidence, never removed."""
        ...

    def items(self) -> Iterator[Item]:
        """Everything in the store; what lies under one name comes together."""
        ...

    def describe(self) -> str:
        """Where the objects lie and what protects them, in one line."""
        ...


def object_key(sha256: str) -> str:
    """Where an object lies in a store; raises StorageError if that is no SHA-256, so no other path is made."""
    if not is_hash(sha256):
        raise StorageError(f"{sha256!r:.80} is no SHA-256: give 64 lower-case hex digits.")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def named_by(name: str) -> str:
    """The SHA-256 of the object that lies under `name` in a store; empty if no object lies there."""
    sha256 = name.rpartition("/")[2]
    return sha256 if is_hash(sha256) and object_key(sha256) == name else ""


def copy_checked(source: Source, sha256: str, size: int, sink: Callable[[bytes], object]) -> None:
    """Hands the bytes of `source` to `sink` piece by piece; raises WrongHash at the end if they are not the
    ones announced, and before it if they are too many.
    """
    digest, taken = hashlib.sha256(), 0
    with _opened(source) as file:
        while taken <= size and (piece := file.read(CHUNK)):
            digest.update(piece)
            taken += len(piece)
            sink(piece)
    if taken != size:
        came = f"more than {size}" if taken > size else f"{taken}"
        raise WrongHash(f"Object {sha256} came with {came} bytes instead of {size}: send it again.")
    if digest.hexdigest() != sha256:
        raise WrongHash(f"The bytes sent as object {sha256} hash to {digest.hexdigest()}: send it again.")


def read_object(store: WormStore, sha256: str) -> bytes:
    """The object's bytes, hashed before anyone gets them; raises ObjectAltered if they are others now."""
    content = store.read(sha256)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ObjectAltered(
            f"The stored file {sha256} was changed after it was stored, so it is not given out: run courtrec verify."
        )
    return content


def stored_state(
    store: WormStore, sha256: str, version: str = "", taken: Callable[[int], object] = lambda size: None
) -> ObjectState:
    """What is really stored under that name now: every byte is read back and hashed.

    `taken` is called after each piece with its size; it may wait.
    """
    digest = hashlib.sha256()
    offset = 0
    try:
        with store.reader(sha256, version) as reader:
            while piece := reader.read(offset, reader.piece):
                digest.update(piece)
                offset += len(piece)
                taken(len(piece))
    except ObjectMissing:
        return ObjectState(None, 0)
    return ObjectState(digest.hexdigest(), offset)


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source
