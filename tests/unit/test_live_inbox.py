"""Which of a room's two nodes live text listens to."""

from collections.abc import Iterator
from typing import Any

import pytest

from api import live_worker
from api.errors import NodeUnreachable
from api.live_worker import Event, Inbox

FIRST = {"hearing": "first", "spare_of": "", "state": "recording", "language": "ru"}
SPARE = {"hearing": "spare", "spare_of": "first", "state": "recording", "language": "ru"}
IDLE: dict[str, Any] = {}


class Node:
    """Tells these events one after the other, then is gone; says of itself what `status` holds."""

    def __init__(self, *heads: dict[str, Any], records: str = "") -> None:
        self.heads = heads
        self.records = records

    def sound(self) -> Iterator[Event]:
        for one in self.heads:
            yield "hearing", one
        raise NodeUnreachable("It is gone.")

    def status(self) -> dict[str, Any]:
        if not self.records:
            raise NodeUnreachable("It is gone.")
        return {"hearing": self.records, "state": "recording"}


def heard(*nodes: Node) -> list[str]:
    inbox = Inbox(nodes)  # type: ignore[arg-type] # as much of a node as is asked for
    inbox.round()
    return [told.get("hearing", "") or name for name, told in inbox.take(0.0)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_worker, "ELSEWHERE", 0.0)


def test_when_the_first_node_is_gone_the_spare_one_is_listened_to() -> None:
    assert heard(Node(FIRST, FIRST), Node(SPARE, SPARE)) == ["first", "first", "lost", "spare", "spare", "lost"]


def test_the_first_node_that_records_nothing_does_not_keep_the_spare_one_from_being_heard() -> None:
    assert heard(Node(IDLE, IDLE, IDLE), Node(SPARE, records="spare")) == ["hearing", "spare", "lost"]


def test_the_first_node_is_listened_to_again_once_it_records_the_hearing() -> None:
    assert heard(Node(records="first"), Node(SPARE, SPARE, SPARE)) == ["lost", "spare"]
    assert heard(Node(records="another"), Node(SPARE, SPARE)) == ["lost", "spare", "spare", "lost"]


def test_where_both_rest_the_first_is_listened_to() -> None:
    assert heard(Node(IDLE, IDLE), Node(IDLE)) == ["hearing", "hearing", "lost", "hearing", "lost"]
