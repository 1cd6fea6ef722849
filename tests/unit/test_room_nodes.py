"""What the two nodes of a room are told of a step: who asks, in which recording, and what was seen."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, cast

import pytest

from api.errors import NodeUnreachable
from api.node_client import Asked, NodeClient
from api.room_nodes import RoomNodes

H, S, WHO = "hearing", "spare", "С. Асанова"


class Node:
    """Notes what it was asked; `away` answers nothing."""

    def __init__(self, recording: str, spare_of: str = "") -> None:
        self.away = False
        self.asked: list[Any] = []
        self._status = {"hearing": recording, "spare_of": spare_of, "state": "recording", "openness": "open"}

    def status(self) -> dict[str, Any]:
        self._answer()
        return self._status

    def start(self, card: dict[str, Any], key: str, by: str, spare_of: str = "") -> str:
        self._answer()
        self.asked.append((key, by, spare_of))
        return str(self._status["hearing"])

    def pause(self, asked: Asked) -> dict[str, Any]:
        self._answer()
        self.asked.append(asked)
        return self._status

    def _answer(self) -> None:
        if self.away:
            raise NodeUnreachable("away")


@pytest.fixture
def first() -> Node:
    return Node(H)


@pytest.fixture
def spare() -> Node:
    return Node(S, H)


@pytest.fixture
def nodes(first: Node, spare: Node) -> Iterator[RoomNodes]:
    made = RoomNodes(cast(NodeClient, first), cast(NodeClient, spare))
    yield made
    made.close()


def pause(nodes: RoomNodes, asked: Asked) -> None:
    nodes.lead(H, asked, lambda node, told: node.pause(told))
    nodes.close()  # waits for the other


def test_the_leading_node_alone_is_told_what_was_seen(nodes: RoomNodes, first: Node, spare: Node) -> None:
    pause(nodes, Asked(WHO, H, 3))
    assert (first.asked, spare.asked) == ([Asked(WHO, H, 3)], [Asked(WHO, S)])


def test_what_was_seen_of_one_node_says_nothing_to_the_other(nodes: RoomNodes, first: Node, spare: Node) -> None:
    first.away = True
    pause(nodes, Asked(WHO, H, 3))
    assert spare.asked == [Asked(WHO, S)]


def test_what_was_seen_of_the_spare_counts_there(nodes: RoomNodes, first: Node, spare: Node) -> None:
    first.away = True
    pause(nodes, Asked(WHO, S, 3))
    assert spare.asked == [Asked(WHO, S, 3)]


def test_a_start_goes_to_both_and_the_spare_is_told_of_whom(nodes: RoomNodes, first: Node, spare: Node) -> None:
    assert nodes.start({}, "key", WHO) == H
    nodes.close()
    assert (first.asked, spare.asked) == ([("key", WHO, "")], [("", WHO, H)])


def test_a_second_start_waits_for_the_first_one_to_fail_over(nodes: RoomNodes, first: Node, spare: Node) -> None:
    """Two secretaries press at once; the first node answers neither, and is back when the spare has begun."""
    came, comes = threading.Event(), threading.Event()
    ends = spare.start

    def slowly(*told: Any) -> str:
        came.set()
        assert comes.wait(10)
        return ends(*told)

    first.away, spare.start = True, slowly  # type: ignore[method-assign]
    spare._status["spare_of"] = ""
    with ThreadPoolExecutor() as pool:
        one = pool.submit(nodes.start, {}, "one", WHO)
        assert came.wait(10)
        first.away, spare.start = False, ends  # type: ignore[method-assign]
        other = pool.submit(nodes.start, {}, "other", WHO)
        wait([other], timeout=0.2)  # in vain
        comes.set()
        assert (one.result(10), other.result(10)) == (S, S)
    assert first.asked == []
    assert spare.asked == [("one", WHO, ""), ("other", WHO, "")]


def test_after_the_spares_own_hearing_the_first_begins_again(nodes: RoomNodes, first: Node, spare: Node) -> None:
    first.away = True
    assert nodes.start({}, "one", WHO) == S
    first.away = False
    spare._status["state"] = "ended"
    assert nodes.start({}, "other", WHO) == H


def test_a_second_step_waits_for_the_first_one_to_fail_over(nodes: RoomNodes, first: Node, spare: Node) -> None:
    inside = threading.Lock()

    def deed(node: NodeClient, asked: Asked) -> None:
        assert inside.acquire(blocking=False), "two steps at once"
        try:
            node.pause(asked)
            threading.Event().wait(0.002)
        finally:
            inside.release()

    first.away = True
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(nodes.lead, H, Asked(WHO, H, 3), deed) for _ in range(20)]:
            done.result(10)
    assert spare.asked == [Asked(WHO, S)] * 20


def test_a_start_that_comes_again_when_the_first_is_back_begins_no_second_hearing(
    nodes: RoomNodes, first: Node, spare: Node
) -> None:
    first.away = True
    assert nodes.start({}, "key", WHO) == S
    first.away = False
    assert nodes.start({}, "key", WHO) == S
    assert first.asked == []
