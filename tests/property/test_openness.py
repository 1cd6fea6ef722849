"""Openness decides what leaves the building, so it is compared with the plainest model: one flag per moment."""

from hypothesis import given
from hypothesis import strategies as st

from court.openness import Openness, OpennessSpan, openness_of

END = 30
_orders = st.lists(
    st.builds(
        lambda start, length, openness: OpennessSpan(start, None if length is None else start + length, openness),
        st.integers(0, END), st.one_of(st.none(), st.integers(1, END)), st.sampled_from(Openness),
    ),
    max_size=6,
)  # fmt: skip


def _by_moment(orders: list[OpennessSpan]) -> list[Openness]:
    moments = [Openness.OPEN] * (3 * END)
    for order in orders:
        for moment in range(len(moments)):
            if order.overlaps(moment, moment + 1):
                moments[moment] = order.openness
    return moments


@given(_orders, st.integers(0, END), st.integers(1, END))
def test_a_span_is_closed_if_any_moment_of_it_is(orders: list[OpennessSpan], start: int, length: int) -> None:
    expected = Openness.CLOSED in _by_moment(orders)[start : start + length]
    assert (openness_of(orders, start, start + length) is Openness.CLOSED) == expected


@given(_orders, st.integers(0, END))
def test_an_instant_has_the_openness_of_its_moment(orders: list[OpennessSpan], at: int) -> None:
    assert openness_of(orders, at, at) is _by_moment(orders)[at]
