"""Spans in windows and words back on the timeline."""

import numpy as np
import pytest

from transcribe.pack import Piece, Window, pack, place, sound_of
from transcribe.speech import SAMPLE_RATE, SpeechSpan, Word

JUDGE, CLAIMANT = "mic-judge", "mic-claimant"


@pytest.mark.parametrize(("pause", "kept"), [(0.5, 0.5), (7.0, 1.0), (0.1, 0.3), (-1.0, 0.3)])
def test_spans_share_a_window_with_a_pause_between(pause: float, kept: float) -> None:
    spans = [SpeechSpan(JUDGE, 2.0, 5.0), SpeechSpan(CLAIMANT, 5.0 + pause, 6.0 + pause)]
    [window] = pack(spans)
    assert [piece.at for piece in window.pieces] == [0.0, pytest.approx(3.0 + kept)]
    assert window.seconds == pytest.approx(4.0 + kept)


def test_a_span_that_does_not_fit_opens_a_window() -> None:
    spans = [SpeechSpan(JUDGE, 0.0, 20.0), SpeechSpan(JUDGE, 21.0, 31.0)]
    assert [window.pieces[0].span for window in pack(spans)] == spans


def test_a_span_longer_than_a_window_is_cut_evenly() -> None:
    windows = pack([SpeechSpan(JUDGE, 0.0, 70.0)])
    cut = [piece.span for window in windows for piece in window.pieces]
    assert [(one.start, one.end) for one in cut] == [
        (0.0, pytest.approx(70 / 3)),
        (pytest.approx(70 / 3), pytest.approx(140 / 3)),
        (pytest.approx(140 / 3), 70.0),
    ]


def test_only_the_span_s_own_edges_are_faint() -> None:
    windows = pack([SpeechSpan(JUDGE, 0.0, 50.0, lead=0.3, tail=0.2)])
    assert [(piece.span.begins, piece.span.ends) for one in windows for piece in one.pieces] == [
        (0.3, 25.0),
        (25.0, 49.8),
    ]
    assert [piece.span.seconds for one in windows for piece in one.pieces] == [25.0, 25.0], "all of it is heard"


def test_no_word_is_where_its_voice_is_not_heard_yet() -> None:
    window = Window((Piece(SpeechSpan(JUDGE, 10.0, 14.0, lead=0.5, tail=1.0), 0.0),))
    assert place(window, Word("Суд", 0.1, 1.0, 1.0))[1] == Word("Суд", 10.5, 11.0, 1.0)
    assert place(window, Word("идёт.", 2.5, 4.0, 1.0))[1] == Word("идёт.", 12.5, 13.0, 1.0)


def test_shorter_windows_cut_no_span() -> None:
    spans = [SpeechSpan(JUDGE, 0.0, 4.0), SpeechSpan(JUDGE, 4.5, 9.0), SpeechSpan(JUDGE, 10.0, 30.0)]
    assert [len(window.pieces) for window in pack(spans, longest=15.0)] == [2, 1]
    assert [piece.span for window in pack(spans, longest=0.0) for piece in window.pieces] == spans


def test_nobody_speaks_no_window() -> None:
    assert pack([]) == []


def test_each_piece_sounds_from_its_own_microphone_with_silence_between() -> None:
    pcm = {JUDGE: np.full(8 * SAMPLE_RATE, 16384, np.int16), CLAIMANT: np.full(8 * SAMPLE_RATE, -16384, np.int16)}
    [window] = pack([SpeechSpan(JUDGE, 1.0, 2.0), SpeechSpan(CLAIMANT, 2.5, 3.5)])
    sound = sound_of(window, pcm)
    assert sound.dtype == np.float32
    assert sound.size == 2.5 * SAMPLE_RATE
    first, between, second = np.split(sound, [SAMPLE_RATE, SAMPLE_RATE * 3 // 2])
    assert (first.min(), first.max()) == (0.5, 0.5)
    assert not between.any()
    assert (second.min(), second.max()) == (-0.5, -0.5)


def test_sound_that_ends_before_its_span_is_followed_by_silence() -> None:
    [window] = pack([SpeechSpan(JUDGE, 0.0, 2.0)])
    sound = sound_of(window, {JUDGE: np.full(SAMPLE_RATE, 16384, np.int16)})
    assert sound.size == 2 * SAMPLE_RATE
    assert not sound[SAMPLE_RATE:].any()


@pytest.mark.parametrize(
    ("heard", "piece", "start", "end"),
    [
        ((0.2, 0.8), 0, 10.2, 10.8),
        ((0.9, 1.2), 0, 10.9, 11.0),  # runs into the silence: ends with its span
        ((1.3, 1.9), 1, 20.0, 20.4),  # begins in the silence: starts with its span
        ((0.7, 1.6), 0, 10.7, 11.0),  # most of it lies in the first
        ((1.15, 1.2), 0, 11.0, 11.0),  # wholly in the silence: the nearest
        ((1.4, 1.45), 1, 20.0, 20.0),
        ((9.0, 9.5), 1, 21.0, 21.0),  # after the end of all
    ],
)
def test_a_word_returns_to_its_span(heard: tuple[float, float], piece: int, start: float, end: float) -> None:
    first, second = SpeechSpan(JUDGE, 10.0, 11.0), SpeechSpan(CLAIMANT, 20.0, 21.0)
    window = Window((Piece(first, 0.0), Piece(second, 1.5)))
    index, word = place(window, Word("суд", *heard, 0.9))
    assert (index, word.text, word.probability) == (piece, "суд", 0.9)
    assert (word.start, word.end) == (pytest.approx(start), pytest.approx(end))
