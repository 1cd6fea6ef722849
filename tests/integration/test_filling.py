"""What a spare recording fills of a hearing in the database: where it lies by the clocks, and by the sound."""

from pathlib import Path

import pytest

from court.hearing import HearingState
from court.timeline import GapCause
from hardware.devices import AUDIO_RATE
from protocol.filling import filled
from storage.db.models import Gap, StateChange
from storage.db.unit_of_work import Database
from tests.factories.server import Server, make_server
from tests.factories.spare_hearing import BEGAN, END, LATER, LOST, WRONG, SpareHearing, two_recordings

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def both(server: Server, tmp_path: Path) -> SpareHearing:
    return two_recordings(server, tmp_path)


def test_the_sound_of_both_places_the_spare_else_the_clocks(server: Server, both: SpareHearing) -> None:
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        heard, told = filled(work, server.context.store, hearing), filled(work, None, hearing)
    assert [one.track for one in heard] == ["mic-judge", "mix"]
    for one in heard:
        assert (one.spare, one.source, one.cause, one.offset.heard) == (both.spare, one.track, None, True)
        assert one.offset.seconds == pytest.approx(LATER, abs=0.002)
        assert one.span.start == LOST * AUDIO_RATE
        assert one.span.end == pytest.approx(END * AUDIO_RATE, abs=0.002 * AUDIO_RATE)
    assert [one.offset.heard for one in told] == [False, False]
    assert told[0].offset.seconds == pytest.approx(LATER + WRONG, abs=0.001)
    assert told[0].offset.uncertainty < WRONG + 0.2


def test_a_fault_is_filled_and_a_break_is_not(server: Server, both: SpareHearing) -> None:
    with server.context.database.begin() as work:
        for start, end, cause in ((LOST, 24, GapCause.RESTART), (24, 28, GapCause.BREAK)):
            span = {"track": "mic-judge", "rate": AUDIO_RATE, "start": start * AUDIO_RATE, "end": end * AUDIO_RATE}
            row = {"hearing_id": both.first, "cause": cause.value, "device_log": "", "utc": BEGAN, "leaf_index": 0}
            work.hearings.add(Gap(**row, **span))
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        found = [one for one in filled(work, server.context.store, hearing) if one.track == "mic-judge"]
    assert [(one.span.start_seconds, one.cause) for one in found] == [(LOST, GapCause.RESTART), (28, None)]
    assert found[0].span.end_seconds == 24


def test_while_the_hearing_lasts_what_is_not_stated_is_still_on_its_way(server: Server, both: SpareHearing) -> None:
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(both.first)
        assert hearing is not None
        hearing.end_sample = hearing.ended_at = None
        hearing.state = HearingState.RECORDING.value
        work.session.query(StateChange).filter_by(hearing_id=both.first, state="ended").delete()
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        assert filled(work, server.context.store, hearing) == []


def test_what_the_first_node_lost_of_a_microphone_is_filled_at_once(server: Server, both: SpareHearing) -> None:
    """It gave the bytes up, so that only the entry came: nobody has to write it off first."""
    with server.context.database.begin() as work:
        lost = work.hearings.segments(both.first, "mic-judge")[-1]
        work.session.delete(work.log.object(lost.sha256))
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        found = [one for one in filled(work, server.context.store, hearing) if one.track == "mic-judge"]
    assert (found[0].span.start, found[0].cause) == (max(lost.start, LATER * AUDIO_RATE), GapCause.UNDELIVERED)
    assert [one.track for one in found] == ["mic-judge"]
