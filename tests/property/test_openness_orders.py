"""Orders on openness given during a hearing: what is closed stays closed until somebody opens what follows."""

from hypothesis import given
from hypothesis import strategies as st

from court.openness import Openness, OpennessSpan, openness_of, order_now

STEPS = st.lists(st.tuples(st.sampled_from(Openness), st.integers(0, 600), st.integers(0, 300)), max_size=12)


def given_orders(steps: list[tuple[Openness, int, int]]) -> tuple[list[OpennessSpan], float]:
    orders, now = list[OpennessSpan](), 0.0
    for openness, later, back in steps:
        now += later
        order = order_now(orders, openness, now, back if openness is Openness.CLOSED else 0)
        if order is not None:
            orders.append(order)
    return orders, now


@given(STEPS)
def test_the_last_order_holds_from_now_on(steps: list[tuple[Openness, int, int]]) -> None:
    orders, now = given_orders(steps)
    last = steps[-1][0] if steps else Openness.OPEN
    assert openness_of(orders, now, now + 1) is last
    assert openness_of(orders, now + 1000, now + 2000) is last


@given(STEPS, st.integers(0, 300))
def test_closing_closes_from_then_on_whatever_was_ordered_before(
    steps: list[tuple[Openness, int, int]], back: int
) -> None:
    orders, now = given_orders(steps)
    order = order_now(orders, Openness.CLOSED, now, back)
    if order is not None:
        orders.append(order)
    moment = max(0.0, now - back)
    while moment <= now + 10:
        assert openness_of(orders, moment, moment) is Openness.CLOSED
        moment += 7


@given(STEPS)
def test_opening_never_opens_what_was_closed_before(steps: list[tuple[Openness, int, int]]) -> None:
    orders, now = given_orders(steps)
    order = order_now(orders, Openness.OPEN, now)
    after = [*orders, order] if order is not None else orders
    for moment in range(int(now)):
        assert openness_of(after, moment, moment + 1) is openness_of(orders, moment, moment + 1)


@given(STEPS, st.sampled_from(Openness))
def test_a_second_click_orders_nothing(steps: list[tuple[Openness, int, int]], openness: Openness) -> None:
    orders, now = given_orders(steps)
    first = order_now(orders, openness, now)
    if first is not None:
        orders.append(first)
    assert order_now(orders, openness, now + 0.3) is None
