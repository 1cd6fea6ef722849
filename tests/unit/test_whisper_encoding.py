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
    TOKENS_PER_SECOND,
    WINDOW,
    encoded_samples,
    most_tokens,
    unsaid_from,
)
from transcribe.engines.port import EngineSegment, Sound
from transcribe.engines.prompt import CONTEXT, MOST, SPEECHLESS_TOLD, max_length
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


def test_no_text_is_longer_than_anybody_speaks() -> None:
    assert most_tokens(0) > 0
    assert most_tokens(9 * SAMPLE_RATE) - most_tokens(2 * SAMPLE_RATE) == 7 * TOKENS_PER_SECOND


@pytest.mark.parametrize("prompt", [4, MOST + 4])
@pytest.mark.parametrize("tokens", [1, 100, CONTEXT // 2])
def test_behind_any_prompt_there_is_room_for_the_text(prompt: int, tokens: int) -> None:
    given = max_length(prompt, tokens)
    written = min(given // 2, given - prompt)  # what CTranslate2 makes of it
    assert written >= tokens
    assert prompt + written <= CONTEXT


def test_nothing_is_written_beyond_what_the_model_looks_at() -> None:
    assert max_length(4, CONTEXT) == CONTEXT


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


class OnCard:
    """A model on a graphics card, as faster-whisper and CTranslate2 show it."""

    width, n_mels = 1280, 128

    def __init__(self, path: str, **options: object) -> None:
        assert options["device"] == "cuda"
        self.model = self

    def encode(self, features: np.ndarray) -> "np.ndarray":
        assert features.shape == (self.n_mels, 3000), "the window that shows what encoding takes"
        return np.zeros((1, 1500, self.width))


@pytest.mark.parametrize(("free_gib", "batch"), [(0.1, 1), (2, 2), (24, BATCH), (None, BATCH)])
def test_a_card_decodes_as_many_windows_at_once_as_its_free_memory_holds(
    free_gib: float | None, batch: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(whisper, "verify", lambda name, folder: folder / name)
    monkeypatch.setattr(whisper, "WhisperModel", OnCard)
    monkeypatch.setattr(whisper.ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(whisper, "memory", lambda what: free_gib and round(free_gib * 2**30))
    engine = WhisperEngine("whisper-base", tmp_path)
    assert engine.parameters["batch"] == batch
    decoder = Stopping()
    monkeypatch.setattr(engine, "_decoded", decoder)
    monkeypatch.setattr(engine, "_check", lambda language: None)
    engine.transcribe_all(silence(*[1] * (BATCH + 1)), "ru")
    assert max(map(len, decoder.given)) == batch


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


def test_a_sound_of_which_a_told_name_was_made_is_decoded_as_if_nothing_were_told(
    engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(self: WhisperEngine, sounds: Sequence[Sound], language: str | None) -> list[EngineSegment]:
        cough = [
            Word("Асанов", 0.0, 1.0, 0.01) if self.parameters.get("hotwords_sha256") else Word("кхм", 0.0, 1.0, 0.4)
        ]
        said = [Word("Асанов", 0.0, 1.0, 0.5)]
        return [EngineSegment(tuple(cough if len(one) == SAMPLE_RATE else said), 0.1, 1.0, -0.3) for one in sounds]

    monkeypatch.setattr(WhisperEngine, "_decoded", decode)
    monkeypatch.setattr(WhisperEngine, "_check", lambda self, language: None)
    monkeypatch.setattr(whisper, "prompt_of", lambda words, tokens: ", ".join(words))
    told = engine.with_hotwords(["Асанов"])
    texts = [[word.text for one in some for word in one.words] for some in told.transcribe_all(silence(1, 2), "ru")]
    assert texts == [["кхм"], ["Асанов"]]


@pytest.mark.parametrize(("no_speech", "text"), [(SPEECHLESS_TOLD, "told"), (SPEECHLESS_TOLD + 0.01, "untold")])
def test_where_perhaps_nobody_speaks_nothing_is_told(
    no_speech: float, text: str, engine: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(self: WhisperEngine, sounds: Sequence[Sound], language: str | None) -> list[EngineSegment]:
        word = Word("told" if "hotwords_sha256" in self.parameters else "untold", 0.0, 1.0, 0.9)
        return [EngineSegment((word,), no_speech, 1.0, -0.3) for _ in sounds]

    monkeypatch.setattr(WhisperEngine, "_decoded", decode)
    monkeypatch.setattr(WhisperEngine, "_check", lambda self, language: None)
    monkeypatch.setattr(whisper, "prompt_of", lambda words, tokens: ". ".join(words))
    [[found]] = engine.with_hotwords(["Асанов"]).transcribe_all(silence(1), "ru")
    assert [one.text for one in found.words] == [text]


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
