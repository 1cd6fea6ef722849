"""What has arrived of objects whose delivery was cut off: files that grow until they are whole. No evidence yet.

A part may be lost or damaged at any time: what comes out of it is hashed before it is stored, and the sender asks how
much is here before it goes on.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from storage.errors import not_written
from storage.ledger.bodies import is_hash

STALE_SECONDS = 7 * 24 * 3600.0
"""A part that nothing was added to for so long is given up; its delivery begins again."""


class Parts:
    """Parts in `folder`, each named by the SHA-256 its object will have. Safe for several processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def size(self, sha256: str) -> int:
        """How many bytes from the beginning are here; 0 if none."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return 0

    def write(self, sha256: str, offset: int, data: bytes) -> None:
        """Keeps `data` at `offset`, which may not lie beyond what is here. Raises DiskFull or StoreRefused.

        Two senders of the same bytes at once, of which one's connection is dead, do each other no harm.
        """
        path = self._path(sha256)
        try:
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                self.drop_stale(time.time())
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            try:
                rest = memoryview(data)
                while rest:
                    written = os.pwrite(descriptor, rest, offset)
                    rest, offset = rest[written:], offset + written
            finally:
                os.close(descriptor)
        except OSError as error:
            raise not_written(f"The server's folder {self.folder} of unfinished deliveries", error) from error

    @contextmanager
    def opened(self, sha256: str) -> Iterator[BinaryIO]:
        """The part to be read from its beginning."""
        with self._path(sha256).open("rb") as file:
            yield file

    def drop(self, sha256: str) -> None:
        self._path(sha256).unlink(missing_ok=True)

    def drop_stale(self, now: float) -> None:
        """Removes the parts to which nothing was added for STALE_SECONDS before `now` (UTC seconds since 1970)."""
        for path in self.folder.glob("*"):
            with suppress(FileNotFoundError):  # finished meanwhile
                if path.stat().st_mtime < now - STALE_SECONDS:
                    path.unlink()

    def _path(self, sha256: str) -> Path:
        if not is_hash(sha256):
            raise ValueError("an object is named by its SHA-256")
        return self.folder / sha256
