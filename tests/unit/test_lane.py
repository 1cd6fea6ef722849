"""Long deeds beside a worker."""

import threading

from storage.lane import Lane
from tests.factories.waiting import SECONDS


def test_deeds_are_done_in_order_and_nobody_waits_for_them() -> None:
    lane, going, done = Lane("test"), threading.Event(), threading.Event()
    order: list[str] = []

    def long() -> None:
        assert going.wait(SECONDS)
        order.append("long")

    def faulty() -> None:
        order.append("faulty")
        raise ValueError

    def last() -> None:
        order.append("last")
        done.set()

    for one in (long, faulty, last):
        lane.put(one)
    assert order == []
    going.set()
    assert done.wait(SECONDS)
    assert order == ["long", "faulty", "last"]
