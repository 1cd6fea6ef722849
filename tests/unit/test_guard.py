"""What is doubtful is flagged with its reason, and what is not is left alone."""

import pytest

from transcribe.engines.port import EngineSegment
from transcribe.guard import Doubt, doubts
from transcribe.speech import Word


def words(text: str, probability: float = 0.9) -> list[Word]:
    return [Word(one, 0.0, 0.1, probability) for one in text.split()]


def segment(no_speech: float = 0.1, compression_ratio: float = 1.2) -> EngineSegment:
    return EngineSegment((), no_speech, compression_ratio, -0.2)


@pytest.mark.parametrize(
    "text",
    [
        "Судебное заседание объявляется открытым.",
        "Нет, нет, нет, я этого не говорил.",
        "Да.",
        "The hearing is closed, thank you all.",
        "Продолжайте, суд вас слушает, следует ваша речь.",
    ],
)
def test_plain_speech_raises_no_doubt(text: str) -> None:
    assert doubts(words(text), [segment()], seconds=4.0) == ()


@pytest.mark.parametrize(
    ("text", "seconds", "doubt"),
    [
        ("да да да да", 4.0, Doubt.REPETITION),
        ("и вот так, и вот так, и вот так, и вот так", 9.0, Doubt.REPETITION),
        ("раз два три четыре пять шесть семь", 1.0, Doubt.TOO_FAST),
        ("Продолжение следует...", 3.0, Doubt.SILENCE_PHRASE),
        ("Субтитры сделал DimaTorzok", 3.0, Doubt.SILENCE_PHRASE),
        ("Thanks for watching!", 3.0, Doubt.SILENCE_PHRASE),
        ("И наконец: Спасибо за просмотр!", 4.0, Doubt.SILENCE_PHRASE),
    ],
)
def test_inventions_are_named(text: str, seconds: float, doubt: Doubt) -> None:
    assert doubts(words(text), [segment()], seconds) == (doubt,)


def test_the_recognisers_own_doubts_are_kept() -> None:
    said = words("Суд удаляется")
    assert doubts(said, [segment(), segment(no_speech=0.8)], 3.0) == (Doubt.NO_SPEECH,)
    assert doubts(said, [segment(compression_ratio=2.6)], 3.0) == (Doubt.COMPRESSIBLE,)
    assert doubts(words("Суд удаляется", 0.3), [segment()], 3.0) == (Doubt.LOW_PROBABILITY,)


def test_several_doubts_stand_side_by_side() -> None:
    found = doubts(words("да " * 20, 0.2), [segment(compression_ratio=5.0)], 1.0)
    assert found == (Doubt.REPETITION, Doubt.COMPRESSIBLE, Doubt.TOO_FAST, Doubt.LOW_PROBABILITY)


def test_speech_without_a_word_is_a_fact_to_look_at() -> None:
    assert doubts([], [], 2.0) == (Doubt.UNRECOGNISED,)
