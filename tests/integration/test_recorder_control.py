"""The node's control API on a real server, as the secretary's page uses it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hardware.clock import SystemClock
from hardware.inputs import open_input
from recorder.agent import Agent
from recorder.health.selftest import SelfTester
from recorder.health.watch import Watch
from recorder.settings import Pace
from storage.ledger.leaf import LeafKind
from tests.factories.node_page import serving_node
from tests.factories.recordings import check_tiles, node, recorded, simulated_room, tone, write_wav
from tests.factories.server import NODE_TOKEN
from tests.factories.waiting import until

CARD = {"case_number": "ГД 4405/24-Б2", "language": "ru", "participants": [{"role": "claimant", "name": "А."}]}


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    files = [write_wav(tmp_path / f"{number}.wav", tone(60, 440)) for number in range(2)]
    made = node(tmp_path / "home", simulated_room(files), Pace.REAL_TIME)
    yield made
    made.close()


@contextmanager
def serving(agent: Agent, tester: SelfTester | None = None, watch: Watch | None = None) -> Iterator[httpx.Client]:
    """A client of the node's control interface that shows its token."""
    headers = {"Authorization": f"Bearer {NODE_TOKEN}"}
    with (
        serving_node(agent, tester=tester, watch=watch) as address,
        httpx.Client(base_url=address, headers=headers, timeout=30) as client,
    ):
        yield client


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


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", NODE_TOKEN, f"Basic {NODE_TOKEN}"])
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


def test_a_request_that_comes_twice_or_late_changes_nothing(page: httpx.Client, agent: Agent) -> None:
    start = {**CARD, "key": "start-1", "by": "А. Сыдыкова"}
    hearing = answer(page.post("/start", json=start))["hearing"]
    seen = {"hearing": hearing, "by": "А. Сыдыкова"}
    note = {**seen, "template": "motion", "text": "о вызове", "key": "note-1"}
    at = answer(page.post("/note", json=note))["at"]
    answer(page.post("/pause", json={**seen, "seen": 1}))
    assert answer(page.post("/pause", json={**seen, "seen": 1}))["steps"] == 2  # the answer was lost
    assert answer(page.post("/resume", json={"hearing": hearing, "by": "Б. Асанов", "seen": 2}))["by"] == "Б. Асанов"
    late = answer(page.post("/pause", json={**seen, "seen": 1}), 409)
    assert "Somebody else was faster" in late["detail"]
    assert (late["status"]["state"], late["status"]["by"], late["status"]["steps"]) == ("recording", "Б. Асанов", 3)
    answer(page.post("/openness", json={**seen, "openness": "closed", "seen": 0}))
    answer(page.post("/openness", json={**seen, "openness": "open", "seen": 1}))
    answer(page.post("/openness", json={**seen, "openness": "closed", "seen": 0}), 409)
    assert answer(page.post("/note", json=note))["at"] == at
    answer(page.post("/stop", json={**seen, "seen": 3}))
    assert answer(page.post("/start", json=start))["hearing"] == hearing  # no second hearing of the same card

    other = answer(page.post("/start", json={"case_number": "2", "key": "start-2"}))["hearing"]
    assert other != hearing
    assert "Another hearing" in answer(page.post("/stop", json={**seen, "seen": 1}), 409)["detail"]
    answer(page.post("/note", json={**note, "key": "note-2"}), 409)
    assert answer(page.get("/status"))["state"] == "recording"
    answer(page.post("/stop", json={"hearing": other}))

    found = recorded(agent, hearing)
    assert [one["state"] for one in found.bodies(LeafKind.STATE)] == ["recording", "paused", "recording", "ended"]
    assert [one.get("by") for one in found.bodies(LeafKind.STATE)] == [
        "А. Сыдыкова", "А. Сыдыкова", "Б. Асанов", "А. Сыдыкова",
    ]  # fmt: skip
    assert [(one["key"], one["by"]) for one in found.bodies(LeafKind.NOTE)] == [("note-1", "А. Сыдыкова")]
    assert [one["openness"] for one in found.bodies(LeafKind.OPENNESS)] == ["closed", "open"]
    assert found.bodies(LeafKind.OPENNESS)[0]["by"] == "А. Сыдыкова"


def test_two_people_start_at_once(page: httpx.Client, agent: Agent) -> None:
    cards = [{"case_number": "1", "key": "a"}, {"case_number": "1", "judge": "Т. Осмонов", "key": "b"}] * 3
    with ThreadPoolExecutor(6) as people:
        answers = list(people.map(lambda card: page.post("/start", json=card), cards))
    assert {one.status_code for one in answers} == {200, 409}
    assert len({one.json()["hearing"] for one in answers if one.is_success}) == 1
    assert len(agent.spool.rows("SELECT id FROM hearing")) == 1


def test_what_a_request_says_about_itself_is_checked(page: httpx.Client) -> None:
    for fields in ({"hearing": 5}, {"seen": -1}, {"seen": True}, {"by": 5}, {"by": "я" * 201}):
        assert answer(page.post("/pause", json=fields), 422)["detail"].endswith(".")
    for key in (5, "a b", "x" * 65):
        assert "key" in answer(page.post("/start", json={**CARD, "key": key}), 422)["detail"]
