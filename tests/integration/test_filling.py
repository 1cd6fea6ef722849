"""What a spare recording fills of a hearing in the database: where it lies by the clocks, and by the sound."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from court.hearing import HearingState
from court.timeline import GapCause, SampleRange
from hardware.devices import AUDIO_RATE
from protocol.filling import filled, still_lost
from recorder.settings import Pace
from storage.db.models import Gap, Hearing, Segment, StateChange
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from storage.worm.local import LocalStore
from tests.factories.recordings import CARD, Pcm, Recorded, node, recorded, simulated_room, write_wav

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

FIRST, SPARE = "019ab000-0000-7000-8000-00000000000a", "019ab000-0000-7000-8000-00000000000b"
BEGAN = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
LATER = 2.5  # seconds after the first the spare began
WRONG = 0.3  # seconds by which its clock is ahead
LOST, END = 12, 24  # seconds: the first died, the hearing ended


def room_sound() -> Pcm:
    made = np.random.default_rng(7)
    loud = np.repeat(made.uniform(0, 1, 40 * 5), AUDIO_RATE // 5)
    return (made.normal(0, 4000, len(loud)) * loud).astype(np.int16)


@dataclass
class Court:
    database: Database
    store: LocalStore


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Court:
    """A hearing whose node died after 12 s and never came back, and its spare recording, entered as ingest does."""
    made, sound = Court(database, LocalStore(tmp_path / "objects")), room_sound()
    until = {FIRST: sound[: LOST * AUDIO_RATE], SPARE: sound[int(LATER * AUDIO_RATE) : END * AUDIO_RATE]}
    for hearing, heard in until.items():
        agent = node(
            tmp_path / hearing[-1], simulated_room([write_wav(tmp_path / f"{hearing}.wav", heard)], False), Pace.FAST
        )
        keep(made, hearing, recorded(agent, agent.run_to_end(CARD)))
        agent.close()
    return made


def keep(court: Court, hearing: str, found: Recorded) -> None:
    began = BEGAN + timedelta(seconds=LATER + WRONG if hearing == SPARE else 0)
    tracks = found.bodies(LeafKind.HEARING)[0]["tracks"]
    ended = hearing == SPARE
    with court.database.begin() as work:
        work.hearings.add(
            Hearing(
                id=hearing, case_number="1/26", case_key="1/26", card={}, room="1", tracks=tracks, started_at=began,
                state=HearingState.ENDED.value, ended_at=began, spare_of=FIRST if ended else None,
                end_sample=found.end if ended else END * AUDIO_RATE,
            )
        )  # fmt: skip
        work.session.flush()
        work.hearings.add(StateChange(hearing_id=hearing, state="recording", at_sample=0, utc=began, leaf_index=0))
        for body in found.bodies(LeafKind.SEGMENT):
            content = found.file(body).read_bytes()
            assert hashlib.sha256(content).hexdigest() == body["sha256"]
            now = datetime.now(UTC)
            work.log.add_object(court.store.put(body["sha256"], content, len(content), now), now, now)
            fields = {name: body[name] for name in ("track", "start", "end", "rate", "sequence", "sha256", "size")}
            utc = began + timedelta(seconds=body["end"] / body["rate"] + 0.05)
            work.hearings.add(
                Segment(hearing_id=hearing, init_size=1, codec="flac", partial=False, utc=utc, leaf_index=0, **fields)
            )


def test_the_sound_of_both_places_the_spare_and_the_clocks_do_where_there_is_none(court: Court) -> None:
    with court.database.read() as work:
        hearing = work.hearings.get(FIRST)
        assert hearing is not None
        heard, told = filled(work, court.store, hearing), filled(work, None, hearing)
    assert [one.track for one in heard] == ["mic-judge", "mix"]
    for one in heard:
        assert (one.spare, one.source, one.cause, one.offset.heard) == (SPARE, one.track, None, True)
        assert one.offset.seconds == pytest.approx(LATER, abs=0.002)
        assert one.span.start == LOST * AUDIO_RATE
        assert one.span.end == pytest.approx(END * AUDIO_RATE, abs=0.002 * AUDIO_RATE)
        assert still_lost(SampleRange(LOST * AUDIO_RATE, END * AUDIO_RATE, AUDIO_RATE), [one]) == []
    assert [one.offset.heard for one in told] == [False, False]
    assert told[0].offset.seconds == pytest.approx(LATER + WRONG, abs=0.001)
    assert told[0].offset.uncertainty < WRONG + 0.2


def test_a_fault_is_filled_and_a_break_is_not(court: Court) -> None:
    with court.database.begin() as work:
        for start, end, cause in ((LOST, 16, GapCause.RESTART), (16, 20, GapCause.BREAK)):
            span = {"track": "mic-judge", "rate": AUDIO_RATE, "start": start * AUDIO_RATE, "end": end * AUDIO_RATE}
            work.hearings.add(Gap(hearing_id=FIRST, cause=cause.value, device_log="", utc=BEGAN, leaf_index=0, **span))
    with court.database.read() as work:
        hearing = work.hearings.get(FIRST)
        assert hearing is not None
        found = [one for one in filled(work, court.store, hearing) if one.track == "mic-judge"]
    assert [(one.span.start_seconds, one.cause) for one in found] == [(LOST, GapCause.RESTART), (20, None)]
    assert found[0].span.end_seconds == 16


def test_while_the_hearing_lasts_what_is_not_stated_is_still_on_its_way(court: Court) -> None:
    with court.database.begin() as work:
        hearing = work.hearings.lock(FIRST)
        assert hearing is not None
        hearing.end_sample = hearing.ended_at = None
        hearing.state = HearingState.RECORDING.value
    with court.database.read() as work:
        hearing = work.hearings.get(FIRST)
        assert hearing is not None
        assert filled(work, court.store, hearing) == []
