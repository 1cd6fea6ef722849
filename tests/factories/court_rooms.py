"""A court-room with two capture nodes, each a process of its own, and the server that leads them."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.testclient import TestClient

from api.app import create_app
from api.follower import following
from api.node_client import NodeClient
from api.nodes import enrol_own
from court.people import UserRole
from hardware.clock import SystemClock
from storage.db.models import Hearing
from storage.db.unit_of_work import Database
from storage.enrolment import node_token
from storage.keys import load_or_create
from storage.ledger.ed25519 import SigningKey
from tests.factories.command_line import COMMAND, ROOT
from tests.factories.server import NODE_TOKEN, Server, make_server
from tests.factories.waiting import until
from tests.services.processes import free_port

HTML = {"Accept": "text/html"}


@contextmanager
def served(app: Any, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class NodeProcess:
    """`courtrec node run` on a home of its own; it ends with its standard input, so with the test."""

    name: str
    home: Path
    room: Path
    server_url: str
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @cached_property
    def key(self) -> SigningKey:
        folder = self.home / "keys"
        folder.mkdir(parents=True, exist_ok=True)
        return load_or_create(folder / "node.ed25519")

    @property
    def token(self) -> str:
        return node_token(NODE_TOKEN, self.key.key_id)

    def start(self) -> None:
        keys = self.home / "keys"
        (keys / "node.token").write_text(self.token, encoding="utf-8")
        own = {
            "HOME": str(self.home), "NAME": self.name, "SERVER_URL": self.server_url, "PORT": str(self.port),
            "ENDS_WITH_STDIN": "1", "PLANNED_HOURS": "0", "SOUND_MINUTES": "0",
        }  # fmt: skip
        self.process = subprocess.Popen(
            [*COMMAND, "node", "run", "--room", str(self.room)], cwd=ROOT, stdin=subprocess.PIPE,
            env={**os.environ, **{f"COURTREC_NODE_{key}": value for key, value in own.items()}},
        )  # fmt: skip
        until(self.answers)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the node {self.name} ended"
        try:
            return bool(self.status())
        except httpx.HTTPError:
            return False

    def status(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"http://127.0.0.1:{self.port}/status", headers=headers, timeout=30)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def seconds(self) -> float:
        return float(self.status()["seconds"])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


@dataclass
class CourtRoom:
    server: Server
    first: NodeProcess
    spare: NodeProcess
    secretary: TestClient

    def start(self, case: str = "1/26") -> str:
        answer = self.secretary.post("/hearings", data={"case_number": case})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).split("/")[2]

    def press(self, hearing: str, step: str, **form: str) -> str:
        answer = self.secretary.post(f"/hearings/{hearing}/{step}", data=form)
        assert answer.status_code == 200, answer.text
        return answer.text

    def console(self, hearing: str) -> str:
        return self.secretary.get(f"/hearings/{hearing}/node").text

    def row(self, hearing: str) -> Hearing | None:
        with self.server.context.database.read() as work:
            return work.hearings.get(hearing)

    def until_known(self, hearing: str, holds: Callable[[Hearing], bool] = lambda _: True) -> Hearing:
        """The hearing's row once it is there and `holds`."""
        until(lambda: (row := self.row(hearing)) is not None and holds(row), lambda: vars(self.row(hearing) or object))
        found = self.row(hearing)
        assert found is not None
        return found


@contextmanager
def court_room(database: Database, folder: Path, rooms: tuple[Path, Path]) -> Iterator[CourtRoom]:
    """Both nodes run and nothing is recorded yet; `rooms` are the room files of the first and of the spare."""
    home = folder / "server"
    home.mkdir()
    made = make_server(database, home)
    port = free_port()
    nodes = [
        NodeProcess(name, folder / name, room, f"http://127.0.0.1:{port}")
        for name, room in zip(("first", "spare"), rooms, strict=True)
    ]
    clients = [NodeClient(f"http://127.0.0.1:{node.port}", node.token) for node in nodes]
    context = replace(made.context, clock=SystemClock(), node=clients[0], spare=clients[1])
    server = Server(context, made.clock, made.store, create_app(context))
    with ExitStack() as running:
        running.enter_context(served(server.app, port))
        for node in nodes:
            enrol_own(context, node.key.public)
            running.callback(node.end)
            node.start()
        assert context.nodes is not None
        running.callback(context.nodes.close)
        running.enter_context(following(context, context.nodes))
        secretary = server.user(UserRole.SECRETARY)
        secretary.headers.update(HTML)
        page = secretary.get("/").text
        secretary.headers["X-CSRF-Token"] = page.split('name="csrf" value="')[1].split('"')[0]
        yield CourtRoom(server, nodes[0], nodes[1], secretary)
