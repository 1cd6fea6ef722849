"""Packing loses nothing, cuts nothing it need not, and every word finds back."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.pack import LONGEST, PAUSE, pack, place
from transcribe.speech import SpeechSpan, Word

MOMENT = st.integers(0, 3_600_000).map(lambda ms: ms / 1000)
LENGTH = st.integers(20, 90_000).map(lambda ms: ms / 1000)
SPANS = st.lists(
    st.builds(lambda track, at, length: SpeechSpan(track, at, at + length), st.sampled_from("abc"), MOMENT, LENGTH),
    max_size=30,
)


@given(SPANS)
def test_every_moment_of_speech_is_in_one_window_and_whole_if_it_fits(spans: list[SpeechSpan]) -> None:
    pieces = [piece.span for window in pack(spans) for piece in window.pieces]
    assert sum(one.seconds for one in pieces) == pytest.approx(sum(one.seconds for one in spans))
    assert [one for one in pieces if one in spans] == [one for one in spans if one.seconds <= LONGEST]


@given(SPANS)
def test_windows_are_short_enough_and_their_pieces_apart(spans: list[SpeechSpan]) -> None:
    for window in pack(spans):
        assert window.seconds <= LONGEST + 1e-9
        assert window.pieces[0].at == 0
        for one, after in pairwise(window.pieces):
            pause = min(max(PAUSE[0], after.span.start - one.span.end), PAUSE[1])
            assert after.at - one.end == pytest.approx(pause)


@given(SPANS.filter(bool), st.data())
def test_a_word_heard_inside_a_piece_lands_at_its_own_moment(spans: list[SpeechSpan], data: st.DataObject) -> None:
    window = data.draw(st.sampled_from(pack(spans)))
    number = data.draw(st.integers(0, len(window.pieces) - 1))
    piece = window.pieces[number]
    start, end = sorted(data.draw(st.floats(0.001, piece.span.seconds - 0.001)) for _ in range(2))
    index, word = place(window, Word("суд", piece.at + start, piece.at + end, 1.0))
    assert index == number
    assert (word.start, word.end) == (pytest.approx(piece.span.start + start), pytest.approx(piece.span.start + end))


@given(SPANS.filter(bool), st.floats(0, 60), st.floats(0, 5), st.data())
def test_no_word_leaves_its_speech_span(spans: list[SpeechSpan], at: float, length: float, data: st.DataObject) -> None:
    window = data.draw(st.sampled_from(pack(spans)))
    index, word = place(window, Word("суд", at, at + length, 1.0))
    span = window.pieces[index].span
    assert span.start - 1e-9 <= word.start <= word.end <= span.end
