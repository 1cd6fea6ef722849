"""What a program asks of the kernel inside one folder, step by step, and its end before any of them.

SQLite writes past Python, so a step of it is a COMMIT.
"""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class PowerCut(BaseException):
    """The machine is off: no code of ours runs any more."""


def kill_this_process() -> None:
    """No handler and no `finally` runs."""
    os.kill(os.getpid(), signal.SIGKILL)


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


def _path_of(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()
