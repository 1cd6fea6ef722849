"""Which language a span is in, and what an interpreter renders: decisions without sound."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.language import Guess, guess, rendered

COURT = ("ru", "ky", "en")


@dataclass(frozen=True)
class Said:
    id: str
    role: str
    language: str
    start: float
    end: float


@pytest.mark.parametrize(
    ("heard", "expected", "found"),
    [
        ({"ru": 0.95, "kk": 0.02}, "ru", Guess("ru")),
        ({"ru": 0.02, "en": 0.95}, "ru", Guess("en")),
        ({"ru": 0.30, "en": 0.60}, "ru", Guess("ru")),
        ({"ru": 0.12, "en": 0.80}, "ru", Guess("ru", "en")),
        ({"ru": 0.08, "en": 0.90}, "ru", Guess("en", "ru")),
        ({"el": 0.90}, "ru", Guess("ru")),
        ({}, "ky", Guess("ky")),
    ],
)
def test_the_cases_language_is_expected_and_evidence_outweighs_it(
    heard: dict[str, float], expected: str, found: Guess
) -> None:
    assert guess(heard, 3.0, expected, COURT) == found


def test_a_language_the_identifier_lacks_is_known_by_its_relatives() -> None:
    assert guess({"kk": 0.5, "uz": 0.2, "tt": 0.2, "ru": 0.01}, 3.0, "ru", COURT) == Guess("ky")
    assert guess({"ky": 0.0, "kk": 0.9, "ru": 0.05}, 3.0, "ru", COURT) == Guess("ru"), "what it knows it is asked for"


def test_what_is_too_short_tells_nothing() -> None:
    assert guess({"en": 1.0}, 0.9, "ru", COURT) == Guess("ru")


def test_a_court_of_one_language_is_never_in_doubt() -> None:
    assert guess({"en": 1.0}, 9.0, "ru", ("ru",)) == Guess("ru")


@given(
    st.dictionaries(st.sampled_from(["ru", "en", "kk", "uz", "de"]), st.floats(0, 1)),
    st.floats(0, 40),
    st.sampled_from(COURT),
)
def test_only_the_courts_languages_are_ever_found(heard: dict[str, float], seconds: float, expected: str) -> None:
    found = guess(heard, seconds, expected, COURT)
    assert found.language in COURT
    assert found.other == "" or (found.other in COURT and found.other != found.language)


def test_an_interpreter_renders_the_turn_before() -> None:
    said = [
        Said("1", "judge", "ru", 0, 3),
        Said("2", "witness", "ky", 4, 8),
        Said("3", "witness", "ky", 9, 12),
        Said("4", "interpreter", "ru", 13, 18),
        Said("5", "interpreter", "ru", 20, 22),
        Said("6", "judge", "ru", 23, 26),
        Said("7", "interpreter", "ky", 27, 30),
    ]
    assert rendered(said) == {"4": ("2", "3"), "5": ("2", "3"), "7": ("6",)}


def test_an_interpreter_after_nobody_renders_nobody() -> None:
    assert rendered([Said("1", "judge", "ru", 0, 3), Said("2", "interpreter", "ru", 4, 6)]) == {}
    assert rendered([Said("1", "judge", "ky", 0, 3), Said("2", "interpreter", "ru", 90, 95)]) == {}, "too long ago"


def test_an_interpreter_who_speaks_over_the_witness_renders_what_is_being_said() -> None:
    assert rendered([Said("1", "witness", "ky", 0, 9), Said("2", "interpreter", "ru", 2, 10)]) == {"2": ("1",)}


def test_a_question_in_the_interpreters_own_language_is_passed_over() -> None:
    said = [Said("1", "witness", "ky", 0, 4), Said("2", "judge", "ru", 5, 6), Said("3", "interpreter", "ru", 7, 9)]
    assert rendered(said) == {"3": ("1",)}
