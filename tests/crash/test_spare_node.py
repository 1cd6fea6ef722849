"""Two capture nodes in one room: either may die, for a while or for good, and the hearing goes on and ends."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from api.verification import verify
from hardware.devices import AUDIO_RATE
from recorder.rooms import room_text
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.court_rooms import CourtRoom, court_room
from tests.factories.recordings import simulated_room, tone, write_wav
from tests.factories.waiting import until

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Iterator[CourtRoom]:
    noise = np.random.default_rng(5).normal(0, 200, 90 * AUDIO_RATE).astype(np.int16)
    wav = write_wav(tmp_path / "judge.wav", tone(90, 440) + noise)
    file = tmp_path / "room.toml"
    file.write_text(room_text(simulated_room([wav], camera=False)), encoding="utf-8")
    with court_room(database, tmp_path, (file, file)) as found:
        yield found


def begun(room: CourtRoom) -> tuple[str, str]:
    """A hearing that both nodes record and the server knows: its id and that of the spare recording."""
    hearing = room.start()
    until(lambda: room.spare.status()["hearing"])
    spare = room.spare.status()
    assert (spare["spare_of"], room.first.status()["hearing"]) == (hearing, hearing)
    room.until_known(hearing)
    room.until_known(spare["hearing"])
    return hearing, spare["hearing"]


def notes(room: CourtRoom, hearing: str) -> list[str]:
    with room.server.context.database.read() as work:
        return [one.text for one in work.hearings.notes(hearing)]


def test_both_record_every_step_and_both_ledgers_are_whole(room: CourtRoom) -> None:
    hearing, spare = begun(room)
    until(lambda: room.first.seconds() > 1)
    for _ in range(2):
        room.press(hearing, "note", text="слово", key="once")
    for step, state in (("pause", "paused"), ("resume", "recording"), ("deliberate", "deliberation")):
        assert f'data-state="{state}"' in room.press(hearing, step)
        until(lambda state=state: room.spare.status()["state"] == state)
    room.press(hearing, "close", back_seconds="0")
    until(lambda: room.spare.status()["openness"] == "closed")
    assert "Запасной узел" in room.console(hearing)
    room.press(hearing, "stop")
    for one in (hearing, spare):
        room.until_known(one, lambda row: row.ended_at is not None)
        assert notes(room, one) == ["слово"]
    assert list(verify(room.server.context, hearing)) == []
    page = room.secretary.get("/").text
    assert hearing in page
    assert spare not in page
    with room.server.context.database.read() as work:
        assert work.protocols.latest(spare) is None
        assert [one.id for one in work.hearings.spares(hearing)] == [spare]
        assert list(work.windows.of(spare)) == []


def test_the_first_dies_for_good_and_the_hearing_ends_on_the_spare(room: CourtRoom) -> None:
    hearing, spare = begun(room)
    until(lambda: room.first.seconds() > 1.5)
    room.press(hearing, "note", text="до")
    room.first.kill()
    told = room.console(hearing)
    assert "записывает только запасной узел" in told
    assert 'data-state="paused"' in room.press(hearing, "pause", seen="7")  # as many as the first had counted
    for _ in range(2):
        room.press(hearing, "note", text="после", key="again")
    assert 'data-state="recording"' in room.press(hearing, "resume")
    before = room.spare.seconds()
    until(lambda: room.spare.seconds() > before + 1)
    assert 'data-state="ended"' in room.press(hearing, "stop")
    ended = room.until_known(hearing, lambda row: row.ended_at is not None)
    room.until_known(spare, lambda row: row.ended_at is not None)
    assert ended.end_sample is not None
    assert ended.end_sample / AUDIO_RATE == pytest.approx(room.spare.seconds(), abs=2)
    assert notes(room, spare) == ["до", "после"]
    timeline = room.secretary.get(f"/api/hearings/{hearing}/timeline", headers={"Accept": "application/json"}).json()
    assert {one["spare"] for one in timeline["fills"] if one["track"] == "mic-judge"} == {spare}
    assert timeline["fills"][-1]["end"] == pytest.approx(timeline["duration"], abs=1)
    assert [one["text"] for one in timeline["notes"]] == ["до", "после"]
    page = room.secretary.get(f"/hearings/{hearing}").text
    assert "Записано запасным узлом" in page
    assert "Перерыв" in page  # which the spare alone was told of
    assert list(verify(room.server.context, hearing)) == []

    room.first.start()  # it takes the hearing up by itself, and is told that it has ended
    until(lambda: room.first.status()["state"] == "ended")
    until(lambda: room.first.status()["unsent"]["count"] == 0)
    again = room.until_known(hearing)
    assert (again.state, again.end_sample, again.ended_at) == (ended.state, ended.end_sample, ended.ended_at)
    with room.server.context.database.read() as work:
        entries = [parse(row.entry) for row in work.log.entries(hearing)]
    states = [(leaf.body["state"], "spare" in leaf.body) for leaf in entries if leaf.kind is LeafKind.STATE]
    assert states[-2:] == [("ended", True), ("ended", False)]
    assert list(verify(room.server.context, hearing)) == []


def test_the_first_comes_back_in_the_middle_and_is_brought_into_step(room: CourtRoom) -> None:
    hearing, spare = begun(room)
    until(lambda: room.first.seconds() > 1)
    room.first.kill()
    room.press(hearing, "deliberate")
    room.first.start()
    until(lambda: room.first.status()["state"] == "deliberation")
    room.press(hearing, "resume")
    until(lambda: room.first.status()["state"] == "recording")
    room.press(hearing, "stop")
    until(lambda: room.first.status()["state"] == "ended")
    for one in (hearing, spare):
        room.until_known(one, lambda row: row.ended_at is not None)
    assert list(verify(room.server.context, hearing)) == []


def test_a_spare_that_dies_or_comes_late_disturbs_nothing(room: CourtRoom) -> None:
    room.spare.kill()
    hearing = room.start()
    room.until_known(hearing)
    assert "записывает только основной узел" in room.console(hearing)
    room.spare.start()
    until(lambda: room.spare.status()["spare_of"] == hearing)
    room.spare.kill()
    assert 'data-state="paused"' in room.press(hearing, "pause")
    assert 'data-state="ended"' in room.press(hearing, "stop")
    room.until_known(hearing, lambda row: row.ended_at is not None)
    assert list(verify(room.server.context, hearing)) == []


def test_without_the_first_the_spare_alone_records_a_hearing_of_its_own(room: CourtRoom) -> None:
    room.first.kill()
    hearing = room.start()
    assert (room.spare.status()["hearing"], room.spare.status()["spare_of"]) == (hearing, "")
    assert "записывает только запасной узел" in room.console(hearing)
    room.until_known(hearing)
    room.first.start()  # now this one stands beside
    until(lambda: room.first.status()["spare_of"] == hearing)
    assert 'data-state="ended"' in room.press(hearing, "stop")
    room.until_known(hearing, lambda row: row.ended_at is not None)
    assert list(verify(room.server.context, hearing)) == []
