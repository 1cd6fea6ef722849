"""Filling from a spare recording: only what the first lost, only what the spare has, each moment once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from court.spare import CLOCKS_APART, Mark, Offset, clock_offset, fill, lost
from court.timeline import SampleRange

RATE = 10
BEGAN = datetime(2026, 11, 2, 4, tzinfo=UTC)


@st.composite
def tilings(draw: st.DrawFn) -> list[tuple[str, SampleRange]]:
    """A track from 0 on without holes: what each stretch of it is."""
    found, at = [], 0
    for kind, length in draw(
        st.lists(st.tuples(st.sampled_from(("segment", "fault", "break")), st.integers(1, 40)), max_size=8)
    ):
        found.append((kind, SampleRange(at, at + length, RATE)))
        at += length
    return found


def of(tiling: list[tuple[str, SampleRange]], kind: str) -> list[SampleRange]:
    return [span for one, span in tiling if one == kind]


def moments(spans: list[SampleRange], shift: int = 0) -> set[int]:
    return {tick + shift for span in spans for tick in range(span.start, span.end)}


@given(tilings(), tilings(), st.integers(-100, 100), st.integers(0, 60))
def test_every_lost_moment_the_spare_has_is_filled_once_and_nothing_else(
    first: list[tuple[str, SampleRange]], spare: list[tuple[str, SampleRange]], shift: int, silent: int
) -> None:
    """`silent`: how much at the end the first's node never said anything about."""
    end = max((span.end for _, span in first), default=0) + silent
    gaps = lost(of(first, "segment"), of(first, "break"), end, RATE)
    assert moments(gaps) == set(range(end)) - moments(of(first, "segment")) - moments(of(first, "break"))
    pieces = list(enumerate(of(spare, "segment")))
    fills = [one for gap in gaps for one in fill(gap, pieces, Offset(shift / RATE, 0.1))]
    spans = [one.span for one in fills]
    assert moments(spans) == moments(gaps) & moments([span for _, span in pieces], shift)
    assert sum(span.end - span.start for span in spans) == len(moments(spans))
    for one in fills:
        source = pieces[one.sequence][1]
        assert source.start <= one.span.start - one.shift < one.span.end - one.shift <= source.end


@given(
    st.lists(st.tuples(st.integers(0, 3600), st.floats(0, 2)), min_size=3, max_size=30),
    st.lists(st.tuples(st.integers(0, 3600), st.floats(0, 2)), min_size=3, max_size=30),
    st.floats(-600, 600),
    st.integers(0, 3600),
)
def test_clocks_tell_the_offset_as_exactly_as_they_say(
    first: list[tuple[int, float]], spare: list[tuple[int, float]], began: float, at: int
) -> None:
    """Each entry is late by up to 2 s, at least one near the moment by nothing."""

    def marks(told: list[tuple[int, float]], start: float) -> list[Mark]:
        exact = [(at - start, 0.0)]
        return [Mark(seconds, BEGAN + timedelta(seconds=start + seconds + late)) for seconds, late in [*told, *exact]]

    found = clock_offset(marks(first, 0.0), marks(spare, began), at)
    assert found is not None
    assert abs(found.seconds - began) < 1e-3
    assert found.uncertainty >= CLOCKS_APART


def test_without_marks_of_both_there_is_no_offset() -> None:
    assert clock_offset([], [Mark(0.0, BEGAN)], 0.0) is None
    assert clock_offset([Mark(0.0, BEGAN)], [], 0.0) is None
