"""The node's control API on a real server, as the secretary's page uses it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from hardware.clock import SystemClock
from hardware.inputs import open_input
from recorder.agent import Agent
from recorder.control import create_app
from recorder.health.selftest import SelfTester
from recorder.health.watch import Watch
from recorder.settings import Pace
from storage.ledger.leaf import LeafKind
from tests.factories.recordings import check_tiles, node, recorded, simulated_room, tone, write_wav
from tests.factories.waiting import until

TOKEN = "node-token"
CARD = {"case_number": "ГД 4405/24-Б2", "language": "ru", "participants": [{"role": "claimant", "name": "А."}]}


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    files = [write_wav(tmp_path / f"{number}.wav", tone(60, 440)) for number in range(2)]
    made = node(tmp_path / "home", simulated_room(files), Pace.REAL_TIME)
    yield made
    made.close()


@contextmanager
def serving(agent: Agent, tester: SelfTester, watch: Watch | None = None) -> Iterator[httpx.Client]:
    """A client of the node's control interface that shows its token."""
    app = create_app(agent, TOKEN, tester, watch or Watch(agent, SystemClock()))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(agent: Agent) -> Iterator[httpx.Client]:
    tester = SelfTester(agent.settings, agent.room, SystemClock(), agent.gauge, open_input)
    with serving(agent, tester) as client:
        yield client


def answer(response: httpx.Response, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


def test_a_hearing_from_start_to_stop(page: httpx.Client, agent: Agent) -> None:
    idle = answer(page.get("/status"))
    assert (idle["node"], idle["room"], idle["hearing"], idle["state"]) == ("node", "room", None, None)
    assert idle["unsent"] == {"count": 0, "bytes": 0, "oldest_seconds": 0}

    hearing = answer(page.post("/start", json=CARD))["hearing"]
    assert answer(page.post("/start", json=CARD)) == {"hearing": hearing}
    until(lambda: page.get("/status").json()["seconds"] > 0.3)
    running = answer(page.get("/status"))
    assert (running["hearing"], running["state"], running["message"]) == (hearing, "recording", "")
    assert running["tracks"][0] == {"track": "mic-judge", "role": "judge", "kind": "audio"}
    at = answer(page.post("/note", json={"template": "motion", "text": " Ходатайство "}))["at"]
    assert answer(page.post("/pause"))["state"] == "paused"
    assert answer(page.post("/pause"))["state"] == "paused"
    assert answer(page.post("/deliberate"))["state"] == "deliberation"
    assert answer(page.post("/resume"))["state"] == "recording"
    until(lambda: page.get("/status").json()["seconds"] > at + 0.5)
    ended = answer(page.post("/stop"))
    assert (ended["state"], answer(page.post("/stop"))["state"]) == ("ended", "ended")
    assert ended["unsent"]["count"] > 0
    assert ended["unsent"]["bytes"] > 0

    found = recorded(agent, hearing)
    check_tiles(found)
    assert found.bodies(LeafKind.HEARING)[0]["card"]["case_number"] == CARD["case_number"]
    assert found.bodies(LeafKind.NOTE)[0]["text"] == "Ходатайство"


def test_the_court_closes_and_opens_the_session_while_it_is_recorded(page: httpx.Client, agent: Agent) -> None:
    hearing = answer(page.post("/start", json=CARD))["hearing"]
    until(lambda: page.get("/status").json()["seconds"] > 0.5)
    assert answer(page.get("/status"))["openness"] == "open"
    closed = answer(page.post("/openness", json={"openness": "closed", "back_seconds": 300}))
    assert (closed["openness"], closed["since"]) == ("closed", 0.0)  # not before the hearing began
    assert answer(page.post("/openness", json={"openness": "closed"}))["since"] == 0.0  # a second click, or person
    answer(page.post("/pause"))
    opened = answer(page.post("/openness", json={"openness": "open"}))
    assert opened["openness"] == "open"
    assert opened["since"] > 0.5
    assert answer(page.post("/openness", json={"openness": "open"}))["since"] == opened["since"]
    answer(page.post("/stop"))
    found = recorded(agent, hearing)
    check_tiles(found)
    orders = found.bodies(LeafKind.OPENNESS)
    assert [(one["openness"], one["end_ms"]) for one in orders] == [("closed", None), ("open", None)]
    assert [one["start_ms"] / 1000 for one in orders] == pytest.approx([0.0, opened["since"]], abs=0.001)


def test_steps_that_are_not_possible_are_refused(page: httpx.Client) -> None:
    for step in ("pause", "resume", "deliberate", "stop"):
        assert "start one" in answer(page.post(f"/{step}"), 409)["detail"]
    assert "start one" in answer(page.post("/note", json={"text": "x"}), 409)["detail"]
    answer(page.post("/start", json=CARD))
    other = answer(page.post("/start", json={"case_number": "2"}), 409)
    assert other["detail"] == "Another hearing is being recorded here: stop it first."


@pytest.mark.parametrize(
    ("path", "body", "sentence"),
    [
        ("/start", '{"case_number": ""}', "The case number is empty"),
        ("/start", "[]", "must be a JSON object"),
        ("/start", "{", "must be a JSON object"),
        ("/start", "[" * 100_000, "must be a JSON object"),
        ("/start", '{"case_number": "1", "language": "xx"}', "The language 'xx' is unknown"),
        ("/note", '{"template": "song"}', "The note's template is unknown: use one of opening"),
        ("/note", '{"text": 5}', "must be a text"),
        ("/openness", '{"openness": "ajar"}', "The order's openness is unknown: use one of open, closed"),
        ("/openness", '{"openness": "closed", "back_seconds": -1}', "must be a whole number from 0 to"),
        ("/openness", '{"openness": "closed", "back_seconds": true}', "must be a whole number from 0 to"),
        ("/openness", '{"openness": "open", "back_seconds": 5}', "what was closed before stays closed"),
    ],
)
def test_bad_input_is_422_with_a_sentence(page: httpx.Client, path: str, body: str, sentence: str) -> None:
    refused = answer(page.post(path, content=body.encode()), 422)
    assert sentence in refused["detail"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}"])
def test_without_its_token_the_node_does_nothing(page: httpx.Client, agent: Agent, header: str) -> None:
    for method, path in (("GET", "/status"), ("GET", "/levels"), ("POST", "/start"), ("POST", "/stop")):
        refused = page.request(method, path, headers={"Authorization": header}, json=CARD)
        assert answer(refused, 401) == {"detail": "This node needs its token."}
    assert agent.status().hearing is None


def test_levels_come_ten_times_a_second(page: httpx.Client) -> None:
    answer(page.post("/start", json=CARD))
    events = []
    with page.stream("GET", "/levels") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in stream.iter_lines():
            name = line.removeprefix("event: ") if line.startswith("event: ") else name
            if line.startswith("data: "):
                assert name == "levels"
                events.append(json.loads(line.removeprefix("data: ")))
            if events and events[-1]["seconds"] > 1:
                break
    last = events[-1]
    assert last["state"] == "recording"
    assert last["levels"].keys() == {"mic-judge", "mic-secretary"}
    assert last["levels"]["mic-judge"]["rms_db"] == pytest.approx(-15.3, abs=0.2)
    assert len({event["seconds"] for event in events}) > 5
