"""A folder on a disk whose power is cut before any step of a program.

POSIX keeps a file's bytes as of its last fsync and a folder's names as of the folder's last fsync; all else may be
lost, or may not. SQLite promises that what COMMIT returned from is on the disk, with its name, if `synchronous` is
FULL (https://sqlite.org/pragma.html#pragma_synchronous); so its files are taken as they are after each COMMIT, and
only if it was FULL. What torn files do to it, tests/crash/test_torn_sqlite.py tries.
"""

import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulators.steps import PowerCut, Steps

_RANDOM = re.compile(r"\.[0-9a-f]{16}$")
SHARED_MEMORY = "-shm"
"""How SQLite's index of the write-ahead log ends: memory, which no power cut survives."""


@dataclass(frozen=True, slots=True)
class _Content:
    content: bytes
    mode: int


class Disk(Steps):
    """Remembers what was synced; at the stop it copies what may be left into `leave`, see `copy_all`.

    Everything below `folder` counts as synced when it is made.
    """

    def __init__(self, folder: Path, limit: int, leave: Path) -> None:
        super().__init__(folder, limit, self.copy_all)
        self._leave = leave
        self._files: dict[int, _Content] = {}
        self._names: dict[Path, dict[str, int]] = {}
        self._folders: set[int] = set()  # a folder that was removed since may still stand on the disk
        self._held: list[int] = []
        for place, _, files in os.walk(self.folder):
            self._sync_names(Path(place))
            for name in files:
                self._sync_file(Path(place, name))

    def close(self) -> None:
        for descriptor in self._held:
            os.close(descriptor)
        self._held.clear()

    def copy_all(self) -> None:
        self.copy_everything(self._leave / "killed")
        self.copy_synced(self._leave / "synced")
        self.copy_names(self._leave / "names")

    def copy_everything(self, target: Path) -> None:
        """As the next process finds it after a kill: the kernel lives, and with it all that was written."""
        shutil.copytree(self.folder, target, copy_function=_copy_if_there, symlinks=True)

    def copy_synced(self, target: Path) -> None:
        """What every disk has after a power cut: the least."""
        self._copy(Path(), target, lambda place: self._names.get(place, {}))

    def copy_names(self, target: Path) -> None:
        """Names that went to the disk by themselves, before the bytes they stand for: files empty, or old."""
        self._copy(Path(), target, lambda place: _listed(self.folder / place))

    def _synced(self, path: Path, descriptor: int) -> None:
        if path.is_dir():
            self._sync_names(path)
        else:
            self._sync_file(Path(f"/proc/self/fd/{descriptor}"))

    def _committed(self, file: Path) -> None:
        for path in (file, file.with_name(file.name + "-wal")):
            if path.exists() and path.is_relative_to(self.folder):
                self._sync_file(path)
                names = self._names.setdefault(path.parent.relative_to(self.folder), {})
                names[path.name] = path.stat().st_ino

    def _sync_names(self, path: Path) -> None:
        if path.is_relative_to(self.folder):
            self._names[path.relative_to(self.folder)] = _listed(path)
            for one in os.scandir(path):
                if one.is_dir(follow_symlinks=False) and one.inode() not in self._folders:
                    self._folders.add(one.inode())
                    self._held.append(os.open(one.path, os.O_RDONLY))  # as below: its number stays its own

    def _sync_file(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)  # held open: the inode's number is given to no other file
        self._held.append(descriptor)
        found = os.fstat(descriptor)
        self._files[found.st_ino] = _Content(os.pread(descriptor, found.st_size, 0), found.st_mode & 0o7777)

    def _copy(self, place: Path, target: Path, names: Callable[[Path], dict[str, int]]) -> None:
        target.mkdir()
        for name, inode in names(place).items():
            if name.endswith(SHARED_MEMORY):
                continue
            if inode in self._folders or (self.folder / place / name).is_dir():
                self._copy(place / name, target / name, names)
                continue
            kept = self._files.get(inode, _Content(b"", 0o600))
            (target / name).write_bytes(kept.content)
            (target / name).chmod(kept.mode)


@dataclass(frozen=True, slots=True)
class Survivor:
    """What is left in `home`, `how` it came to that, and what the program had been told was done before.

    `killed`: the kernel lived on.
    """

    home: Path
    how: str
    acknowledged: list[Any] = field(default_factory=list)
    killed: bool = False


Deed = Callable[[Path, list[Any]], None]
"""Does something in a home and appends to the list what it was told is done; done again it must come to the same."""


def every_death(folder: Path, deed: Deed, prepare: Callable[[Path], object] = Path.mkdir) -> Iterator[Survivor]:
    """Whatever is left of `deed` when it is stopped before its first step, its second, … and after its last.

    Of each stop: killed, cut off with the least the disk must have, cut off with names but not bytes; and killed, done
    again, and cut off then, for what was acknowledged the second time must not rest on what the first only began. What
    looks like one before is left out.
    """
    seen: set[tuple[str, str, bool]] = set()
    for number in itertools.count():
        work = folder / str(number)
        work.mkdir(parents=True)
        home, done = work / "home", list[Any]()
        prepare(home)
        disk = Disk(home, number, work)
        with disk.watched(), suppress(PowerCut):
            deed(home, done)
        ended = not disk.stopped
        if ended:
            disk.copy_all()
        disk.limit, disk.stopped, again = None, False, list[Any]()
        where = f"before step {number}, after {disk.steps[-3:]}"
        with disk.watched():
            deed(home, again)
        disk.copy_synced(work / "again")
        disk.close()
        for left in (
            Survivor(work / "killed", f"killed {where}", done, killed=True),
            Survivor(work / "synced", f"cut off {where}", done),
            Survivor(work / "names", f"cut off, names first, {where}", done),
            Survivor(work / "again", f"killed {where}, done again, cut off", again),
        ):
            looks = (_fingerprint(left.home), str(left.acknowledged))
            if not seen & {(*looks, True), (*looks, left.killed)}:
                seen.add((*looks, left.killed))
                yield left
        shutil.rmtree(work)
        if ended:
            return


def _fingerprint(home: Path) -> str:
    """Of names and contents; the random end of temporary names does not count."""
    digest = hashlib.sha256()
    for path in sorted(home.rglob("*")):
        digest.update(_RANDOM.sub("", str(path.relative_to(home))).encode() + b"\0")
        if path.is_file() and not path.name.endswith(SHARED_MEMORY):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _listed(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as found:
        return {one.name: one.inode() for one in found}


def _copy_if_there(source: str, target: str) -> None:
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)
