"""Declared mutes in the court's ledger, alarms on the console, and the situation centre."""

import asyncio
import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api import live
from api.app import create_app
from api.errors import NodeUnreachable
from api.node_client import Asked, NodeClient
from api.reading import mutes
from court.grade import Grade
from court.health import Alarm, AlarmKind
from court.mutes import MuteSpan
from court.people import UserRole
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING, NODE, HearingLog, made_hearing, open_hearing
from tests.factories.pages import FakeNode, browser, token
from tests.factories.server import Server, batch, make_server, node_entries

OTHER = HEARING[:-1] + "5"
ALARM = Alarm(AlarmKind.NO_SIGNAL, Grade.RED, "mic-judge", datetime(2026, 11, 2, 4, tzinfo=UTC), {})


class RecordingNode(FakeNode):
    def __init__(self, hearing: str = HEARING, *alarms: Alarm) -> None:
        super().__init__()
        self.hearing, self.state, self.alarms = hearing, "recording", alarms
        self.muted: list[str] = []
        self.delivery = ""
        self.url = "http://node-1"

    def status(self) -> dict[str, Any]:
        told = [one.as_fields() for one in self.alarms]
        unsent = {"count": 2, "bytes": 5 << 20, "oldest_seconds": 300} if self.delivery else super().status()["unsent"]
        disk = {"free": 5 << 30, "reserve": 1 << 30, "pictures_stopped": False}
        return {
            **super().status(),
            "muted": self.muted,
            "alarms": told,
            "disk": disk,
            "unsent": unsent,
            "delivery": self.delivery,
        }

    def mute(self, track: str, muted: bool, _asked: Asked) -> dict[str, Any]:
        self.told.append((track, muted))
        self.muted = [track] if muted else []
        return self.status()


def muted_log() -> HearingLog:
    log = HearingLog(hearing=OTHER)
    open_hearing(log)
    for second, muted in ((3, True), (8, False), (9, True)):
        log.add(NODE, LeafKind.MUTE, {"track": "mic-judge", "at_sample": second * 48_000, "muted": muted})
    return log


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    return made


def attach(server: Server, *nodes: Any) -> None:
    first, *others = nodes
    server.context = dataclasses.replace(server.context, node=first, other_nodes=tuple(others))
    server.app = create_app(server.context)


def test_what_is_declared_muted_stands_on_the_timeline(server: Server) -> None:
    server.receive(muted_log())
    with server.context.database.read() as uow:
        assert mutes(uow, OTHER) == [MuteSpan("mic-judge", 3.0, 8.0), MuteSpan("mic-judge", 9.0, None)]
    timeline = server.user(UserRole.JUDGE).get(f"/api/hearings/{OTHER}/timeline").json()
    assert timeline["mutes"][0] == {"track": "mic-judge", "start": 3.0, "end": 8.0}
    assert [one for one in faults(server, OTHER) if "mute" in one] == []


@pytest.mark.parametrize("track", ["cam-hall", "mic-expert"])
def test_only_a_microphone_of_the_hearing_can_be_muted(server: Server, track: str) -> None:
    log = HearingLog(hearing=OTHER)
    open_hearing(log)
    log.add(NODE, LeafKind.MUTE, {"track": track, "at_sample": 0, "muted": True})
    refused = server.node().post("/api/ingest/leaves", json=batch(node_entries(log)))
    assert refused.status_code == 422
    assert "announced no microphone" in refused.json()["detail"]


def test_the_console_shows_alarms_and_declares_mutes(server: Server) -> None:
    node = RecordingNode(HEARING, ALARM)
    attach(server, node)
    secretary = browser(server, UserRole.SECRETARY)
    console = secretary.get(f"/hearings/{HEARING}/console").text
    assert "Цифровой ноль" in console
    assert "отметьте это кнопкой" in console
    form = {"csrf": token(secretary), "track": "mic-judge"}
    muted = secretary.post(f"/hearings/{HEARING}/mute", data={**form, "muted": "true"}).text
    assert 'aria-pressed="true"' in muted
    assert 'aria-pressed="false"' in secretary.post(f"/hearings/{HEARING}/mute", data={**form, "muted": "false"}).text
    assert node.told == [("mic-judge", True), ("mic-judge", False)]
    node.alarms = ()
    quiet = secretary.get(f"/hearings/{HEARING}/alarms").text
    assert " hidden" in quiet
    assert "Цифровой" not in quiet
    assert secretary.post(f"/hearings/{HEARING}/mute", data={"track": "x", "muted": "true"}).status_code == 403
    assert browser(server, UserRole.JUDGE).post(f"/hearings/{HEARING}/mute", data=form).status_code == 403


def test_who_leads_the_hearing_is_journalled_with_the_mute(server: Server) -> None:
    attach(server, RecordingNode())
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary), "track": "mic-judge", "muted": "true"}
    assert secretary.post(f"/hearings/{HEARING}/mute", data=form).status_code == 200
    with server.context.database.read() as uow:
        entries = uow.acts.entries(HEARING, LeafKind.ACCESS)
    assert any(b'"object":"mute mic-judge"' in entry for entry in entries)


def test_the_situation_centre_shows_every_room_the_worst_first(server: Server) -> None:
    well, ill = RecordingNode(), RecordingNode(OTHER, ALARM)
    lost = NodeClient("http://127.0.0.1:9", "token")
    attach(server, well, ill, lost)
    page = browser(server, UserRole.ADMIN).get("/situation").text
    assert [int(part.split('"')[0]) for part in page.split('data-room="')[1:]] == [1, 2, 0]
    assert "Узел записи" in page
    assert "http://127.0.0.1:9" in page
    assert "Цифровой ноль" in page
    assert "Э-1/26" in page  # the case of the hearing that is known; the other's first entry is on its way
    assert "всё на сервере" in page
    assert "5,0 ГиБ" in page
    assert browser(server, UserRole.ADMIN).get("/").text.count("/situation") == 1


def test_why_nothing_gets_through_is_told_on_the_console_and_in_the_situation_centre(server: Server) -> None:
    waiting = RecordingNode()
    file = f"{OTHER}/mic-judge-00006.mp4"
    lost = f"The segment {file} cannot be read from the spool (No such file or directory)"
    waiting.delivery = f"{lost}: put it back there, or give it up with `courtrec node give-up {file}`."
    attach(server, waiting)
    told = f"Фрагмент {file} не читается из накопителя узла"
    for role, path in ((UserRole.SECRETARY, f"/hearings/{HEARING}/console"), (UserRole.ADMIN, "/situation")):
        page = browser(server, role).get(path).text
        assert told in page
        assert "или откажитесь от него: `courtrec node give-up" in page


def test_without_nodes_the_situation_centre_says_what_to_set(server: Server) -> None:
    assert "COURTREC_NODE_URLS" in browser(server, UserRole.ADMIN).get("/situation").text


@pytest.mark.parametrize("role", [UserRole.SECRETARY, UserRole.JUDGE, UserRole.PARTY])
def test_nobody_else_watches_all_rooms(server: Server, role: UserRole) -> None:
    visitor = browser(server, role)
    for path in ("/situation", "/situation/rooms", "/live/situation"):
        assert visitor.get(path).status_code == 403
    assert "/situation" not in visitor.get("/").text


class Streaming:
    """A node whose levels end after two events, and one that is silent."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = events

    async def levels(self) -> Any:
        for event in self.events:
            yield json.dumps(event)
        if not self.events:
            raise NodeUnreachable("It does not answer.")
        await _forever()


async def _forever() -> None:
    await asyncio.Event().wait()


def test_live_levels_of_all_rooms_come_together() -> None:
    async def first_full() -> dict[str, Any]:
        first = Streaming({"seconds": 1, "alarms": 0}, {"seconds": 2, "alarms": 1})
        nodes: Any = [first, Streaming(), Streaming({"seconds": 7})]
        events = live.gathered(nodes)
        try:
            async for event in events:
                rooms: dict[str, Any] = json.loads(str(event.data))
                if len(rooms) == 2:
                    return rooms
        finally:
            await events.aclose()  # type: ignore[attr-defined] # a generator
        raise AssertionError

    assert asyncio.run(first_full()) == {"0": {"seconds": 2, "alarms": 1}, "2": {"seconds": 7}}
