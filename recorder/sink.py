"""A segment's file while it is written: bytes are only ever appended, and hashed as they pass."""

import contextlib
import hashlib
from pathlib import Path

from storage.durable import AppendFile


class Sink:
    """What the muxer writes into. After `sync` everything written so far survives a power cut."""

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError if `path` exists: what was recorded is never written over."""
        self.path = path
        self.size = 0
        self._file = AppendFile(path)
        self._hash = hashlib.sha256()
        self._synced = 0
        self._abandoned = False

    def write(self, data: bytes) -> int:
        if self._abandoned:
            return len(data)
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def sync(self) -> None:
        """Costs nothing if nothing was written since the last time."""
        if self._synced < self.size and not self._abandoned:
            self._file.sync()
            self._synced = self.size

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        """Closes the file; from here on everything written is dropped."""
        self._abandoned = True
        with contextlib.suppress(OSError):  # it is the disk, most likely, that made us give up
            self._file.close()

    @property
    def sha256(self) -> str:
        """Of everything written so far, hex."""
        return self._hash.hexdigest()
