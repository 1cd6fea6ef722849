"""Files that survive a power cut: what these functions return from is on the disk, under its name.

POSIX promises neither for a plain write: bytes need fsync of the file, names need fsync of the folder.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from storage.regular import open_regular

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{16}")


def fsync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle_names(folder: Path) -> None:
    """`fsync_folder`, for names that stand in it already and are about to be relied on: whoever gave them may not have
    come to it yet, or have died before. A folder that we may not even read, others answer for."""
    with suppress(PermissionError):
        fsync_folder(folder)


def make_folder(folder: Path) -> Path:
    """Creates `folder` and its parents where they are missing; durable in any case. Returns `folder`."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        fsync_folder(folder.parent)
    else:
        _settle_names(folder.parent)
    return folder


def write_all(descriptor: int, data: bytes) -> None:
    """os.write until every byte is taken; it may take fewer than it is given."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def write_new(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Creates `path` with exactly `data`, whole or not at all; raises FileExistsError if it exists."""
    with new_file(path, mode) as file:
        file.write(data)


def write_once(path: Path, make: Callable[[], bytes], mode: int = 0o644) -> None:
    """Makes sure that `path` stands, durable, with its folder: new with what `make` returns, or as it was."""
    make_folder(path.parent)
    if not path.exists():
        with suppress(FileExistsError):  # another process was faster
            write_new(path, make(), mode)
    _settle_names(path.parent)


@contextmanager
def new_file(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """A file that stands under `path`, whole and durable, once the block has ended; if that raises, there is none.

    Raises FileExistsError if `path` exists.
    """
    with _beside(path, mode) as (temporary, file):
        yield file
        _sync(file)
        os.link(temporary, path)
    fsync_folder(path.parent)


def replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Puts `data` in the place of `path`: a power cut leaves the old content or the new, never a mixture."""
    with _beside(path, mode) as (temporary, file):
        file.write(data)
        _sync(file)
        temporary.replace(path)
    fsync_folder(path.parent)


@contextmanager
def _beside(path: Path, mode: int) -> Iterator[tuple[Path, BinaryIO]]:
    """A temporary file in the folder of `path`, gone at the end unless it was renamed."""
    with temporary(path, mode) as (beside, descriptor), os.fdopen(descriptor, "wb", closefd=False) as file:
        yield beside, file


@contextmanager
def temporary(path: Path, mode: int) -> Iterator[tuple[Path, int]]:
    """A new file `.<name>.<16 hex digits>` beside `path` and a descriptor to write it by; gone at the end of the block
    unless it was renamed. What a killed program leaves of it, `sweep` removes."""
    beside, descriptor = _claimed(path, mode)
    try:
        os.fchmod(descriptor, mode)
        yield beside, descriptor
    finally:
        os.close(descriptor)
        beside.unlink(missing_ok=True)


def _claimed(path: Path, mode: int) -> tuple[Path, int]:
    """A temporary file that is locked as long as the descriptor is open: by that `sweep` knows that somebody lives."""
    while True:
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return beside, descriptor
        os.close(descriptor)  # swept between the two lines above


def sweep(folder: Path) -> None:
    """Removes from `folder`, not from below it, the temporary files that no living program has; nothing rests on it.

    What may not be removed, because it is sealed or another's, stays.
    """
    with suppress(OSError):
        for path in [one for one in folder.iterdir() if _TEMPORARY.fullmatch(one.name)]:
            with suppress(OSError):
                _remove_unclaimed(path)


def _remove_unclaimed(path: Path) -> None:
    descriptor = open_regular(path, follow=False)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    finally:
        os.close(descriptor)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


class AppendFile:
    """A new file that only grows. Bytes are safe once `sync` has returned, not before."""

    def __init__(self, path: Path, mode: int = 0o644) -> None:
        """Raises FileExistsError if `path` exists: what was recorded is never written over."""
        self.path = path
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, mode)
        fsync_folder(path.parent)

    def write(self, data: bytes) -> None:
        write_all(self._descriptor, data)

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Syncs and closes; closing twice is harmless."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def sole_holder(path: Path) -> Iterator[bool]:
    """Whether this program alone holds the lock file `path` during the block; the system frees it whatever happens."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        alone = False
    else:
        alone = True
    try:
        yield alone
    finally:
        os.close(descriptor)
