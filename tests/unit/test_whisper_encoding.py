"""How much Whisper encodes, and what it is asked once more."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from transcribe.engines import whisper
from transcribe.engines.encoding import (
    AFTER,
    LEAST,
    REST,
    TOKENS,
    WINDOW,
    encoded_samples,
    most_tokens,
    unsaid_from,
)
from transcribe.engines.port import EngineSegment, Sound
from transcribe.engines.whisper import BATCH, WhisperEngine
from transcribe.speech import SAMPLE_RATE, Word


@pytest.mark.parametrize(
    ("seconds", "encoded"),
    [
        ([0.0], LEAST),
        ([0.3], LEAST),
        ([LEAST - AFTER], LEAST),
        ([12.0], 12.0 + AFTER),
        ([12.4], 13.0 + AFTER),
        ([1.0, 17.0, 9.0], 17.0 + AFTER),
        ([WINDOW - 1.0], WINDOW),
        ([WINDOW], WINDOW),
    ],
)
def test_what_is_said_is_encoded_and_silence_behind_it(seconds: list[float], encoded: float) -> None:
    assert encoded_samples([round(one * SAMPLE_RATE) for one in seconds]) == encoded * SAMPLE_RATE


def test_no_text_is_longer_than_anybody_speaks_or_the_model_can_write() -> None:
    assert most_tokens(0) < most_tokens(2 * SAMPLE_RATE) < most_tokens(10 * SAMPLE_RATE) <= TOKENS
    assert most_tokens(30 * SAMPLE_RATE) == TOKENS


@pytest.mark.parametrize(("last", "expected"), [(4.0, None), (5.0, None), (3.9, 3.9), (0.4, 0.4)])
def test_what_follows_the_last_word_is_unsaid_if_it_is_long_enough(last: float, expected: float | None) -> None:
    assert unsaid_from(found(Word("суд", 0.0, last, 0.9)), 4.0 + REST) == expected


def test_where_nothing_was_recognised_or_perhaps_nobody_speaks_nothing_is_unsaid() -> None:
    assert unsaid_from(found(), 20.0) is None
    assert unsaid_from(found(Word("суд", 0.0, 1.0, 0.9), no_speech=0.5), 20.0) is None


def found(*words: Word, no_speech: float = 0.1) -> EngineSegment:
    return EngineSegment(words, no_speech, 1.0, -0.3)


class Stopping:
    """A decoder that writes one word, into the first second, and notes what it is given."""

    def __init__(self) -> None:
        self.given: list[list[int]] = []

    def __call__(self, sounds: Sequence[Sound], language: str | None) -> list[EngineSegment]:
        self.given.append([len(one) // SAMPLE_RATE for one in sounds])
        return [EngineSegment((Word(f"{len(one) // SAMPLE_RATE}", 0.0, 1.0, 0.9),), 0.1, 1.0, -0.3) for one in sounds]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WhisperEngine:
    monkeypatch.setattr(whisper, "verify", lambda name, folder: folder / name)
    monkeypatch.setattr(whisper, "WhisperModel", lambda path, **options: None)
    return WhisperEngine("whisper-base", tmp_path, device="cpu")


def silence(*seconds: int) -> list[Sound]:
    return [np.zeros(one * SAMPLE_RATE, np.float32) for one in seconds]


def test_where_the_model_stops_early_it_is_asked_about_the_rest_once(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = Stopping()
    monkeypatch.setattr(engine, "_decoded", decoder)
    monkeypatch.setattr(engine, "_check", lambda language: None)
    found = engine.transcribe_all(silence(1, 9, 2, 5), "ru")
    assert decoder.given == [[1, 2, 5, 9], [4, 8]], "of like length together; the rests by themselves"
    words = [[(word.text, word.start) for segment in one for word in segment.words] for one in found]
    assert words == [[("1", 0.0)], [("9", 0.0), ("8", 1.0)], [("2", 0.0)], [("5", 0.0), ("4", 1.0)]]


def test_no_more_sounds_are_decoded_at_once_than_a_batch(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = Stopping()
    monkeypatch.setattr(engine, "_decoded", decoder)
    monkeypatch.setattr(engine, "_check", lambda language: None)
    engine.transcribe_all(silence(*[1] * (BATCH + 1)), "ru")
    assert [len(lengths) for lengths in decoder.given] == [BATCH, 1]
    engine.transcribe(silence(40)[0], "ru")
    assert decoder.given[2:] == [[30], [29]], "30 s at most"
