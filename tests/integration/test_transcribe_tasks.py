"""The transcription task on both databases: once, whole, in the ledger, and what its recogniser is told."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.db.unit_of_work import Database
from storage.queue import DRAFT_PROTOCOL, TRANSCRIBE_WINDOW, EmbeddedWorker, Sweeper, make_queue
from storage.turns import FIRST_RUN
from tests.factories.ledger import HEARING, MOMENT
from tests.factories.queues import empty_embedded_broker
from tests.factories.transcription import OTHER_HEARING, TRACKS, Court, OneWord, spoken
from tests.factories.voices import room
from tests.factories.waiting import until
from tests.speech import festvox_ru
from transcribe.engines.whisper import WhisperEngine
from transcribe.pipeline import Tongues
from transcribe.records import parameters_key, utterances_sha256
from transcribe.speech import plain
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
