"""Programs of their own, for what libav in this process cannot open.

They cannot hang or crash the recorder, nor outlive it.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, cast

from hardware.errors import DeviceUnusable

_GRACE_SECONDS = 1.0
_MOST_WORDS = 1 << 12  # bytes kept of what a program says; only its last line is ever told
_ERASE = "\x1b[K"
_starter = ThreadPoolExecutor(1, "children")
"""A child dies with the thread that started it (PR_SET_PDEATHSIG); this one lives as long as the process."""


class Child:
    """A running program: what it writes to its standard output is read here, of its complaints the last line is kept.

    It has a process group of its own, which is killed as a whole, and is always waited for.
    """

    def __init__(self, command: Sequence[str], chatter: str = "", pass_fds: Sequence[int] = ()) -> None:
        """`chatter` begins lines of its standard error that are no complaints; the descriptors `pass_fds` stay open in
        the program. Raises DeviceUnusable if it is not there."""
        try:
            self._process = _starter.submit(_start, command, pass_fds).result()
        except (OSError, RuntimeError) as error:  # no setpriv; or this process is just ending
            raise DeviceUnusable(f"The program {command[0]} cannot be started ({error}): install it.") from None
        self._pipes = [cast(IO[bytes], pipe) for pipe in (self._process.stdout, self._process.stderr)]
        self._output, self._complaints = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._complaints, False)
        self._words = b""
        self._chatter = chatter
        self._leaving = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._selector.register(self._complaints, selectors.EVENT_READ)

    def read(self, size: int, timeout: float | None) -> bytes:
        """What it gives next, at most `size` bytes, b"" when it has ended; None waits for as long as it takes.

        Raises TimeoutError if it gave nothing for `timeout` seconds.
        """
        if self._pipes[0].closed:
            return b""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = {key.fd for key, _ in self._selector.select(left)}
            if self._complaints in ready and not self._listen():
                self._selector.unregister(self._complaints)
            if self._output in ready:
                given = os.read(self._output, size)
                self._leaving = not given
                return given
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError

    def said(self, words: bytes) -> bool:
        """Whether it said that of late, on its standard error; known from `read`."""
        return words in self._words

    def interrupt(self) -> None:
        """From any thread: whoever reads finds that it has ended."""
        self._process.kill()

    def finish(self) -> int:
        """Waits until it has ended by itself and gives its exit status; what it writes meanwhile is thrown away."""
        while self.read(_MOST_WORDS, None):
            pass
        return self._process.wait()

    def end(self) -> str:
        """Ends it, if it still runs; the last line of its complaints, if there is any. May be called again."""
        if self._pipes[0].closed:
            return self._last_line()
        if self._leaving:  # it closed its output and may have a last word
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        while self._listen():
            pass
        self._selector.close()
        for pipe in self._pipes:
            pipe.close()
        return self._last_line()

    def _listen(self) -> bool:
        """Takes what it complains of now; whether there may be more."""
        try:
            words = os.read(self._complaints, _MOST_WORDS)
        except BlockingIOError:
            return False
        self._words = (self._words + words)[-_MOST_WORDS:]
        return bool(words)

    def _last_line(self) -> str:
        words = self._words.decode(errors="replace").replace(_ERASE, "")
        lines = [line.strip() for line in words.splitlines()]
        told = (line for line in reversed(lines) if line and not (self._chatter and line.startswith(self._chatter)))
        return next(told, "").rstrip(".")


def _start(command: Sequence[str], pass_fds: Sequence[int]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["setpriv", "--pdeathsig=KILL", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
        pass_fds=pass_fds,
    )
