"""The transcription task on both databases: once, whole, in the ledger, and visible when it fails."""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.db.models import Window
from storage.db.unit_of_work import Database
from storage.db.work import MAX_ATTEMPTS, NO_RECOGNISER
from storage.queue import DRAFT_PROTOCOL, TRANSCRIBE_WINDOW, EmbeddedWorker, Sweeper, make_queue
from storage.turns import FIRST_RUN
from tests.factories.ledger import HEARING, MOMENT
from tests.factories.queues import empty_embedded_broker
from tests.factories.transcription import OTHER_HEARING, TRACKS, Court, OneWord, spoken
from tests.factories.voices import room
from tests.factories.waiting import until
from tests.speech import festvox_ru
from transcribe import claims
from transcribe.engines.select import Engines
from transcribe.engines.whisper import WhisperEngine
from transcribe.errors import AudioError, EngineError, NoEngine
from transcribe.evaluate import plain
from transcribe.pipeline import Tongues
from transcribe.records import parameters_key, utterances_sha256
from transcribe.settings import TranscribeSettings
from transcribe.tasks import register, transcribe


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Court:
    return Court(database, tmp_path)


def test_a_window_becomes_utterances_a_ledger_entry_and_the_offer_of_a_protocol(court: Court) -> None:
    court.open()
    court.record(spoken(start=1.0), start=10 * 48_000)
    assert transcribe(court.context, HEARING, 0)
    with court.database.read() as work:
        [row] = work.utterances.of(HEARING)
        segment = work.hearings.segment(HEARING, "mic-judge", 0)
    assert segment is not None
    assert (row.track, row.role, row.text, row.language) == ("mic-judge", "judge", "слово-ru", "ru")
    assert row.start_ms == pytest.approx(11_000, abs=400)
    [word] = row.words
    # The recogniser hears the word from the span's lead on; where it is told to begin, the person does.
    assert (word["text"], word["start_ms"], word["probability"]) == ("слово-ru", row.start_ms, 0.75)
    assert row.start_ms < word["end_ms"] <= row.start_ms + 500
    assert (row.engine, row.model, row.segment_sha256) == ("one-word", "cd" * 32, segment.sha256)
    assert row.parameters_key == parameters_key(OneWord())
    [body] = court.transcripts()
    assert (body["sequence"], body["engine"], body["model_sha256"]) == (0, "one-word", "cd" * 32)
    assert body["utterances_sha256"] == utterances_sha256([row])
    assert {"track": "mic-judge", "sha256": segment.sha256} in body["segments"]
    assert court.window() == ("done", 1, "")
    assert court.offered() == [(DRAFT_PROTOCOL, [HEARING])]


class Kyrgyz(OneWord):
    """Another engine, and what takes everything for its language, or nearly so."""

    name, model_sha256, tells_languages = "kyrgyz", "ef" * 32, True
    heard: Mapping[str, float] = {"ky": 0.99, "ru": 0.001}

    def identify(self, sounds: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        return [dict(self.heard) for _ in sounds]


@pytest.mark.parametrize(
    ("heard", "language", "text", "alternative", "flags"),
    [
        ({"ky": 0.99, "ru": 0.001}, "ky", "слово-ky", {}, []),
        ({"ky": 0.6, "ru": 0.2}, "ru", "слово-ru", {"language": "ky", "text": "слово-ky"}, ["language_doubtful"]),
    ],
)
def test_what_is_said_in_another_language_is_stored_as_that(
    court: Court, heard: dict[str, float], language: str, text: str, alternative: dict[str, str], flags: list[str]
) -> None:
    court.open()
    court.record(spoken())
    kyrgyz = Kyrgyz()
    kyrgyz.heard = heard
    tongues = Tongues(kyrgyz, {"ky": kyrgyz})
    assert transcribe(replace(court.context, tongues_for=lambda language: tongues), HEARING, 0)
    with court.database.read() as work:
        [row] = work.utterances.newest(HEARING)
    assert (row.language, row.text, row.alternative, row.flags) == (language, text, alternative, flags)
    [body] = court.transcripts()
    assert body["parameters"]["engine_ky"] == "kyrgyz"
    assert body["parameters_key"] == row.parameters_key == parameters_key(OneWord(), tongues)
    assert body["utterances_sha256"] == utterances_sha256([row])
    with court.database.read() as work:
        made = [name for name, _ in work.utterances.models(HEARING, FIRST_RUN)]
    assert made == (["kyrgyz"] if language == "ky" else [OneWord().name, "kyrgyz"])  # which one really did it


class Expecting(OneWord):
    """An engine that writes down what it was told beforehand."""

    def with_hotwords(self, words: Sequence[str]) -> "Expecting":
        told = Expecting()
        told.parameters = {"hotwords_sha256": ", ".join(words)}
        return told


def test_recognisers_expect_the_names_of_the_card_and_the_courts_terms(court: Court) -> None:
    claimant = {"role": "claimant", "name": "Садыкова А. М.", "present": True}
    court.card = {"language": "ru", "judge": "Асанов Б. Т.", "participants": [claimant]}
    court.engine = Expecting()
    court.open()
    court.record(spoken())
    assert transcribe(replace(court.context, glossary={"ru": ("расписка",), "kk": ("қолхат",)}), HEARING, 0)
    [body] = court.transcripts()
    assert body["parameters"]["hotwords_sha256"] == "Асанов Б. Т., Садыкова А. М., расписка"
    with court.database.read() as work:
        assert work.utterances.hotwords_told(HEARING, FIRST_RUN)
        assert not work.utterances.hotwords_told(HEARING, FIRST_RUN + 1)


def test_a_spare_recording_is_told_the_names_of_the_hearing_it_stands_in_for(court: Court) -> None:
    court.engine = Expecting()
    court.card = {"language": "ru", "judge": "Асанов Б. Т."}
    court.open()
    court.card = {"language": "ru", "judge": ""}
    court.open(OTHER_HEARING)
    court.record(spoken(), OTHER_HEARING)
    with court.database.begin() as work:
        spare = work.hearings.get(OTHER_HEARING)
        assert spare is not None
        spare.spare_of = HEARING
    assert transcribe(court.context, OTHER_HEARING, 0)
    with court.database.read() as work:
        [body] = work.utterances.transcripts(OTHER_HEARING)
    assert body["parameters"]["hotwords_sha256"] == "Асанов Б. Т."


def test_delivered_twice_changes_nothing(court: Court) -> None:
    court.open()
    court.record(spoken())
    assert transcribe(court.context, HEARING, 0)
    assert not transcribe(court.context, HEARING, 0)
    assert court.texts() == [("mic-judge", "слово-ru")]
    assert len(court.transcripts()) == 1
    assert court.offered() == [(DRAFT_PROTOCOL, [HEARING])]


def test_two_workers_at_once_make_one_transcript(court: Court) -> None:
    court.open()
    court.record(spoken())
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(transcribe(court.context, HEARING, 0))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, True]
    assert len(court.transcripts()) == 1


def test_the_same_sound_in_two_hearings_is_transcribed_in_both(court: Court) -> None:
    for hearing in (HEARING, OTHER_HEARING):
        court.open(hearing)
        court.record(spoken(), hearing)
        transcribe(court.context, hearing, 0)
    assert court.texts(HEARING) == court.texts(OTHER_HEARING) == [("mic-judge", "слово-ru")]


def test_the_protocol_waits_for_the_last_window_and_for_the_end(court: Court) -> None:
    court.open(windows=2, state="recording")
    court.record(spoken(), sequence=0)
    court.record(spoken(), sequence=1, start=48_000 * 20)
    transcribe(court.context, HEARING, 0)
    with court.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        hearing.state = "ended"
    assert court.offered() == []
    transcribe(court.context, HEARING, 1)
    assert court.offered() == [(DRAFT_PROTOCOL, [HEARING])]


def test_a_hearing_that_goes_on_is_not_drafted(court: Court) -> None:
    court.open(state="recording")
    court.record(spoken())
    transcribe(court.context, HEARING, 0)
    assert court.offered() == []


def test_silence_and_missing_microphones_are_a_transcript_without_words(court: Court) -> None:
    court.open(windows=2)
    court.record(room([], 8.0, TRACKS))
    assert transcribe(court.context, HEARING, 0)
    assert transcribe(court.context, HEARING, 1)
    assert court.texts() == []
    assert [body["segments"] == [] for body in court.transcripts()] == [False, True]
    assert court.window(1)[0] == "done"


def test_a_microphone_that_came_later_stays_in_its_place(court: Court) -> None:
    court.open()
    pcm = spoken(start=1.0)
    court.record({"mic-judge": pcm["mic-judge"]}, start=0)
    court.record({"mic-claimant": pcm["mic-claimant"][8_000:]}, start=24_000)
    transcribe(court.context, HEARING, 0)
    assert [track for track, _ in court.texts()] == ["mic-judge"]


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


def test_an_unknown_window_or_hearing_is_nobodys_work(court: Court) -> None:
    assert not transcribe(court.context, OTHER_HEARING, 0)
    court.open(windows=1)
    assert not transcribe(court.context, HEARING, 7)


@pytest.fixture
def running(court: Court) -> Iterator[Court]:
    """The court with a real Celery worker in a thread."""
    empty_embedded_broker()
    app = make_queue()
    register(app, court.context)
    worker, sweeper = EmbeddedWorker(app), Sweeper(court.database, app, interval=timedelta(hours=1))
    worker.start()
    sweeper.start()
    yield court
    sweeper.stop()
    worker.stop()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_from_stored_segments_to_the_words_really_said(running: Court, whisper_base: WhisperEngine) -> None:
    running.engine = whisper_base
    running.open(state="recording", windows=0)
    running.record(spoken(seconds=30.0))
    with running.database.begin() as work:
        work.windows.add(HEARING, 0, offered=MOMENT)  # as ingest does: once all its segments are there
        work.outbox.put(TRANSCRIBE_WINDOW, [HEARING, 0], MOMENT)
    until(lambda: running.window()[0] == "done", running.window)
    [(track, text)] = running.texts()
    assert track == "mic-judge"
    meant, said = set(plain(festvox_ru(1)[0].text).split()), set(plain(text).split())
    assert len(meant & said) > len(meant) / 2
