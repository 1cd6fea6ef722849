"""A folder on a disk whose power can be cut at every step.

`Steps` watches what a program asks of the kernel inside one folder and ends the program before step number `limit`.
`Disk` also remembers what was synced and tells what the disk may hold then: POSIX keeps a file's bytes as of its last
fsync and a folder's names as of the folder's last fsync; all else may be lost, or may not.

SQLite writes past Python. It promises that what COMMIT returned from is on the disk, with its name, if `synchronous`
is FULL (https://sqlite.org/pragma.html#pragma_synchronous); so its files are taken as they are after each COMMIT, and
only if it was FULL. What a torn file does to it, the modules test_sqlite_*.py try.
"""

import hashlib
import itertools
import os
import re
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_RANDOM = re.compile(r"\.[0-9a-f]{16}$")
SHARED_MEMORY = "-shm"
"""How SQLite's index of the write-ahead log ends: memory, which no power cut survives."""


class PowerCut(BaseException):
    """The machine is off: no code of ours runs any more."""


def kill_this_process() -> None:
    """No handler and no `finally` runs."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class _Content:
    content: bytes
    mode: int


class Steps:
    """Counts what a program asks of the kernel below `folder`; `at_stop` is called before step number `limit`.

    `steps` are the ones that were taken, for people. After the stop every further step raises PowerCut, so that what
    tidies up changes nothing.
    """

    def __init__(self, folder: Path, limit: int | None = None, at_stop: Callable[[], None] = kill_this_process) -> None:
        self.folder = folder.resolve()
        self.limit = limit
        self.steps: list[str] = []
        self.stopped = False
        self._at_stop = at_stop

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What the block asks of the kernel is counted, and at `limit` refused."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("link", "rename", "replace"):
                patch.setattr(os, name, self._of_target(name, getattr(os, name)))
            for name in ("unlink", "mkdir", "rmdir"):
                patch.setattr(os, name, self._of_path(name, getattr(os, name)))
            patch.setattr(os, "open", self._open(os.open))
            patch.setattr(os, "write", self._write(os.write))
            patch.setattr(os, "fsync", self._fsync(os.fsync))
            connect = self._connect(sqlite3.connect)
            patch.setattr(sqlite3, "connect", connect)
            patch.setattr(sqlite3.dbapi2, "connect", connect)
            yield

    def step(self, what: str) -> None:
        """A step that the program itself tells of."""
        self._step(self.folder, what)

    def _step(self, path: Path, what: str) -> None:
        if not path.is_relative_to(self.folder):
            return
        if self.stopped:
            raise PowerCut
        if len(self.steps) == self.limit:
            self.stopped = True
            self._at_stop()
            raise PowerCut
        self.steps.append(f"{what} {path.relative_to(self.folder)}")

    def _lost(self, path: Path) -> bool:
        return self.stopped and path.is_relative_to(self.folder)

    def _of_target(self, what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(source: Any, target: Any, **options: Any) -> Any:
            self._step(Path(target), what)
            return real(source, target, **options)

        return watched

    def _of_path(self, what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def watched(path: Any, *more: Any, **options: Any) -> Any:
            self._step(Path(path), what)
            return real(path, *more, **options)

        return watched

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def watched(path: Any, flags: int, *more: Any, **options: Any) -> int:
            if flags & os.O_CREAT and not Path(path).exists():
                self._step(Path(path), "create")
            return real(path, flags, *more, **options)

        return watched

    def _write(self, real: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        """No step of its own: what half a write leaves is what a file holds before its fsync. Nor may it raise: libav
        calls it, and would go on."""
        return lambda descriptor, data: len(data) if self._lost(_path_of(descriptor)) else real(descriptor, data)

    def _fsync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def watched(descriptor: int) -> None:
            path = _path_of(descriptor)
            self._step(path, "fsync")
            real(descriptor)
            self._synced(path, descriptor)

        return watched

    def _connect(self, real: Callable[..., Any]) -> Callable[..., Any]:
        disk = self

        class Watched(sqlite3.Connection):
            def commit(self) -> None:
                if self.in_transaction:
                    self._then_synced("commit", super().commit)

            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                if sql != "COMMIT":
                    return super().execute(sql, *values)
                return self._then_synced("commit", lambda: super(Watched, self).execute(sql))

            def executescript(self, sql: str) -> sqlite3.Cursor:
                return self._then_synced("script", lambda: super(Watched, self).executescript(sql))

            def close(self) -> None:
                """The last one out writes everything into the file itself, syncs it and removes the log."""
                [(_, _, file)] = super().execute("PRAGMA database_list").fetchall()
                full = super().execute("PRAGMA synchronous").fetchone() == (2,)
                super().close()
                if full:
                    disk._committed(Path(file))

            def _then_synced(self, what: str, deed: Callable[[], Any]) -> Any:
                [(_, _, file)] = super().execute("PRAGMA database_list").fetchall()
                disk._step(Path(file), what)
                result = deed()
                if super().execute("PRAGMA synchronous").fetchone() == (2,):
                    disk._committed(Path(file))
                return result

        return lambda *where, **options: real(*where, **options, factory=Watched)

    def _synced(self, path: Path, descriptor: int) -> None:
        """The file's bytes are on the disk, or the folder's names."""

    def _committed(self, file: Path) -> None:
        """SQLite has returned from a commit."""


class Disk(Steps):
    """Remembers what was synced; at the stop it copies what may be left into `leave`, see `copy_all`.

    Everything below `folder` counts as synced when it is made.
    """

    def __init__(self, folder: Path, limit: int, leave: Path) -> None:
        super().__init__(folder, limit, self.copy_all)
        self._leave = leave
        self._files: dict[int, _Content] = {}
        self._names: dict[Path, dict[str, int]] = {}
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
            if (self.folder / place / name).is_dir():
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


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _listed(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as found:
        return {one.name: one.inode() for one in found}


def _copy_if_there(source: str, target: str) -> None:
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)
