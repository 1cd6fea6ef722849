"""A server with a hearing for its pages, browsers before them, and a recording node that stands in for a real one."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.app import create_app
from api.errors import Conflict
from api.node_client import Asked
from court.people import UserRole
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server, make_server

HTML = {"Accept": "text/html"}
NEW = HEARING[:-1] + "7"
"""The hearing that the node begins."""


class FakeNode:
    """A recording node that does what it is told and remembers it."""

    url = "http://127.0.0.1:9"

    def __init__(self) -> None:
        self.hearing: str | None = None
        self.state: str | None = None
        self.told: list[Any] = []

    def status(self) -> dict[str, Any]:
        return {
            "node": "node-1",
            "room": "Зал № 1",
            "hearing": self.hearing,
            "state": self.state,
            "seconds": 12.0,
            "tracks": [{"track": "mic-judge", "role": "judge", "kind": "audio"}],
            "unsent": {"count": 0, "bytes": 0, "oldest_seconds": 0},
            "message": "",
        }

    def start(self, card: dict[str, Any], _key: str, _by: str) -> str:
        if self.state in ("recording", "paused"):
            raise Conflict("The recording node cannot do this now.")
        self.told.append(card)
        self.hearing, self.state = NEW, "recording"
        return NEW

    def pause(self, _asked: Asked) -> dict[str, Any]:
        if self.state == "ended":
            raise Conflict("A hearing that is 'ended' cannot become 'paused'.")
        self.told.append("pause")
        self.state = "paused"
        return self.status()

    def stop(self, _asked: Asked) -> dict[str, Any]:
        self.told.append("stop")
        self.state = "ended"
        return self.status()

    def note(self, template: str, text: str, _key: str, _asked: Asked) -> float:
        self.told.append((template, text))
        return 3.5


def with_hearing(database: Database, folder: Path) -> Server:
    """It has two lines of text."""
    made = make_server(database, folder)
    made.receive(made_hearing())
    made.transcribe([utterance(0, 2_000, "Суд идёт"), utterance(1, 75_000, "Прошу приобщить")])
    return made


def with_node(server: Server) -> FakeNode:
    """Attaches one."""
    fake = FakeNode()
    server.context = dataclasses.replace(server.context, node=fake)  # type: ignore[arg-type] # stands in for the client
    server.app = create_app(server.context)
    return fake


def browser(server: Server, role: UserRole | None, **more: Any) -> TestClient:
    made = server.client() if role is None else server.user(role, **more)
    made.headers.update(HTML)
    return made


def token(client: TestClient, address: str = "/") -> str:
    """The form token that stands in a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(address).text)
    assert found is not None
    return found[1]


def utterance(position: int, start_ms: int, text: str) -> Utterance:
    words = [
        {"text": word, "start_ms": start_ms + 500 * at, "end_ms": start_ms + 500 * (at + 1), "probability": 0.9}
        for at, word in enumerate(text.split())
    ]
    return Utterance(
        hearing_id=HEARING,
        sequence=position,
        track="mic-judge",
        role="judge",
        start_ms=start_ms,
        end_ms=start_ms + 1000,
        text=text,
        words=words,
        language="ru",
        flags=[],
        engine="test",
        model="test",
        parameters_key="ab" * 32,
        segment_sha256="00" * 32,
        position=position,
    )
