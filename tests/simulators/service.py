"""`courtrec node run` in a process of its own, kept as systemd keeps deploy/systemd/courtrec-node.service.

Restart=always, RestartSec=, Type=notify and WatchdogSec= with WatchdogSignal=SIGKILL; nothing else happens to it here.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from court.room import Room
from recorder.rooms import room_text
from recorder.settings import NodeSettings
from storage.keys import private_bytes
from tests.factories.command_line import ROOT
from tests.factories.recordings import KEY
from tests.factories.waiting import until
from tests.services.processes import free_port

RESTART_SECONDS = 0.2
WATCHDOG_SECONDS = 5.0
PLAIN = ("-m", "api.cli")
FAULTY = ("-m", "tests.simulators.faulty_node")
"""The same program with faults that can be switched on."""


@dataclass
class NodeService:
    """`said` is everything that was notified, in order; `starts` counts how often the process was started. Its socket
    and journal lie in `notify`."""

    home: Path
    notify: Path
    port: int
    program: Sequence[str] = PLAIN
    environment: Mapping[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    starts: int = 0
    watchdog_bites: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (self.notify / "notify").unlink(missing_ok=True)
        self._socket.bind(str(self.notify / "notify"))
        self._socket.settimeout(0.1)
        self._stopping = threading.Event()
        self._fed = 0.0
        self._log = (self.notify / "journal").open("ab")
        headers = {"Authorization": "Bearer token"}
        self._page = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=30)
        self._start()
        self._threads = [threading.Thread(target=one) for one in (self._keep, self._listen)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def journal(self) -> str:
        return (self.notify / "journal").read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ask(self, step: str, **fields: object) -> dict[str, Any]:
        """A step of the secretary's page, tried again while the node is down or not ready for it."""
        answer: dict[str, Any] = {}

        def answered() -> bool:
            with suppress(httpx.TransportError):
                response = self._page.post(f"/{step}", json=fields) if step != "status" else self._page.get("/status")
                answer.update(response.json())
                return response.is_success
            return False

        until(answered, lambda: f"{answer} {self.journal}")
        return answer

    def status(self) -> dict[str, Any]:
        return self.ask("status")

    def record(self, seconds: float) -> None:
        """Waits until so much more of the hearing's time has passed and is decided."""
        target = self.status()["seconds"] + seconds
        until(lambda: self.status()["seconds"] >= target, self.status)

    def restarted(self, before: int) -> None:
        """Waits until a process after number `before` is ready."""
        until(lambda: self.starts > before and self.said.count("READY=1") >= self.starts, lambda: self.journal)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            self._process.terminate()
            thread.join()
        self._page.close()
        self._socket.close()
        self._log.close()

    def _start(self) -> None:
        self._fed = 0.0
        self.starts += 1
        settings = {"HOME": str(self.home), "PORT": str(self.port), "PLANNED_HOURS": "0", "SOUND_MINUTES": "0"}
        self._process = subprocess.Popen(
            [sys.executable, *self.program, "node", "run", "--room", str(self.home / "room.toml")],
            cwd=ROOT,
            env={
                **os.environ,
                **{f"COURTREC_NODE_{name}": value for name, value in settings.items()},
                "NOTIFY_SOCKET": str(self.notify / "notify"),
                "WATCHDOG_USEC": str(round(WATCHDOG_SECONDS * 1e6)),
                **self.environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._stopping.wait(RESTART_SECONDS):
                return
            self._start()

    def _listen(self) -> None:
        while not (self._stopping.is_set() and self._process.poll() is not None):
            with suppress(TimeoutError):
                states = self._socket.recv(4096).decode().split("\n")
                self.said.extend(states)
                if "READY=1" in states or "WATCHDOG=1" in states:
                    self._fed = time.monotonic()
            if self._fed and time.monotonic() > self._fed + WATCHDOG_SECONDS:
                self.watchdog_bites += 1
                self._fed = 0.0
                self._process.kill()


@contextmanager
def node_service(
    home: Path, room: Room, program: Sequence[str] = PLAIN, notify: Path | None = None, **environment: str
) -> Iterator[NodeService]:
    """Ready when the block begins. `home` may be that of an earlier one."""
    settings = NodeSettings(home=home)
    settings.key_file.parent.mkdir(parents=True, exist_ok=True)
    (home / "keys" / "node.token").write_text("token")
    settings.key_file.write_bytes(private_bytes(KEY))
    settings.key_file.chmod(0o600)
    (home / "room.toml").write_text(room_text(room))
    os.sync()  # the power of its disk may be cut
    service = NodeService(home, notify or home, free_port(), program, environment)
    try:
        service.restarted(0)
        yield service
    finally:
        service.stop()
