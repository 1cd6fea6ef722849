"""The server's side of the node's control interface, against a small stand-in on a real socket."""

import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from sse_starlette import EventSourceResponse

from api.app import create_app
from api.errors import Conflict, NodeUnreachable, Unusable
from api.node_client import Asked, NodeClient
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.factories.hearing_log import HEARING
from tests.factories.server import NODE_TOKEN, Server, make_server
from tests.factories.waiting import until

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
START_SECONDS = 20
ASKED = Asked("С. Асанова", HEARING, 1)


def stand_in() -> FastAPI:
    """A node that records one hearing, is never paused twice and sends three levels."""
    app = FastAPI()

    def check(request: Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {NODE_TOKEN}":
            raise HTTPException(401, "Unknown server.")

    @app.get("/status")
    def status(request: Request) -> dict[str, object]:
        check(request)
        return {"node": "node-1", "state": "recording"}

    @app.post("/start")
    def start(request: Request, card: dict[str, object]) -> dict[str, object]:
        check(request)
        if not card.get("case_number"):
            raise HTTPException(422, "The case number is empty.")
        return {"hearing": HEARING}

    @app.post("/pause")
    def pause() -> None:
        raise HTTPException(409, "A hearing that is 'ended' cannot become 'paused'.")

    @app.post("/note")
    def note(body: dict[str, object]) -> dict[str, float]:
        return {"at": float(len(str(body["text"])))}

    @app.post("/stop")
    def stop() -> None:
        raise HTTPException(507, "The disk is full.")

    @app.get("/levels")
    def levels(request: Request) -> EventSourceResponse:
        check(request)

        async def three() -> AsyncIterator[dict[str, str]]:
            for number in range(3):
                yield {"event": "levels", "data": json.dumps({"seconds": number})}

        return EventSourceResponse(three())

    return app


@pytest.fixture
def node(database: Database) -> Iterator[NodeClient]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(stand_in(), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started)
    yield NodeClient(f"http://127.0.0.1:{listener.getsockname()[1]}", NODE_TOKEN)
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def server(database: Database, tmp_path: Path, node: NodeClient) -> Server:
    made = make_server(database, tmp_path)
    context = replace(made.context, node=node)
    return Server(context, made.clock, made.store, create_app(context))


def test_calls_reach_the_node_and_refusals_keep_its_words(node: NodeClient) -> None:
    assert node.status()["node"] == "node-1"
    assert node.start({"case_number": "1/26"}, "key-1", "С. Асанова") == HEARING
    assert node.note("motion", "слово", "key-2", ASKED) == 5.0
    with pytest.raises(Conflict, match="cannot become 'paused'"):
        node.pause(ASKED)
    with pytest.raises(Unusable, match="case number is empty"):
        node.start({}, "", "")
    with pytest.raises(NodeUnreachable, match=r"507.*disk is full"):
        node.stop(ASKED)


def test_a_node_that_is_away_is_one_sentence(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(NodeUnreachable, match=url):
        NodeClient(url, NODE_TOKEN, timeout=2).status()


def test_levels_are_relayed_to_the_secretary_only(server: Server) -> None:
    assert server.client().get("/live/levels").status_code == 401
    for role in (UserRole.JUDGE, UserRole.PARTY, UserRole.ADMIN):
        assert server.user(role).get("/live/levels").status_code == 403
    answer = server.user(UserRole.SECRETARY).get("/live/levels")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events(answer.text) == [("levels", f'{{"seconds": {number}}}') for number in range(3)]


def test_a_node_that_refuses_the_server_ends_the_stream_with_a_sentence(server: Server, node: NodeClient) -> None:
    context = replace(server.context, node=NodeClient(node.url, "wrong token"))
    browser = Server(context, server.clock, server.store, create_app(context)).user(UserRole.SECRETARY)
    [(event, sentence)] = events(browser.get("/live/levels").text)
    assert (event, "401" in sentence) == ("lost", True)


def test_without_a_node_the_setting_is_named(database: Database, tmp_path: Path) -> None:
    answer = make_server(database, tmp_path).user(UserRole.SECRETARY).get("/live/levels")
    assert (answer.status_code, "COURTREC_NODE_URL" in answer.json()["detail"]) == (502, True)


def events(text: str) -> list[tuple[str, str]]:
    blocks = [dict(line.split(": ", 1) for line in one.splitlines()) for one in text.split("\r\n\r\n") if one.strip()]
    return [(block["event"], block["data"]) for block in blocks]
