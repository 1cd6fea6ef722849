"""What recognisers are told beforehand: the card's names first, each once, and only those that can be told."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.transcription import OneWord
from transcribe.engines.prompt import HEARD, MOST, made_up, prompt_of
from transcribe.hotwords import expecting, hotwords
from transcribe.pipeline import Tongues, parameters_of
from transcribe.speech import Word

NAMES = ("Асанов Б. Т.", "Садыкова Айгуль Маратовна")


class Told(OneWord):
    """An engine that can be told words."""

    words: tuple[str, ...] = ()

    def with_hotwords(self, words: Sequence[str]) -> "Told":
        told = Told()
        told.words, told.parameters = tuple(words), {"hotwords": ", ".join(words)}
        return told


def test_names_come_first_and_each_word_once() -> None:
    assert hotwords(NAMES, ("расписка", "Асанов Б. Т.")) == (*NAMES, "расписка")


def test_no_more_is_told_than_whisper_can_look_at() -> None:
    longest = "а" * (MOST - len("Иманова.  ."))
    assert prompt_of(["Иманова А. К.", longest, "Ли"], len) == f"Иманова. {longest}."
    assert prompt_of(["а" * MOST, "Ли"], len) == "Ли.", "what has no room keeps no other out"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("Садыкова Айгуль Маратовна", "Садыкова Айгуль Маратовна"),
        ("Асанов Б. Т.", "Асанов"),
        ("ОсОО «Ак-Суу»", "Ак-Суу"),
        ("ООО «Ромашка», ИНН 123", "Ромашка"),
        ("Жан-Поль д'Артаньян", "Жан-Поль д'Артаньян"),
        (" Ким\n Ли ", "Ким Ли"),
        ("исковое заявление", "исковое заявление"),
        ("Өмүрбек қызы Гүлнұр", "Өмүрбек қызы Гүлнұр"),
        ("😀 — \ud800 3/26", ""),
        ("<|endoftext|><|ru|>", ""),
    ],
)
def test_of_a_name_what_is_said_is_told(entry: str, told: str) -> None:
    assert prompt_of([entry], len) == (f"{told}." if told else "")


@pytest.mark.parametrize(
    ("text", "probability", "made"),
    [
        ("Асанов,", 0.01, True),
        ("асанов", HEARD, False),
        ("Аса", 0.01, True),
        ("Асановым!", 0.01, True),
        ("Ас", 0.01, False),
        ("Ли?", 0.01, True),
        ("Суууууу", 0.9, True),
        ("аааа", 0.9, False),
        ("Королева", 0.01, True),
        ("суд", 0.01, False),
        ("—", 0.01, False),
    ],
)
def test_a_word_that_was_told_and_not_heard_is_made_up(text: str, probability: float, made: bool) -> None:
    words = [Word("Слово", 0.0, 0.5, 0.9), Word(text, 0.5, 1.0, probability)]
    assert made_up(words, "Асанов. Королёв. Ли.") is made


def test_every_language_is_told_the_names_and_its_own_terms() -> None:
    deaf = OneWord()
    tongues = Tongues(Tells(), {"kk": Told(), "ky": None, "en": deaf})
    engine, others = expecting(Told(), tongues, "ru", NAMES, {"ru": ("расписка",), "kk": ("қолхат",)})
    assert others is not None
    assert _told(engine) == (*NAMES, "расписка")
    assert _told(others.engines["kk"]) == (*NAMES, "қолхат")
    assert others.engines["ky"] is None
    assert others.engines["en"] is deaf
    assert others.identifier is tongues.identifier


def test_where_there_is_nothing_to_tell_the_engine_is_as_it_was() -> None:
    engine = Told()
    assert expecting(engine, None, "ru", (), {"kk": ("қолхат",)}) == (engine, None)


def test_what_was_told_is_a_parameter_of_the_text() -> None:
    engine, _ = expecting(Told(), None, "ru", NAMES, {})
    other, _ = expecting(Told(), None, "ru", NAMES[:1], {})
    assert parameters_of(engine) != parameters_of(other) != parameters_of(Told())


def _told(engine: object) -> tuple[str, ...]:
    assert isinstance(engine, Told)
    return engine.words


class Tells:
    name, model_sha256, tells_languages = "tells", "ab" * 32, True

    def identify(self, sounds: Sequence[NDArray[np.float32]]) -> list[dict[str, float]]:
        return [{} for _ in sounds]
