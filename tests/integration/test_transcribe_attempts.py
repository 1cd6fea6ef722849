"""What goes wrong with a window: attempts, claims of workers that are slow or die, and altered evidence."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.db.models import Window
from storage.db.unit_of_work import Database
from storage.db.work import MAX_ATTEMPTS, NO_RECOGNISER
from storage.queue import DRAFT_PROTOCOL, TRANSCRIBE_WINDOW, make_queue
from tests.factories.ledger import HEARING
from tests.factories.transcription import Court, OneWord, spoken
from tests.factories.waiting import until
from transcribe import claims
from transcribe.engines.select import Engines
from transcribe.errors import AudioError, EngineError, NoEngine
from transcribe.settings import TranscribeSettings
from transcribe.tasks import register, transcribe


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Court:
    return Court(database, tmp_path)


def test_a_failure_is_shown_repeated_and_given_up(court: Court) -> None:
    court.open()
    court.record(spoken())
    engine = OneWord()

    def fail() -> None:
        raise EngineError("The recogniser is out of memory.")

    engine.before = fail
    court.engine = engine
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert court.offered() == []
        with pytest.raises(EngineError):
            transcribe(court.context, HEARING, 0)
        state = "failed" if attempt == MAX_ATTEMPTS else "pending"
        assert court.window() == (state, attempt, "The recogniser is out of memory.")
    assert not transcribe(court.context, HEARING, 0), "nobody tries again"
    assert court.offered() == [(DRAFT_PROTOCOL, [HEARING])], "the protocol is drafted without it"
    assert court.transcripts() == []


def test_a_language_without_an_engine_is_given_up_at_once(court: Court) -> None:
    court.open(windows=2)
    context = replace(court.context, engine_for=Engines(TranscribeSettings(engines={"en": "none"}), court.folder))
    for sequence in range(2):
        with pytest.raises(NoEngine):
            transcribe(context, HEARING, sequence)
        state, attempts, error = court.window(sequence)
        assert (state, attempts) == ("failed", 1)
        assert "No recogniser is set for hearings in 'ru'" in error
        with court.database.read() as work:
            found = work.windows.get(HEARING, sequence)
        assert found is not None
        assert found.reason == NO_RECOGNISER
    assert court.offered() == [(DRAFT_PROTOCOL, [HEARING])]


def test_what_went_wrong_is_told_once_and_not_by_celery(court: Court) -> None:
    court.open()
    app = make_queue()
    nothing = Engines(TranscribeSettings(engines={}), court.folder)
    register(app, replace(court.context, engine_for=nothing))
    app.tasks[TRANSCRIBE_WINDOW](HEARING, 0)
    assert court.window()[0] == "failed"


def test_a_failure_that_passes_leaves_no_trace_in_the_transcript(court: Court) -> None:
    court.open()
    court.record(spoken())
    engine = OneWord()
    court.engine = engine
    engine.before = lambda: (_ for _ in ()).throw(RuntimeError("CUDA out of memory"))
    with pytest.raises(RuntimeError):
        transcribe(court.context, HEARING, 0)
    assert court.window() == ("pending", 1, "RuntimeError: CUDA out of memory")
    engine.before = lambda: None
    assert transcribe(court.context, HEARING, 0)
    assert court.window() == ("done", 2, "")
    assert len(court.transcripts()) == 1


def test_a_window_that_kills_its_workers_is_given_up(court: Court) -> None:
    court.open()
    court.record(spoken())
    for _ in range(MAX_ATTEMPTS):  # claimed, and never heard of again
        with court.database.begin() as work:
            assert work.windows.claim(HEARING, 0, court.moment)
        court.moment += timedelta(hours=1)
    assert not transcribe(court.context, HEARING, 0)
    state, _, error = court.window()
    assert (state, error) == ("failed", f"The worker died {MAX_ATTEMPTS} times at this window.")
    assert court.offered() == [(DRAFT_PROTOCOL, [HEARING])]


def test_a_worker_that_was_too_slow_stores_nothing(court: Court) -> None:
    court.open()
    court.record(spoken())
    slow = OneWord()
    fast = replace(court, engine=OneWord(), moment=court.moment + timedelta(hours=1))
    slow.before = lambda: assert_true(transcribe(fast.context, HEARING, 0))
    court.engine = slow
    assert not transcribe(court.context, HEARING, 0)
    assert court.window() == ("done", 2, "")
    assert len(court.transcripts()) == 1


def test_a_worker_whose_window_another_has_taken_over_stores_nothing(court: Court) -> None:
    court.open()
    court.record(spoken())
    slow = OneWord()
    taken: list[Window | None] = []

    def taken_over() -> None:
        with court.database.begin() as work:
            taken.append(work.windows.claim(HEARING, 0, court.moment + timedelta(hours=1)))

    slow.before, court.engine = taken_over, slow
    assert not transcribe(court.context, HEARING, 0)
    assert taken[0] is not None
    assert court.window() == ("claimed", 2, "")
    assert court.transcripts() == []


def test_a_claim_that_another_worker_has_is_neither_renewed_nor_given_back(court: Court) -> None:
    court.open()
    later = court.moment + timedelta(hours=1)
    with court.database.begin() as work:
        first = work.windows.claim(HEARING, 0, court.moment)
    assert first is not None
    with court.database.begin() as work:
        assert work.windows.claim(HEARING, 0, later) is not None
    with court.database.begin() as work:
        assert not work.windows.renew(first, later)
        assert not work.windows.release(first, later)
    assert court.window() == ("claimed", 2, "")


def test_a_claim_given_back_counts_no_attempt(court: Court) -> None:
    court.open()
    with court.database.begin() as work:
        claim = work.windows.claim(HEARING, 0, court.moment)
        assert claim is not None
        assert work.windows.release(claim, court.moment)
    assert court.window() == ("pending", 0, "")


def test_a_claim_is_renewed_for_as_long_as_its_worker_works(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RENEWED_EVERY", timedelta(0))
    court.open()
    court.record(spoken())
    engine = OneWord()

    def long_work() -> None:
        court.moment += timedelta(minutes=10)
        until(lambda: claimed_at() == court.moment)
        with court.database.begin() as work:
            assert work.windows.claim(HEARING, 0, court.moment + timedelta(minutes=1)) is None

    def claimed_at() -> datetime | None:
        with court.database.read() as work:
            found = work.windows.get(HEARING, 0)
        return found.claimed_at if found else None

    engine.before, court.engine = long_work, engine
    assert transcribe(court.context, HEARING, 0)
    assert court.window() == ("done", 1, "")


def assert_true(value: bool) -> None:
    assert value


def test_altered_evidence_is_not_transcribed(court: Court) -> None:
    court.open()
    court.record(spoken())
    with court.database.read() as work:
        segment = work.hearings.segment(HEARING, "mic-judge", 0)
    assert segment is not None
    path = court.folder / "objects" / court.context.store.head(segment.sha256).key
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(AudioError, match=f"{segment.sha256} .* was altered"):
        transcribe(court.context, HEARING, 0)
    assert court.window()[0] == "pending"
    assert hashlib.sha256(content).hexdigest() not in court.window()[2]
