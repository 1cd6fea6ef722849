from hypothesis import given
from hypothesis import strategies as st

from court.timeline import SampleRange, holes, overlaps

RATE = 48_000
_ranges = st.lists(
    st.builds(lambda a, n: SampleRange(a, a + n, RATE), st.integers(0, 50), st.integers(0, 20)), max_size=8
)


@given(_ranges, st.integers(0, 60))
def test_holes_are_exactly_the_uncovered_samples(ranges: list[SampleRange], end: int) -> None:
    uncovered = {n for n in range(end) if not any(r.start <= n < r.end for r in ranges)}
    found = {n for a, b in holes(ranges, end) for n in range(a, b)}
    assert {n for n in found if n < end} == uncovered


@given(_ranges)
def test_overlaps_are_exactly_the_samples_covered_twice(ranges: list[SampleRange]) -> None:
    twice = {n for n in range(80) if sum(r.start <= n < r.end for r in ranges) > 1}
    assert {n for a, b in overlaps(ranges) for n in range(a, b)} == twice
