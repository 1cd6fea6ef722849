"""A capture node as a child process of the one-machine installation.

It is a process of its own so that nothing the server does can stop a recording, and it is started again whenever it
ends: it takes an open hearing up where its spool says. It ends with the process that started it, however that ends,
so that the next one finds the spool free.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.errors import ServerError
from court.exit_codes import UNUSABLE_INPUT

START_SECONDS = 60
_LOOK_EVERY = 0.05


@contextmanager
def child_node(home: Path, room: Path, server_url: str, port: int) -> Iterator[None]:
    """Keeps a node recording `room` and listening on loopback `port` for the length of the block.

    Raises ServerError when it cannot start; what is wrong it has said itself.
    """
    keeper = _Keeper(
        [sys.executable, "-m", "api.cli", "node", "run", "--room", str(room)],
        {
            **os.environ,
            "COURTREC_NODE_HOME": str(home),
            "COURTREC_NODE_SERVER_URL": server_url,
            "COURTREC_NODE_PORT": str(port),
            "COURTREC_NODE_ENDS_WITH_STDIN": "1",
        },
    )
    try:
        keeper.wait_until_listening(port)
        yield
    finally:
        keeper.stop()


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Keeper:
    """Keeps one process running until told to stop; gives up when it finds its input unusable."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._stopping = threading.Event()
        self._process = self._launch()
        self._thread = threading.Thread(target=self._keep, name="node-keeper", daemon=True)
        self._thread.start()

    def wait_until_listening(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._thread.is_alive():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(_LOOK_EVERY)
        raise ServerError("The capture node did not start: see its message above.")

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
