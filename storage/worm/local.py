"""A folder as write-once store: one read-only file per object, named by its hash.

Honest about what it is: the files are mode 0444 and never written again by us, but whoever owns the folder can
delete or replace them, and retention is not enforced here, only noted in the database. With `Sealing` they are also
immutable (sealing.py), which only root can undo. The ledger proves it when that happened; to prevent it, use the S3
adapter. What a power cut leaves in `incoming/` was never acknowledged, and `sweep` deletes it.
"""

import fcntl
import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from storage import durable
from storage.errors import ObjectAltered, ObjectLocked, ObjectMissing, StorageError, not_read, not_written
from storage.regular import open_regular
from storage.worm.port import (
    CHUNK,
    Item,
    RangeReader,
    Source,
    StoredObject,
    copy_checked,
    named_by,
    object_key,
    stored_state,
)
from storage.worm.sealing import Ioctl, Seal, Sealing, kernel_ioctl, seal, unseal

VERSION = "1"
"""A folder keeps one version of an object."""
HOLD = ".hold"
INCOMING, QUARANTINE = "incoming", "quarantine"


class _FileReader:
    piece = CHUNK

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self.size = os.fstat(descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Raises StoreRefused where the disk does not give the bytes."""
        # One pread stops at 2 GiB, and earlier where a signal interrupts it.
        pieces: list[bytes] = []
        while length > 0 and (piece := self._piece(offset, length)):
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _piece(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise not_read(f"The file {self._path}", error) from None


@contextmanager
def file_reader(path: Path) -> Iterator[RangeReader]:
    """A file opened for reading; raises FileNotFoundError, or StoreRefused where it cannot be read or is none."""
    try:
        descriptor = open_regular(path, follow=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise not_read(f"The file {path}", error) from None
    try:
        yield _FileReader(descriptor, path)
    finally:
        os.close(descriptor)


class LocalStore:
    """Implements `WormStore` under `folder`, which is made with the first object."""

    def __init__(self, folder: Path, sealing: Sealing = Sealing.OFF, ioctl: Ioctl = kernel_ioctl) -> None:
        self.folder = folder
        self._incoming = folder / INCOMING
        self.sealing = sealing
        self._ioctl = ioctl

    def put(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """As in the port; raises ObjectAltered if other bytes lie under that name already.

        Raises NotSealed where sealing is required and refused, DiskFull or StoreRefused where the disk does not take
        it: then nothing is acknowledged.
        """
        path = self._path(sha256)
        with self._writing():
            if not path.exists():
                with self._received(path, sha256, source, size) as incoming, self._alone():
                    with suppress(FileExistsError):
                        os.link(incoming, path)
                    incoming.unlink()
            else:
                durable.fsync_folder(path.parent)  # whoever put it there may have died before its name was durable
            return self._read_back(sha256)

    def head(self, sha256: str, version: str = "") -> StoredObject:
        path = self._path(sha256)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise _missing(sha256) from None
        except OSError as error:
            raise not_read(f"The file {path}", error) from None
        return StoredObject(object_key(sha256), VERSION, sha256, size)

    def read(self, sha256: str, offset: int = 0, length: int | None = None, version: str = "") -> bytes:
        with self.reader(sha256, version) as reader:
            return reader.read(offset, reader.size if length is None else length)

    @contextmanager
    def reader(self, sha256: str, version: str = "") -> Iterator[RangeReader]:
        with ExitStack() as opened:
            try:
                reader = opened.enter_context(file_reader(self._path(sha256)))
            except FileNotFoundError:
                raise _missing(sha256) from None
            yield reader

    def hold(self, sha256: str, on: bool) -> None:
        """A file `<sha256>.hold` beside the object: whatever destroys objects must look for it."""
        mark = self._hold_mark(self.head(sha256).sha256)
        with self._writing():
            if on:
                self._put_mark(mark)
            else:
                mark.unlink(missing_ok=True)
                durable.fsync_folder(mark.parent)

    def held(self, sha256: str) -> bool:
        return self._hold_mark(self.head(sha256).sha256).exists()

    def extend(self, sha256: str, until: datetime) -> None:
        """Only makes sure that the object is there: how long it is kept, the database knows."""
        self.head(sha256)

    def destroy(self, sha256: str) -> None:
        path = self._path(sha256)
        try:
            held = self.held(sha256)
        except ObjectMissing:
            if path.parent.is_dir():  # an earlier attempt may have died before the name was gone from the disk
                durable.fsync_folder(path.parent)
            raise
        if held:
            raise ObjectLocked(f"Object {sha256} is under legal hold, so it was not destroyed: lift the hold first.")
        with self._alone():
            unseal(path, self._ioctl)
            path.unlink(missing_ok=True)
        durable.fsync_folder(path.parent)

    def versions(self, sha256: str) -> list[StoredObject]:
        try:
            return [self.head(sha256)]
        except ObjectMissing:
            return []

    def restore(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """What lies under the name moves to `quarantine/`; the name never stands for nothing meanwhile."""
        path = self._path(sha256)
        with self._writing():
            with self._received(path, sha256, source, size) as incoming, self._alone():
                aside = self._keep_aside(path) if os.path.lexists(path) else None
                incoming.replace(path)
            if aside is not None and aside.is_file() and not aside.is_symlink() and self.sealing is not Sealing.OFF:
                seal(aside, Sealing.AUTO, self._ioctl)
            return self._read_back(sha256)

    def items(self) -> Iterator[Item]:
        for folder, _, files in os.walk(self.folder):
            for name in files:
                path = Path(folder, name)
                place = path.relative_to(self.folder).as_posix()
                if named_by(place.removesuffix(HOLD)) and place.endswith(HOLD):
                    continue
                with suppress(FileNotFoundError):  # delivered or taken away meanwhile
                    written = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
                    yield Item(place, named_by(place), written)

    def sweep(self) -> None:
        """Removes what killed programs left of deliveries that were never acknowledged."""
        durable.sweep(self._incoming)

    def describe(self) -> str:
        """What a new file would get, tried on one of a moment's life."""
        if self.sealing is Sealing.OFF:
            return f"The folder {self.folder}: read-only files, which whoever owns the folder can still remove."
        try:
            got = self.try_sealing()
        except StorageError as error:
            return f"The folder {self.folder} takes no objects now: {error}"
        flag = f"not immutable ({got.no_flag})" if got.no_flag else "immutable until root undoes it (chattr +i)"
        verity = f"no fs-verity ({got.no_verity})" if got.no_verity else "fs-verity"
        return f"The folder {self.folder}: new files are read-only, {flag}, {verity}."

    def try_sealing(self) -> Seal:
        """What the folder's file system and our rights allow; raises NotSealed if that is less than required.

        Raises DiskFull or StoreRefused where the disk takes nothing.
        """
        with self._writing():
            probe = durable.make_folder(self._incoming) / f"probe.{secrets.token_hex(8)}"
            durable.write_new(probe, b"courtrec")
            try:
                return seal(probe, self.sealing, self._ioctl)
            finally:
                unseal(probe, self._ioctl)
                probe.unlink()

    @contextmanager
    def _received(self, path: Path, sha256: str, source: Source, size: int) -> Iterator[Path]:
        """The bytes in `incoming/`, checked and durable, to be given their name `path` in the block."""
        beside = durable.make_folder(self._incoming) / sha256
        with durable.temporary(beside, 0o444 if self.sealing is Sealing.OFF else 0o644) as (incoming, descriptor):
            copy_checked(source, sha256, size, lambda piece: durable.write_all(descriptor, piece))
            os.fsync(descriptor)
            durable.make_folder(path.parent)
            yield incoming
        durable.fsync_folder(path.parent)

    def _put_mark(self, mark: Path) -> None:
        """An empty file, durable; made in `incoming/`, where the sweep looks, for nobody walks through all folders."""
        if not mark.exists():
            with durable.temporary(durable.make_folder(self._incoming) / mark.name, 0o644) as (incoming, descriptor):
                os.fsync(descriptor)
                with suppress(FileExistsError):  # another process was faster
                    os.link(incoming, mark)
        durable.fsync_folder(mark.parent)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise not_written(f"The store's folder {self.folder}", error) from error

    def _read_back(self, sha256: str) -> StoredObject:
        """The object as it lies there, every byte hashed, then sealed; raises ObjectAltered."""
        if stored_state(self, sha256).sha256 != sha256:
            raise ObjectAltered(
                f"The file {self._path(sha256)} no longer holds the object it is named after: somebody changed it. "
                "Bring it back by courtrec fsck --repair, which keeps the changed file as evidence."
            )
        if self.sealing is not Sealing.OFF:
            with self._alone():
                seal(self._path(sha256), self.sealing, self._ioctl)
        return self.head(sha256)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread or process of all: a file that another has sealed can neither be named nor lose a name."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _keep_aside(self, path: Path) -> Path:
        """A second name for the file, `quarantine/<sha256>.<number>`; the first is about to be taken from it."""
        folder = durable.make_folder(self.folder / QUARANTINE)
        unseal(path, self._ioctl)
        for aside in (folder / f"{path.name}.{number}" for number in itertools.count(1)):
            with suppress(FileExistsError):
                os.link(path, aside, follow_symlinks=False)
                break
        durable.fsync_folder(folder)
        return aside

    def _path(self, sha256: str) -> Path:
        return self.folder / object_key(sha256)

    def _hold_mark(self, sha256: str) -> Path:
        return self._path(sha256).with_suffix(HOLD)


def _missing(sha256: str) -> ObjectMissing:
    return ObjectMissing(f"The store holds no object {sha256}.")
