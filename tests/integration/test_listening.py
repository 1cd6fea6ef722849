"""Reading along while a hearing is recorded: the same bytes as the evidence, for the server alone, and bounded."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from court.openness import Openness
from recorder import listening
from recorder.agent import Agent
from recorder.settings import Pace
from recorder.tail import PIECE, Tail
from storage.ledger.leaf import LeafKind
from tests.factories.node_page import at_the_page, serving_node
from tests.factories.recordings import CARD, node, recorded, simulated_room, tone, write_wav
from tests.factories.server import NODE_TOKEN
from tests.factories.waiting import until

TOKEN = {"Authorization": f"Bearer {NODE_TOKEN}"}


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    files = [write_wav(tmp_path / f"{number}.wav", tone(60, 440)) for number in range(2)]
    made = node(tmp_path / "home", simulated_room(files), Pace.REAL_TIME)
    yield made
    made.close()


def messages(answer: httpx.Response) -> Iterator[tuple[dict[str, Any], bytes]]:
    """What each event tells, and the bytes of those with sound."""
    for line in answer.iter_lines():
        if line.startswith("data:"):
            told = json.loads(line.removeprefix("data:"))
            yield told, base64.b64decode(told.pop("content", ""))


def test_what_is_heard_is_the_evidence_byte_by_byte_and_ends_with_the_recording(agent: Agent) -> None:
    with serving_node(agent) as address, httpx.Client(base_url=address, headers=TOKEN, timeout=30) as client:
        with client.stream("GET", "/sound") as answer:
            said = messages(answer)
            assert next(said) == ({"late": False}, b"")
            hearing = agent.start(CARD)
            got: dict[tuple[str, int], bytes] = defaultdict(bytes)
            paused = ended = False
            while not ended:
                told, content = next(said)
                if "track" in told:
                    key = told["track"], told["sequence"]
                    assert told["first"] == (not got[key])
                    got[key] += content
                    continue
                if told.get("hearing"):
                    assert (told["hearing"], told["language"]) == (hearing, "ru")
                if not paused and told.get("seconds", 0) > 1:
                    agent.pause()
                    paused = True
                    agent.resume()
                elif paused and told.get("seconds", 0) > 2 and told["state"] == "recording":
                    agent.stop()
                ended = paused and "hearing" not in told
        found = recorded(agent, hearing)
        stated = [one for one in found.bodies(LeafKind.SEGMENT) if one["track"].startswith("mic-")]
        assert {one["sequence"] for one in stated} == {0, 1}
        # Of the last segments the very end may be missing: nobody waits for a listener.
        for one in stated:
            whole, heard = found.file(one).read_bytes(), got[one["track"], one["sequence"]]
            assert whole.startswith(heard)
            assert heard == whole or one["sequence"] == 1
        assert not any(track == "mix" for track, _ in got)


def test_an_order_is_told_with_the_sound_that_it_closes(agent: Agent) -> None:
    with serving_node(agent) as address, httpx.Client(base_url=address, headers=TOKEN, timeout=30) as client:
        agent.start(CARD)
        with client.stream("GET", "/sound") as answer:
            said = messages(answer)
            until(lambda: next(said)[0].get("seconds", 0) > 0.5)
            agent.order(Openness.CLOSED)
            until(lambda: next(said)[0].get("orders"))
            told = next(one for one, _ in said if "orders" in one)
            assert told["orders"][0]["openness"] == "closed"
        agent.stop()


def test_strangers_the_nodes_own_page_and_too_many_are_refused(agent: Agent) -> None:
    with serving_node(agent, pin="246810") as address, httpx.Client(base_url=address, timeout=30) as client:
        assert client.get("/sound").status_code == 401
        with at_the_page(address) as browser:
            assert browser.get("/sound").status_code == 403
        with client.stream("GET", "/sound", headers=TOKEN) as one, client.stream("GET", "/sound", headers=TOKEN) as two:
            both = messages(one), messages(two)
            assert [next(each) for each in both] == [({"late": False}, b"")] * 2
            assert client.get("/sound", headers=TOKEN).status_code == 503
        until(lambda: _can_listen(client))


def _can_listen(client: httpx.Client) -> bool:
    with client.stream("GET", "/sound", headers=TOKEN) as answer:
        return answer.status_code == 200


def test_while_something_waits_for_delivery_the_line_belongs_to_it(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_LATE", -1.0)
    agent.settings.server_url = "http://127.0.0.1:9"
    with serving_node(agent) as address, httpx.Client(base_url=address, headers=TOKEN, timeout=30) as client:
        agent.start(CARD)
        with client.stream("GET", "/sound") as answer:
            said = messages(answer)
            told = [next(said)[0] for _ in range(10)]
        agent.stop()
    assert all("track" not in one for one in told)
    assert told[-1]["late"]


def test_the_line_is_given_up_in_the_midst_of_a_segment_too(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.settings.server_url = "http://127.0.0.1:9"
    with serving_node(agent) as address, httpx.Client(base_url=address, headers=TOKEN, timeout=30) as client:
        agent.start(CARD)
        with client.stream("GET", "/sound") as answer:
            said = messages(answer)
            while "track" not in next(said)[0]:
                pass
            monkeypatch.setattr(listening, "_LATE", -1.0)
            while not next(said)[0].get("late"):
                pass
            told = [next(said)[0] for _ in range(5)]
        agent.stop()
    assert all("track" not in one for one in told)


def test_who_is_too_slow_misses_the_rest_of_a_segment_that_has_ended(agent: Agent) -> None:
    hearing = agent.start(CARD)
    until(lambda: agent.heard() and agent.heard().segments)  # type: ignore[union-attr]
    heard = agent.heard()
    assert heard is not None
    agent.stop()
    (first, *_) = heard.segments
    file = agent.spool.folder / first.file
    tail = Tail(agent.spool.folder)
    assert [len(one.content) for one in tail.read([first])] == [file.stat().st_size]
    with file.open("ab") as more:
        more.write(bytes(3 * PIECE))
    assert [len(one.content) for one in tail.read([])] == [PIECE]
    assert tail.read([]) == []
    assert hearing
