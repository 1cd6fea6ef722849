"""The measures themselves, on errors that can be counted by hand."""

import pytest

from transcribe.evaluate import letter_errors, speaker_errors, word_errors
from transcribe.speech import SpeechSpan, plain


def test_spelling_differences_that_are_none() -> None:
    assert plain("Ведётся аудио-запись, всё.") == plain("ведется аудио запись все")


def test_words_are_compared_speaker_by_speaker() -> None:
    reference = {"judge": "Суд идёт, прошу встать.", "claimant": "Да, уважаемый суд."}
    found = word_errors(reference, {"judge": "суд идет прошу стать", "claimant": "уважаемый"})
    assert (found.reference, found.substituted, found.deleted, found.inserted) == (7, 1, 2, 0)
    assert found.rate == pytest.approx(3 / 7)


def test_a_word_of_the_wrong_speaker_counts_twice() -> None:
    found = word_errors({"judge": "да", "claimant": "нет"}, {"judge": "да нет", "claimant": ""})
    assert (found.deleted, found.inserted) == (1, 1)


def test_words_of_somebody_who_never_spoke_are_insertions() -> None:
    assert word_errors({"judge": "да"}, {"judge": "да", "expert": "нет нет"}).inserted == 2


def test_words_written_together_lose_no_letters() -> None:
    together = ("Чтобы не ушёл, из-за него", "что бы неушел изза него")
    assert word_errors({"": together[0]}, {"": together[1]}).rate > 0.5
    assert letter_errors(*together).rate == 0
    found = letter_errors("суд идёт", "пир идет")
    assert (found.reference, found.substituted, found.deleted, found.inserted) == (7, 3, 0, 0)
    assert letter_errors("суд идёт", "суд").deleted == 4


def test_speaker_errors_by_kind() -> None:
    reference = [SpeechSpan("judge", 0, 4), SpeechSpan("claimant", 5, 8)]
    found = [SpeechSpan("judge", 0, 3), SpeechSpan("claimant", 5, 9)]
    errors = speaker_errors(reference, found, 10)
    assert (errors.reference, errors.missed, errors.false_alarm, errors.confused) == (7, 1, 1, 0)
    assert errors.rate == pytest.approx(2 / 7)
    assert speaker_errors(reference, found, 10, collar=1.0).rate == 0
