"""What can never arrive is given up by an administrator: a named gap, that excuses nothing else, and not for good."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api import acts
from api.errors import Conflict, Forbidden
from api.export import export
from api.verification import verify
from api.verification_notes import delivery_notes, loss_notes
from api.write_off import administrator, write_off
from court.errors import InputError
from court.people import UserRole
from court.timeline import GapCause
from protocol.annexes import completeness_lines
from protocol.forms import load_form
from protocol.gather import gather
from protocol.wording import Wording
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from storage.offline import check_file, print_told
from tests.factories.hearing_log import HEARING, HearingLog, made_hearing
from tests.factories.retention import CLASSES, LONG_AFTER
from tests.factories.server import PASSWORD, Server, batch, make_server, node_entries
from tests.integration.test_api_late_objects import NOBODY, ORDER, objects_of, put

WHY = "the node's disk is dead"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def late(server: Server) -> HearingLog:
    """Of three segments of the camera the first has arrived; sound and leaves all have."""
    log = made_hearing()
    first = next(iter(objects_of(log, "cam-hall").items()))
    put(server, objects_of(log, "mic-judge"))
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(log)))
    assert answer.status_code == 200, answer.text
    put(server, dict([first]))
    return log


def test_what_is_given_up_is_a_gap_with_a_cause_and_holds_nothing_up(
    server: Server, late: HearingLog, tmp_path: Path
) -> None:
    assert write_off(server.context, HEARING, "admin.b", WHY) == ["cam-hall/1", "cam-hall/2"]
    assert list(verify(server.context)) == []
    assert list(delivery_notes(server.context)) == []
    (note,) = loss_notes(server.context)
    assert note.startswith(f"Of hearing {HEARING} admin.b wrote off on ")
    assert note.endswith(f" ({WHY}), so that the time is a gap: cam-hall/1, cam-hall/2.")
    judge = server.user(UserRole.JUDGE)
    timeline = judge.get(f"/api/hearings/{HEARING}/timeline").json()
    gaps = [(one["track"], one["declared"]) for one in timeline["gaps"] if one["cause"] == GapCause.UNDELIVERED]
    assert gaps == [("cam-hall", False)] * 2
    tracks = {one["track"]: one for one in timeline["tracks"]}
    assert [one["sequence"] for one in tracks["cam-hall"]["segments"]] == [0]
    page = judge.get(f"/hearings/{HEARING}", headers={"Accept": "text/html"}).text
    assert "Записано, но не доставлено" in page
    assert "Не поступило, признано утраченным" in page
    assert "Ещё в пути" not in page
    exported = export(server.context, HEARING, tmp_path / "all", ORDER)
    assert exported.files == 4
    told = check_file(tmp_path / "all", exported.log_key, NOBODY)
    assert print_told(told) == 0
    assert any("admin.b wrote off on " in one for one in told.lines)
    with pytest.raises(Conflict, match="there is nothing to write off"):
        write_off(server.context, HEARING, "admin.b", WHY)
    server.clock.forward(LONG_AFTER.total_seconds())
    assert acts.propose(server.context, [HEARING], "judge.a", "over", CLASSES, b"0123456789")


def test_the_annex_names_it(server: Server, late: HearingLog) -> None:
    write_off(server.context, HEARING, "admin.b", WHY)
    with server.context.database.read() as uow:
        hearing = uow.hearings.get(HEARING)
        assert hearing is not None
        facts = gather(uow, hearing, ZoneInfo("Asia/Bishkek"))
    lines = [one.text for one in completeness_lines(facts, Wording(facts, load_form("civil_brief", "ru")))]
    lost = [one for one in lines if "записано, но не поступило в суд" in one]
    assert len(lost) == 2
    assert all(one.endswith(f"Признано утраченным (admin.b: {WHY})") for one in lost)


def test_what_arrives_after_all_counts_again_and_says_so(server: Server, late: HearingLog, tmp_path: Path) -> None:
    write_off(server.context, HEARING, "admin.b", WHY)
    put(server, objects_of(late, "cam-hall"))
    assert list(verify(server.context)) == []
    (note,) = loss_notes(server.context)
    assert note.endswith(" what arrived after all and is here: cam-hall/1, cam-hall/2.")
    judge = server.user(UserRole.JUDGE)
    timeline = judge.get(f"/api/hearings/{HEARING}/timeline").json()
    assert all(one["cause"] != GapCause.UNDELIVERED for one in timeline["gaps"])
    assert "cam-hall/2.mp4" in judge.get(f"/media/{HEARING}/cam-hall.m3u8").text
    exported = export(server.context, HEARING, tmp_path / "all", ORDER)
    assert exported.files == 6
    assert print_told(check_file(tmp_path / "all", exported.log_key, NOBODY)) == 0


@pytest.mark.parametrize("change", ["had arrived", "nobody who answers", "never awaited"])
def test_a_statement_that_excuses_more_is_a_fault(
    server: Server, late: HearingLog, tmp_path: Path, change: str
) -> None:
    """Whoever holds the server's key cannot write off what was here, nor without a name."""
    pictures = list(objects_of(late, "cam-hall"))
    named = {"had arrived": pictures[0], "never awaited": "ab" * 32}.get(change, pictures[1])
    body = {"by": "" if change == "nobody who answers" else "x", "reason": WHY}
    body |= {"segments": [{"track": "cam-hall", "sequence": 0, "sha256": named}]}
    with server.context.database.begin() as uow:
        uow.log.record(LeafKind.LOSS, HEARING, server.clock.utc, body, server.context.server_key)
    (fault,) = verify(server.context)
    assert "writes segments off, which cannot count" in fault
    exported = export(server.context, HEARING, tmp_path / "all", replace(ORDER, tracks=frozenset({"mic-judge"})))
    told = check_file(tmp_path / "all", exported.log_key, NOBODY)
    assert any("writes segments off, which cannot count" in one for one in told.lines)


def test_only_an_administrator_decides_and_only_after_the_end(server: Server) -> None:
    for role in (UserRole.ADMIN, UserRole.JUDGE, UserRole.SECRETARY):
        server.user(role)
    assert administrator(server.context, "admin", PASSWORD) == "admin"
    for login in ("judge", "secretary"):
        with pytest.raises(Forbidden, match="is no administrator"):
            administrator(server.context, login, PASSWORD)
    log = made_hearing()
    put(server, objects_of(log, "mic-judge"))
    entries = node_entries(log)
    assert server.node().post("/api/ingest/leaves", json=batch(entries[:-1])).is_success
    with pytest.raises(Conflict, match="has not ended"):
        write_off(server.context, HEARING, "admin", WHY)
    assert server.node().post("/api/ingest/leaves", json=batch(entries[-1:])).is_success
    with pytest.raises(InputError, match="The reason has 0 characters"):
        write_off(server.context, HEARING, "admin", "  ")
