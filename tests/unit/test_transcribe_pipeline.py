"""The pipeline with a recogniser that says exactly what it was given."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.voices import heard_everywhere, room
from transcribe import pipeline
from transcribe.engines.port import EngineSegment
from transcribe.pipeline import Tongues, parameters_of, transcribe_window
from transcribe.speech import SAMPLE_RATE, Word

TURNS = [("mic-judge", 1.0, 4.0), ("mic-claimant", 5.0, 8.0)]


class Listener:
    """An engine that hears one word, `seconds` long, in every loud stretch of the sound."""

    name, model_sha256 = "listener", "ab" * 32

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32]] = []

    @property
    def parameters(self) -> Mapping[str, str | int | bool]:
        return {"beam_size": 1}

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        self.heard.append(sound)
        loud = np.abs(sound) > 0.005
        moments = np.flatnonzero(loud) / SAMPLE_RATE
        stretches = np.split(moments, np.flatnonzero(np.diff(moments) > 0.2) + 1)
        words = tuple(Word(f"word{i}", float(one[0]), float(one[-1]), 0.9) for i, one in enumerate(stretches))
        return [EngineSegment(words, 0.0, 1.0, -0.1)]


everywhere = heard_everywhere(TURNS)


@pytest.fixture(autouse=True)
def slow_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """One word in three seconds, or in twelve, is enough here."""
    monkeypatch.setattr(pipeline, "LETTERS", 0.3)


def test_words_come_back_to_who_said_them_and_when() -> None:
    engine = Listener()
    found = transcribe_window(room(TURNS, 9.0), 60.0, "ru", engine, detect=everywhere)
    assert [(one.track, one.text) for one in found] == [("mic-judge", "word0"), ("mic-claimant", "word1")]
    for one, (_, start, end) in zip(found, TURNS, strict=True):
        assert (one.start, one.end) == (pytest.approx(60 + start, abs=0.25), pytest.approx(60 + end, abs=0.25))
        assert one.start <= one.words[0].start < one.words[0].end <= one.end
    assert len(engine.heard) == 1, "both spans fit one window of the recogniser"


class Forgetful(Listener):
    """Passes over everyone but the first speaker of a window."""

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        [all_of_it] = super().transcribe(sound, language)
        return [replace(all_of_it, words=all_of_it.words[:1])]


def test_a_speaker_who_was_passed_over_is_asked_about_alone() -> None:
    engine = Forgetful()
    found = transcribe_window(room(TURNS, 9.0), 0.0, "ru", engine, detect=everywhere)
    assert [(one.track, one.flags) for one in found] == [("mic-judge", ()), ("mic-claimant", ())]
    assert found[1].words[0].start == pytest.approx(5.0, abs=0.25)
    assert len(engine.heard) == 2


def test_a_speaker_of_whom_too_few_words_are_left_is_asked_about_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LETTERS", 8.0)
    turns = [("mic-judge", 1.0, 1.8), ("mic-claimant", 3.0, 6.0)]
    engine = Listener()
    found = transcribe_window(room(turns, 7.0), 0.0, "ru", engine, detect=heard_everywhere(turns))
    assert [one.text for one in found] == ["word0", "word0"], "asked about alone, it is believed"
    assert [round(sound.size / SAMPLE_RATE) for sound in engine.heard] == [5, 3], "the short one was not asked about"


class Looping(Listener):
    """Repeats itself where it hears more than one person."""

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        [found] = super().transcribe(sound, language)
        return [found if len(found.words) < 2 else replace(found, words=found.words * 20, compression_ratio=9.0)]


def test_a_window_in_which_it_repeats_itself_is_not_believed() -> None:
    engine = Looping()
    found = transcribe_window(room(TURNS, 9.0), 0.0, "ru", engine, detect=everywhere)
    assert [(one.track, one.text, one.flags) for one in found] == [
        ("mic-judge", "word0", ()),
        ("mic-claimant", "word0", ()),
    ]
    assert [round(sound.size / SAMPLE_RATE) for sound in engine.heard] == [7, 3, 3], "nor asked twice"


class LoopingAlways(Listener):
    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        [found] = super().transcribe(sound, language)
        return [replace(found, words=found.words * 5, compression_ratio=9.0)]


def test_what_it_repeats_of_one_person_alone_stays_and_is_flagged() -> None:
    found = transcribe_window(room(TURNS, 9.0), 0.0, "ru", LoopingAlways(), detect=everywhere)
    assert [one.text for one in found] == ["word0 word0 word0 word0 word0"] * 2
    assert all("repetition" in one.flags and "compressible" in one.flags for one in found)


class Deaf(Listener):
    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        self.heard.append(sound)
        return []


class Doubting(Listener):
    """Hears words, but believes that nobody speaks."""

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        return [replace(one, no_speech=0.9) for one in super().transcribe(sound, language)]


def test_what_neither_recogniser_nor_detector_takes_for_speech_stays_without_words() -> None:
    found = transcribe_window(room(TURNS, 9.0), 0.0, "ru", Doubting(), detect=everywhere)
    assert [(one.text, one.words, one.flags) for one in found] == [("", (), ("no_speech",))] * 2


class Together(Listener):
    """An engine for several sounds at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def transcribe_all(self, sounds: Sequence[NDArray[np.float32]], language: str | None) -> list[list[EngineSegment]]:
        self.batches.append(len(sounds))
        return [self.transcribe(one, language) for one in sounds]


class TogetherForgetful(Together, Forgetful):
    pass


def test_all_windows_go_to_an_engine_that_takes_several_at_once() -> None:
    turns = [("mic-judge", 1.0 + 13 * number, 13.0 + 13 * number) for number in range(4)]
    engine, alone = Together(), Listener()

    pcm = room(turns, 55.0)
    found = transcribe_window(pcm, 0.0, "ru", engine, detect=heard_everywhere(turns))
    assert engine.batches == [2]
    assert found == transcribe_window(pcm, 0.0, "ru", alone, detect=heard_everywhere(turns))


def test_those_passed_over_are_asked_about_together_and_then_alone() -> None:
    turns = [("mic-judge", 1.0, 3.0), ("mic-claimant", 4.0, 6.0), ("mic-respondent", 7.0, 9.0)]

    engine = TogetherForgetful()
    found = transcribe_window(room(turns, 10.0), 0.0, "ru", engine, detect=heard_everywhere(turns))
    assert [(one.track, bool(one.words)) for one in found] == [(track, True) for track, _, _ in turns]
    assert engine.batches == [1, 1, 1]
    assert [round(sound.size / SAMPLE_RATE) for sound in engine.heard] == [8, 5, 2]


def test_speech_no_word_is_recognised_in_stays_visible() -> None:
    found = transcribe_window(room(TURNS, 9.0), 0.0, "ru", Deaf(), detect=everywhere)
    assert [(one.track, one.text, one.flags) for one in found] == [
        ("mic-judge", "", ("unrecognised",)),
        ("mic-claimant", "", ("unrecognised",)),
    ]


def test_where_nobody_speaks_no_engine_is_asked() -> None:
    engine = Listener()
    silence = {track: np.zeros(10 * SAMPLE_RATE, np.int16) for track in ("mic-judge", "mic-claimant")}
    noise = room([], 10.0, noise_db=-40.0)
    assert transcribe_window(silence, 0.0, "ru", engine) == []
    assert transcribe_window(noise, 0.0, "ru", engine) == []
    assert transcribe_window({}, 0.0, "ru", engine) == []
    assert engine.heard == []


def test_a_microphone_that_was_lost_early_is_silent_from_then_on() -> None:
    pcm = room(TURNS, 9.0)
    pcm["mic-respondent"] = pcm["mic-respondent"][: 2 * SAMPLE_RATE]
    found = transcribe_window(pcm, 0.0, "ru", Listener(), detect=everywhere)
    assert [one.track for one in found] == ["mic-judge", "mic-claimant"]


def test_the_parameters_name_engine_and_pipeline() -> None:
    assert parameters_of(Listener()) == {
        "beam_size": 1,
        "engine": "listener",
        "diariser": "dominant_channels",
        "diariser_hop": 256,
        "audible_permille": 1,
        "window_ms": 30_000,
        "pause_ms": 300,
        "longest_pause_ms": 1_000,
        "second_window_ms": 9_000,
        "compression_percent": 240,
        "letters_per_ten_seconds": 3,
        "vad_min_silence_ms": 400,
        "vad_pad_ms": 120,
        "no_speech_percent": 40,
        "detected_percent": 50,
    }


class Tells:
    """Hears of every sound in turn what it was told to hear."""

    name, model_sha256, tells_languages = "tells", "ef" * 32, True

    def __init__(self, *heard: Mapping[str, float]) -> None:
        self._heard = heard

    def identify(self, sounds: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        return [dict(one) for one in self._heard[: len(sounds)]]


class Named(Listener):
    """Says its name and the language it was asked for, once for every loud stretch."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        [found] = super().transcribe(sound, language)
        return [replace(found, words=tuple(replace(one, text=f"{self.name}-{language}") for one in found.words))]


def in_languages(*heard: Mapping[str, float], kyrgyz: Named | None) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    """What comes of the two turns of a Russian hearing, if the identifier hears that."""
    tongues = Tongues(Tells(*heard), {"ky": kyrgyz, "en": Named("russian")})
    engine = Named("russian")
    found = transcribe_window(room(TURNS, 9.0), 0.0, "ru", engine, tongues=tongues, detect=everywhere)
    return [(one.text, one.language, one.other_language, one.other_text, one.flags) for one in found]


SURE, OTHER, UNSURE = {"ru": 0.99}, {"ru": 0.01, "kk": 0.98}, {"ru": 0.2, "kk": 0.8}


def test_each_span_is_recognised_in_its_own_language() -> None:
    assert in_languages(SURE, OTHER, kyrgyz=Named("kyrgyz")) == [
        ("russian-ru", "ru", "", "", ()),
        ("kyrgyz-ky", "ky", "", "", ()),
    ]


def test_both_texts_are_kept_where_the_language_is_doubtful() -> None:
    assert in_languages(SURE, UNSURE, kyrgyz=Named("kyrgyz"))[1] == (
        "russian-ru",
        "ru",
        "ky",
        "kyrgyz-ky",
        ("language_doubtful",),
    )


@pytest.mark.parametrize("heard", [OTHER, UNSURE])
def test_a_language_nothing_recognises_is_not_invented(heard: Mapping[str, float]) -> None:
    assert in_languages(SURE, heard, kyrgyz=None)[1] == ("russian-ru", "ru", "ky", "", ("no_recogniser",))


def test_one_microphones_languages_do_not_join_into_one_utterance() -> None:
    turns = [("mic-judge", 1.0, 4.0), ("mic-judge", 4.6, 8.0)]
    tongues = Tongues(Tells(SURE, OTHER), {"ky": Named("kyrgyz")})
    found = transcribe_window(
        room(turns, 9.0),
        0.0,
        "ru",
        Named("russian"),
        tongues=tongues,
        detect=heard_everywhere(turns),
    )
    assert [(one.track, one.language) for one in found] == [("mic-judge", "ru"), ("mic-judge", "ky")]


def test_the_parameters_name_every_languages_engine() -> None:
    found = parameters_of(Listener(), Tongues(Tells(), {"ky": Named("kyrgyz"), "kk": None}))
    assert found["identifier"] == "tells"
    assert (found["engine_ky"], found["engine_ky_sha256"], found["engine_ky_beam_size"]) == ("kyrgyz", "ab" * 32, 1)
    assert found["engine_kk"] == ""
    assert found != parameters_of(Listener(), Tongues(Tells(), {"ky": Named("another"), "kk": None}))
