"""What is doubtful is flagged with its reason, and what is not is left alone."""

import pytest

from transcribe.engines.port import EngineSegment
from transcribe.guard import SILENCE_PHRASES, Doubt, doubts, no_speech
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
        "Чоң рахмат, урматтуу сот.",
        "Рақмет, құрметті сот.",
        "Музыка играла до утра, соседи жаловались.",
        "Ааа, сумма 1000000 сомов.",
    ],
)
def test_plain_speech_raises_no_doubt(text: str) -> None:
    assert doubts(words(text), [segment()], seconds=4.0) == ()


@pytest.mark.parametrize(
    ("text", "seconds", "doubt"),
    [
        ("да да да да", 4.0, Doubt.REPETITION),
        ("это Сууууууу", 4.0, Doubt.REPETITION),
        ("и вот так, и вот так, и вот так, и вот так", 9.0, Doubt.REPETITION),
        ("раз два три четыре пять шесть семь", 1.0, Doubt.TOO_FAST),
        ("Продолжение следует...", 3.0, Doubt.SILENCE_PHRASE),
        ("Субтитры сделал DimaTorzok", 3.0, Doubt.SILENCE_PHRASE),
        ("Thanks for watching!", 3.0, Doubt.SILENCE_PHRASE),
        ("И наконец: Спасибо за просмотр!", 4.0, Doubt.SILENCE_PHRASE),
        ("ВЕСЁЛАЯ МУЗЫКА", 3.0, Doubt.SILENCE_PHRASE),
        ("Көргөнүңүздөр үчүн рахмат!", 3.0, Doubt.SILENCE_PHRASE),
        ("Қарағандарыңызға рахмет.", 3.0, Doubt.SILENCE_PHRASE),
        ("Арнаға жазылыңыз", 3.0, Doubt.SILENCE_PHRASE),
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


def test_phrases_are_written_as_they_are_compared() -> None:
    assert [one for one in SILENCE_PHRASES if one != one.lower().replace("ё", "е")] == []


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (Word("ственно", 1.0, 1.4, 0.2), (Doubt.CUT_WORD,)),
        (Word("Ответственно", 1.0, 1.4, 0.8), ()),
        (Word("ственно", 1.2, 1.5, 0.2), ()),
    ],
)
def test_a_word_at_the_edge_of_its_span_may_be_cut(first: Word, expected: tuple[Doubt, ...]) -> None:
    said = [first, Word("суд", 1.6, 1.9, 0.99), Word("удаляется", 1.9, 2.4, 0.99)]
    assert doubts(said, [segment()], 2.0, cuts=(1.0, 3.0)) == expected
    backwards = [Word(one.text, 4.0 - one.end, 4.0 - one.start, one.probability) for one in reversed(said)]
    assert doubts(backwards, [segment()], 2.0, cuts=(1.0, 3.0)) == expected, "at the end as at the beginning"


def test_no_speech_takes_two_witnesses() -> None:
    cough = [segment(no_speech=0.5), segment(no_speech=0.9)]
    assert no_speech(cough, lambda: 0.3)
    assert not no_speech(cough, lambda: 0.6), "the detector is sure of speech"
    assert not no_speech([segment(no_speech=0.7), segment()], lambda: 0.3), "the recogniser is, of a part"
    assert not no_speech([], lambda: 0.3), "nothing recognised is another matter"


def test_the_detector_is_asked_only_where_the_recogniser_doubts() -> None:
    def asked() -> float:
        raise AssertionError

    assert not no_speech([segment()], asked)


def test_what_was_no_speech_says_so() -> None:
    assert doubts([], [segment(no_speech=0.8)], 2.0) == (Doubt.NO_SPEECH,)
