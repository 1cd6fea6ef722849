"""Windows of a hearing that wait at the same time are recognised together, and none suffers from another."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from api.made import transcript_faults
from storage.db.unit_of_work import Database
from storage.db.work import MAX_ATTEMPTS
from storage.ledger.leaf import parse
from tests.factories.ledger import HEARING
from tests.factories.transcription import OTHER_HEARING, Court, OneWord, spoken
from transcribe.engines.port import EngineSegment, Sound
from transcribe.errors import AudioError, EngineError
from transcribe.tasks import TOGETHER, transcribe, transcribe_next

SECONDS = 6  # of a window


class Death(BaseException):
    """Ends a worker: nobody is left to report anything."""


class Counting(OneWord):
    """Remembers how long the sounds were that it was given, and may end at those that are too long."""

    def __init__(self, longest: float = 30.0, end: BaseException | None = None) -> None:
        super().__init__()
        self.heard: list[float] = []
        self.longest, self.end = longest, end or EngineError("The recogniser is out of memory.")

    def transcribe(self, sound: Sound, language: str | None) -> list[EngineSegment]:
        self.heard.append(sound.size / 16_000)
        if self.heard[-1] > self.longest:
            raise self.end
        return super().transcribe(sound, language)


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Court:
    made = Court(database, tmp_path)
    made.engine = Counting()
    return made


def waiting(court: Court, windows: int, hearing: str = HEARING) -> None:
    """A hearing of so many windows, in each of which somebody says something else."""
    court.open(hearing, windows)
    for sequence in range(windows):
        said = spoken(seconds=2.0 + sequence / 10)
        court.record(said, hearing, sequence, start=sequence * SECONDS * 48_000)


def states(court: Court) -> list[tuple[str, int]]:
    with court.database.read() as work:
        return [(one.state, one.attempts) for one in work.windows.of(HEARING)]


def faults(court: Court) -> list[str]:
    with court.database.read() as work:
        leaves = {row.index: parse(row.entry) for row in work.log.entries(HEARING)}
        return list(transcript_faults(work, HEARING, leaves))


def test_one_task_does_what_waits_of_a_hearing_with_fewer_calls(court: Court) -> None:
    waiting(court, 3)
    waiting(court, 1, OTHER_HEARING)
    assert isinstance(court.engine, Counting)
    assert transcribe_next(court.context)
    assert states(court) == [("done", 1)] * 3
    assert court.engine.heard[0] > 3 * 2.0, "the speech of all in one sound"
    assert court.texts(OTHER_HEARING) == []
    assert [(one["sequence"], one["together"]) for one in court.transcripts()] == [(n, [0, 1, 2]) for n in range(3)]
    assert faults(court) == []


def test_each_windows_words_lie_in_their_window(court: Court) -> None:
    waiting(court, 3)
    assert transcribe_next(court.context)
    with court.database.read() as work:
        rows = work.utterances.of(HEARING)
        hashes = {one.sha256: one.sequence for one in work.hearings.segments(HEARING)}
    assert [row.sequence for row in rows] == [0, 1, 2]
    for row in rows:
        assert row.start_ms == pytest.approx(row.sequence * SECONDS * 1000 + 1000, abs=400)
        assert hashes[row.segment_sha256] == row.sequence


def test_a_window_that_comes_alone_says_nothing_of_others(court: Court) -> None:
    waiting(court, 1)
    assert transcribe_next(court.context)
    [body] = court.transcripts()
    assert "together" not in body


def test_no_task_takes_more_than_others_can_wait_for(court: Court) -> None:
    court.open(windows=TOGETHER + 1)  # nothing was recorded: done without asking anybody
    assert transcribe_next(court.context)
    assert states(court) == [("done", 1)] * TOGETHER + [("pending", 0)]
    assert transcribe_next(court.context)
    assert states(court) == [("done", 1)] * (TOGETHER + 1)


def test_what_fails_together_is_tried_one_by_one_at_once(court: Court) -> None:
    waiting(court, 3)
    court.engine = Counting(longest=4.0)
    assert transcribe_next(court.context)
    assert states(court) == [("done", 1)] * 3
    assert all("together" not in one for one in court.transcripts())
    assert faults(court) == []


def test_a_window_that_cannot_be_done_takes_none_with_it(court: Court) -> None:
    waiting(court, 3)
    with court.database.read() as work:
        segment = work.hearings.segment(HEARING, "mic-judge", 1)
    assert segment is not None
    path = court.folder / "objects" / court.context.store.head(segment.sha256).key
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(AudioError):
        transcribe_next(court.context)
    assert states(court) == [("done", 1), ("pending", 1), ("done", 1)]


def test_a_window_that_ends_its_workers_takes_none_to_the_dead_letters(court: Court) -> None:
    waiting(court, 3)
    court.record(spoken(seconds=6.0), sequence=3, start=3 * SECONDS * 48_000)
    with court.database.begin() as work:
        work.windows.add(HEARING, 3, offered=court.moment)
    court.engine = Counting(longest=4.0, end=Death())
    working = True
    while working:
        with suppress(Death):
            working = transcribe_next(court.context)
        court.moment += timedelta(hours=1)
    assert states(court) == [("done", 2), ("done", 2), ("done", 2), ("failed", MAX_ATTEMPTS + 1)]
    assert faults(court) == []


@pytest.mark.parametrize("tried", ["its worker died", "it failed"])
def test_what_was_tried_before_comes_alone(court: Court, tried: str) -> None:
    waiting(court, 4)
    with court.database.begin() as work:
        for sequence in (0, 2):
            assert work.windows.claim(HEARING, sequence, court.moment)
            if tried == "it failed":
                work.windows.failed(HEARING, sequence, "The recogniser is out of memory.")
    court.moment += timedelta(hours=1)
    with court.database.begin() as work:
        work.windows.offer_failed(court.moment)
    assert transcribe_next(court.context)
    assert states(court) == [before(tried), ("done", 1), before(tried), ("done", 1)], "those never tried"
    assert transcribe_next(court.context)
    assert states(court) == [("done", 2), ("done", 1), before(tried), ("done", 1)]
    assert transcribe_next(court.context)
    assert [one.get("together") for one in court.transcripts()] == [[1, 3], [1, 3], None, None]


def before(tried: str) -> tuple[str, int]:
    return ("claimed" if tried == "its worker died" else "pending"), 1


def in_the_midst(court: Court, do: Callable[[], None]) -> None:
    assert isinstance(court.engine, Counting)
    court.engine.before = do


def test_a_window_that_another_worker_took_over_is_left_to_it(court: Court) -> None:
    waiting(court, 3)

    def taken_over() -> None:
        in_the_midst(court, lambda: None)
        with court.database.begin() as work:
            assert work.windows.claim(HEARING, 1, court.moment + timedelta(hours=1))

    in_the_midst(court, taken_over)
    assert transcribe_next(court.context)
    assert states(court) == [("done", 1), ("claimed", 2), ("done", 1)]
    assert [one["sequence"] for one in court.transcripts()] == [0, 2]


def test_two_workers_share_what_waits(court: Court) -> None:
    waiting(court, 3)

    def another_worker() -> None:
        in_the_midst(court, lambda: None)
        assert not transcribe(court.context, HEARING, 1)
        assert not transcribe_next(court.context), "all of it is claimed"

    in_the_midst(court, another_worker)
    assert transcribe_next(court.context)
    assert states(court) == [("done", 1)] * 3
    assert len(court.transcripts()) == 3
