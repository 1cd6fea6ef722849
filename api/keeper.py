"""A child process that is kept running for the length of a block, and ends with the process that started it."""

import os
import signal
import socket
import subprocess
import threading
import time

from api.errors import ServerError
from court.exit_codes import UNUSABLE_INPUT

START_SECONDS = 60
_LOOK_EVERY = 0.05


def end_with_stdin() -> None:
    """In the child: a parent that was killed takes its end of the pipe with it, and nobody could reach or stop this
    process any more."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class Keeper:
    """Keeps the process `name` running until told to stop; gives up when it finds its input unusable."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._stopping = threading.Event()
        self._process = self._launch()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self._thread.start()

    def wait_until_listening(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._thread.is_alive():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(_LOOK_EVERY)
        raise ServerError(f"The {self._thread.name} did not start: see its message above.")

    def stop(self) -> None:
        self._stopping.set()
        while self._thread.is_alive():  # it may just have been started again
            self._process.terminate()
            self._thread.join(timeout=1)

    def _launch(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, env=self._environment, stdin=subprocess.PIPE)

    def _keep(self) -> None:
        while True:
            code = self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            if code == UNUSABLE_INPUT or self._stopping.wait(timeout=1):
                return
            self._process = self._launch()
