"""A folder as write-once store: one read-only file per object, named by its hash.

Honest about what it is: the files are mode 0444 and never written again by us, but whoever owns the folder or
is root can still delete or replace them, and retention is not enforced here, only noted in the database. The
ledger proves it when that happened; to prevent it, use the S3 adapter. What a power cut leaves in `incoming/` was
never acknowledged and may be deleted.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from storage import durable
from storage.errors import ObjectAltered, ObjectLocked, ObjectMissing
from storage.worm.port import RangeReader, Source, StoredObject, copy_checked, object_key, stored_state

VERSION = "1"
"""A folder keeps one version of an object."""


class _FileReader:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        # One pread stops at 2 GiB, and earlier where a signal interrupts it.
        pieces: list[bytes] = []
        while length > 0 and (piece := os.pread(self._descriptor, length, offset)):
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class LocalStore:
    """Implements `WormStore` under `folder`, which is made if it does not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = durable.make_folder(folder)
        self._incoming = durable.make_folder(folder / "incoming")

    def put(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """As in the port; raises ObjectAltered if other bytes lie under that name already."""
        path = self._path(sha256)
        if not path.exists():
            self._write(path, sha256, source, size)
        state = stored_state(self, sha256)
        if state.sha256 != sha256:
            raise ObjectAltered(
                f"The file {path} no longer holds the object it is named after: somebody changed it. Keep it as "
                "evidence of that, and bring the object back from the node or the backup."
            )
        return self.head(sha256)

    def head(self, sha256: str, version: str = "") -> StoredObject:
        try:
            size = self._path(sha256).stat().st_size
        except FileNotFoundError:
            raise _missing(sha256) from None
        return StoredObject(object_key(sha256), VERSION, sha256, size)

    def read(self, sha256: str, offset: int = 0, length: int | None = None, version: str = "") -> bytes:
        with self.reader(sha256, version) as reader:
            return reader.read(offset, reader.size if length is None else length)

    @contextmanager
    def reader(self, sha256: str, version: str = "") -> Iterator[RangeReader]:
        try:
            descriptor = os.open(self._path(sha256), os.O_RDONLY)
        except FileNotFoundError:
            raise _missing(sha256) from None
        try:
            yield _FileReader(descriptor)
        finally:
            os.close(descriptor)

    def hold(self, sha256: str, on: bool) -> None:
        """A file `<sha256>.hold` beside the object: whatever destroys objects must look for it."""
        mark = self._hold_mark(self.head(sha256).sha256)
        if on:
            with suppress(FileExistsError):
                durable.write_new(mark, b"")
        else:
            mark.unlink(missing_ok=True)
            durable.fsync_folder(mark.parent)

    def held(self, sha256: str) -> bool:
        return self._hold_mark(self.head(sha256).sha256).exists()

    def extend(self, sha256: str, until: datetime) -> None:
        """Only makes sure that the object is there: how long it is kept, the database knows."""
        self.head(sha256)

    def destroy(self, sha256: str) -> None:
        if self.held(sha256):
            raise ObjectLocked(f"Object {sha256} is under legal hold, so it was not destroyed: lift the hold first.")
        path = self._path(sha256)
        path.unlink(missing_ok=True)
        durable.fsync_folder(path.parent)

    def versions(self, sha256: str) -> list[StoredObject]:
        try:
            return [self.head(sha256)]
        except ObjectMissing:
            return []

    def _write(self, path: Path, sha256: str, source: Source, size: int) -> None:
        incoming = self._incoming / f"{sha256}.{secrets.token_hex(8)}"
        try:
            with durable.AppendFile(incoming, mode=0o444) as file:
                copy_checked(source, sha256, size, file.write)
            durable.make_folder(path.parent)
            with suppress(FileExistsError):
                os.link(incoming, path)
        finally:
            incoming.unlink(missing_ok=True)
        # All levels: another process may have made them a moment ago and not be done.
        for folder in (path.parent, path.parent.parent, self.folder):
            durable.fsync_folder(folder)

    def _path(self, sha256: str) -> Path:
        return self.folder / object_key(sha256)

    def _hold_mark(self, sha256: str) -> Path:
        return self._path(sha256).with_suffix(".hold")


def _missing(sha256: str) -> ObjectMissing:
    return ObjectMissing(f"The store holds no object {sha256}.")
