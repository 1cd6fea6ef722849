"""A hearing whose node never comes back is ended by an administrator: what it did not deliver is a named gap."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.errors import Conflict, NotFound
from api.export import export
from api.standin import end_on_spare, end_without_node
from api.verification import verify
from api.verification_notes import loss_notes
from court.errors import InputError
from court.hearing import HearingState
from court.openness import Openness, openness_of
from court.people import UserRole
from court.timeline import GapCause
from protocol.annexes import completeness_lines
from protocol.forms import load_form
from protocol.gather import gather
from protocol.wording import Wording
from storage.db.unit_of_work import Database
from storage.ledger.leaf import Leaf, LeafKind, parse, sign
from storage.offline import check_file, print_told
from tests.factories.hearing_log import (
    HEARING,
    NODE,
    START,
    TRACKS,
    HearingLog,
    add_segment,
    made_hearing,
    open_hearing,
)
from tests.factories.pages import FakeNode
from tests.factories.server import ELSEWHERE, Server, batch, make_server, node_entries
from tests.integration.test_api_late_objects import NOBODY, ORDER, objects_of, put

WHY = "the node burnt with the court-room"
REACHED = START + timedelta(seconds=80)
"""Where the last that arrived ends: the node had ten more seconds, and the end."""


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.clock.utc = START + timedelta(hours=3)
    return made


@pytest.fixture
def cut_short(server: Server) -> HearingLog:
    log = made_hearing()
    for track in ("mic-judge", "cam-hall"):
        put(server, dict([*objects_of(log, track).items()][:2]))
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(log)[:-3]))
    assert answer.status_code == 200, answer.text
    return log


def state_and_end(server: Server) -> tuple[str, float, datetime]:
    with server.context.database.read() as uow:
        hearing = uow.hearings.get(HEARING)
        assert hearing is not None
        assert hearing.end_sample is not None
        assert hearing.ended_at is not None
        return hearing.state, hearing.end_sample / 48_000, hearing.ended_at


def test_it_ends_where_its_recording_does_and_everything_goes_on(
    server: Server, cut_short: HearingLog, tmp_path: Path
) -> None:
    assert end_without_node(server.context, HEARING, "admin.b", WHY) == REACHED
    assert state_and_end(server) == (HearingState.ENDED, 80.0, REACHED)
    with server.context.database.read() as uow:
        assert [one.sequence for one in uow.windows.of(HEARING)] == [0, 1]
        assert [one.cause for one in uow.hearings.gaps(HEARING)] == [GapCause.BREAK] * 2
    assert list(verify(server.context)) == []
    (note,) = loss_notes(server.context)
    assert note.startswith(f"Hearing {HEARING} was ended by admin.b on ")
    assert note.endswith(f"({WHY}): what its node did not deliver is a gap.")
    exported = export(server.context, HEARING, tmp_path / "all", ORDER)
    told = check_file(tmp_path / "all", exported.log_key, NOBODY)
    assert print_told(told) == 0
    assert any("was ended by admin.b" in one for one in told.lines)


def test_what_happened_unrecorded_until_the_end_is_a_gap_with_its_reason(server: Server, cut_short: HearingLog) -> None:
    assert end_without_node(server.context, HEARING, "admin.b", WHY, START + timedelta(minutes=50)).minute == 50
    assert state_and_end(server) == (HearingState.ENDED, 3000.0, START + timedelta(minutes=50))
    with server.context.database.read() as uow:
        lost = [one for one in uow.hearings.gaps(HEARING) if one.cause == GapCause.UNDELIVERED]
    stretches = {one.track: (one.start / one.rate, one.end / one.rate) for one in lost}
    assert stretches == dict.fromkeys(("cam-hall", "mic-judge"), (80.0, 3000.0))
    with server.context.database.read() as uow:
        hearing = uow.hearings.get(HEARING)
        assert hearing is not None
        facts = gather(uow, hearing, ZoneInfo("Asia/Bishkek"))
    lines = [one.text for one in completeness_lines(facts, Wording(facts, load_form("civil_brief", "ru")))]
    assert any(one.endswith(f"Признано утраченным (admin.b: {WHY})") for one in lines)
    page = server.user(UserRole.JUDGE).get(f"/hearings/{HEARING}", headers={"Accept": "text/html"}).text
    assert "Записано, но не доставлено" in page
    assert list(verify(server.context)) == []


def test_a_node_that_comes_back_after_all_delivers_and_changes_no_end(server: Server, cut_short: HearingLog) -> None:
    end_without_node(server.context, HEARING, "admin.b", WHY, START + timedelta(seconds=85))
    for track in ("mic-judge", "cam-hall"):
        put(server, objects_of(cut_short, track))
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(cut_short)))
    assert answer.status_code == 200, answer.text
    assert state_and_end(server)[1] == 85.0
    with server.context.database.read() as uow:
        assert {one.cause for one in uow.hearings.gaps(HEARING)} == {GapCause.BREAK}
        assert [one.sequence for one in uow.windows.of(HEARING)] == [0, 1, 2]
    assert list(verify(server.context)) == []


def test_what_a_node_records_now_is_ended_on_its_console(server: Server, cut_short: HearingLog) -> None:
    node = FakeNode()
    node.hearing, node.state = HEARING, "recording"
    attached = replace(server.context, node=node)
    with pytest.raises(Conflict, match="now: end it on its console"):
        end_without_node(attached, HEARING, "admin.b", WHY)
    node.state = "ended"
    assert end_without_node(attached, HEARING, "admin.b", WHY) == REACHED


@pytest.mark.parametrize("ended", ["for a reason", "on a spare recording"])
def test_what_its_node_closed_stays_closed_up_to_the_last_it_told(server: Server, ended: str) -> None:
    """The note lies behind the last segment that arrived, and the court was closed."""
    log = HearingLog()
    open_hearing(log)
    for track in TRACKS:
        add_segment(log, track, 0, 0, 10)
    log.add(NODE, LeafKind.OPENNESS, {"start_ms": 12_000, "end_ms": None, "openness": "closed"})
    log.add(NODE, LeafKind.NOTE, {"at_sample": 14 * 48_000, "template": "free", "text": "тайна"})
    for track in TRACKS:
        put(server, objects_of(log, track))
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(log)))
    assert answer.status_code == 200, answer.text
    if ended == "for a reason":
        end_without_node(server.context, HEARING, "admin.b", WHY, START + timedelta(minutes=1))
    else:
        with server.context.database.begin() as uow:
            end_on_spare(server.context, uow, HEARING, HEARING[:-1] + "8", 60.0, "secretary")
    address = f"/hearings/{HEARING}"
    inside = server.user(UserRole.JUDGE).get(address, headers={"Accept": "text/html"}).text
    outside = server.user(UserRole.JUDGE, ELSEWHERE).get(address, headers={"Accept": "text/html"}).text
    assert ("тайна" in inside, "тайна" in outside) == (True, False)
    with server.context.database.read() as uow:
        later = openness_of(uow.hearings.openness(HEARING), 50.0, 51.0)
    assert (later is Openness.CLOSED) == (ended == "for a reason"), "on a spare recording that one's orders say"


@pytest.mark.parametrize("claimed", [{"reason": WHY}, {"spare": HEARING[:-1] + "8"}])
def test_a_node_cannot_speak_for_the_court(server: Server, claimed: dict[str, str]) -> None:
    """Else its own end would count as the court's, which its later entries cannot undo."""
    log = made_hearing()
    put(server, objects_of(log, "mic-judge"))
    end = parse(node_entries(log)[-1])
    leaf = Leaf(end.kind, end.hearing, end.author, end.seq, end.prev, end.at, {**end.body, **claimed})
    answer = server.node().post("/api/ingest/leaves", json=batch([*node_entries(log)[:-1], sign(leaf, NODE)]))
    assert answer.status_code == 422
    assert "only the court ends a hearing on a spare recording, or for a reason" in answer.json()["detail"]


def test_what_cannot_be_ended_so_is_refused(server: Server, cut_short: HearingLog) -> None:
    for when in (REACHED - timedelta(seconds=1), server.clock.utc + timedelta(seconds=1)):
        with pytest.raises(InputError, match="cannot have ended at"):
            end_without_node(server.context, HEARING, "admin.b", WHY, when)
    with pytest.raises(InputError, match="The reason has 0 characters"):
        end_without_node(server.context, HEARING, "admin.b", " ")
    with pytest.raises(NotFound):
        end_without_node(server.context, HEARING[:-1] + "9", "admin.b", WHY)
    end_without_node(server.context, HEARING, "admin.b", WHY)
    with pytest.raises(Conflict, match="has ended already"):
        end_without_node(server.context, HEARING, "admin.b", WHY)
