"""Nodes that are enrolled, and courts from before there was a register of them."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.nodes import make_code
from recorder.settings import NodeSettings
from storage.db.unit_of_work import Database
from storage.worm.local import LocalStore
from tests.factories.hearing_log import NODE, made_hearing
from tests.factories.server import Server, SetClock, court_context


def code_for(server: Server, room: str = "Зал 1", minutes: int = 60) -> str:
    return make_code(server.context, room, "clerk", minutes)[0]


def shown(server: Server, node: NodeSettings) -> TestClient:
    """A client that shows the node's own token."""
    client = server.client()
    client.headers["Authorization"] = f"Bearer {node.read_token()}"
    return client


def before(database: Database, folder: Path) -> Server:
    """A court without any node."""
    clock = SetClock()
    context = court_context(database, folder, clock)
    return Server(context, clock, LocalStore(folder / "objects"), create_app(context))


def receive_from_anybody(server: Server, patch: pytest.MonkeyPatch) -> None:
    """As the server was when a key became known by its first use."""
    patch.setattr("api.ingest.admitted", lambda *_: None)
    with server.context.database.begin() as uow:
        uow.log.enrol_key(NODE.key_id, NODE.public, "node")
    server.receive(made_hearing())
