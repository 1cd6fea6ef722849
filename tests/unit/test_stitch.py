"""Spans become utterances."""

from dataclasses import replace

import pytest

from transcribe.engines.port import EngineSegment
from transcribe.guard import Doubt
from transcribe.speech import SpeechSpan, Word, role_of
from transcribe.stitch import PAUSE, RecognisedSpan, stitch

SOURCE = EngineSegment((), 0.1, 1.2, -0.2)


def said(track: str, start: float, end: float, *texts: str) -> RecognisedSpan:
    words = tuple(Word(text, start, end, 0.9) for text in texts)
    return RecognisedSpan(SpeechSpan(track, start, end), words, (SOURCE,) if words else ())


def test_one_speaker_who_pauses_is_one_utterance() -> None:
    [one] = stitch([said("mic-judge", 1, 2, "Суд"), said("mic-judge", 2 + PAUSE, 5, "идёт.")], 0, (0, 30))
    assert (one.start, one.end, one.text) == (1, 5, "Суд идёт.")
    assert [word.text for word in one.words] == ["Суд", "идёт."]


def test_an_utterance_begins_and_ends_where_its_voice_is_heard() -> None:
    spans = [
        replace(said("mic-judge", 1, 2, "Суд"), span=SpeechSpan("mic-judge", 1, 2, lead=0.2, tail=0.3)),
        replace(said("mic-judge", 3, 5, "идёт."), span=SpeechSpan("mic-judge", 3, 5, lead=0.1, tail=0.4)),
    ]
    [one] = stitch(spans, 10, (0, 30))
    assert (one.start, one.end) == (11.2, 14.6)


def test_a_long_pause_or_another_speaker_ends_an_utterance() -> None:
    spans = [
        said("mic-judge", 0, 1, "Истец?"),
        said("mic-claimant", 1.2, 2, "Да."),
        said("mic-judge", 2.2, 3, "Говорите."),
        said("mic-judge", 3.1 + PAUSE, 6, "Тишина!"),
    ]
    assert [(one.role, one.text) for one in stitch(spans, 0, (0, 30))] == [
        ("judge", "Истец?"),
        ("claimant", "Да."),
        ("judge", "Говорите."),
        ("judge", "Тишина!"),
    ]


def test_two_at_once_are_two_in_order_of_their_start() -> None:
    spans = [said("mic-respondent", 4, 7, "Неправда."), said("mic-claimant", 1, 5, "Он", "взял.")]
    assert [(one.track, one.start, one.end) for one in stitch(spans, 0, (0, 30))] == [
        ("mic-claimant", 1, 5),
        ("mic-respondent", 4, 7),
    ]


def test_times_move_to_the_hearings_timeline() -> None:
    [one] = stitch([said("mic-judge", 1, 2, "Суд")], 100, (0, 30))
    assert (one.start, one.end, one.words[0].start, one.words[0].end) == (101, 102, 101, 102)


def test_speech_without_words_is_kept_and_flagged() -> None:
    [one] = stitch([said("mic-witness-2", 1, 2)], 0, (0, 30))
    assert (one.role, one.text, one.words, one.flags) == ("witness", "", (), ("unrecognised",))


def test_a_tracks_role() -> None:
    assert [role_of(one) for one in ("mic-judge", "mic-witness-left-2", "cam-hall", "mix")] == [
        "judge",
        "witness",
        "",
        "",
    ]


def unsure(start: float, end: float) -> RecognisedSpan:
    """A span whose first word the recogniser hardly believes, and whose other words it does."""
    words = [Word("чтобы", start, start + 0.2, 0.1), *(Word("суд", start + 0.3, start + 0.6, 0.9) for _ in range(5))]
    return RecognisedSpan(SpeechSpan("mic-judge", start, end), tuple(words), ())


@pytest.mark.parametrize(
    ("spans", "cut"),
    [
        ([unsure(0.0, 4.0)], True),
        ([unsure(3.0, 6.0)], False),
        ([unsure(3.0, 15.0)], False),
        ([unsure(1.0, 5.0), unsure(5.0, 9.0)], True),
        ([unsure(1.0, 5.0), unsure(5.5, 9.0)], False),
    ],
    ids=["begun before", "between pauses", "going on", "cut in two", "after a pause"],
)
def test_only_where_speech_was_cut_a_word_may_be(spans: list[RecognisedSpan], cut: bool) -> None:
    [one] = stitch(spans, 60, (0, 15))
    assert (Doubt.CUT_WORD in one.flags) == cut
