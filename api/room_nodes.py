"""The recording nodes of one court-room, seen by the console as one: the first, and a spare that records beside it.

A step is taken by the node that leads the hearing, and at once after it by the other, on a thread of its own: a spare
that hangs or is gone delays nothing. Where the leading node does not answer, the other takes the step and leads from
then on. `follow`, called every second, brings a node that missed something to where the leading one is.
"""

import threading
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from api.errors import Conflict, NodeUnreachable, Unusable
from api.in_step import Deed, due, records
from api.node_client import Asked, NodeClient
from court.errors import CourtError
from court.hearing import HearingState

Status = dict[str, Any]
Result = TypeVar("Result")

NO_NODE = "No recording node is attached to this server."
_OTHER_HEARING = "The recording node is not recording this hearing."

_REST = 30  # rounds: opening devices that are not there disturbs nobody, but need not be tried every second

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a node answered: its status, or why there is none."""

    status: Status | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the court's log knows of a hearing: its card, and whether it goes on."""

    card: Mapping[str, Any]
    live: bool


class RoomNodes:
    """Methods may be called from any thread. What people ask for is done one after the other: while the first node
    fails over to the spare, a second person's step finds what the first one's led to."""

    def __init__(self, first: NodeClient, spare: NodeClient | None = None) -> None:
        self.first = first
        self.spare = spare
        self._led_by: dict[str, NodeClient] = {}
        self._begun: tuple[str, str] = ("", "")
        self._alone = ""
        self._one_by_one = threading.Lock()
        self._steps = 0
        self._wanted: tuple[int, object] = (0, None)
        self._rest = 0
        self._behind = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spare-node")

    def start(self, card: Mapping[str, Any], key: str, by: str) -> str:
        """Begins to record on the first node, and beside it on the spare; returns the hearing's id, the same for the
        same `key`.

        Where the first does not answer or cannot use its devices, the spare records alone. Raises as NodeClient.start
        does of the first.
        """
        with self._one_by_one:
            before, hearing = self._begun
            if key and key == before:
                return hearing  # also where the spare began it alone, and the first is back
            self._steps += 1
            hearing = self._start(card, key, by)
            self._begun = (key, hearing)
            return hearing

    def _start(self, card: Mapping[str, Any], key: str, by: str) -> str:
        if (alone := self._recording_alone()) is not None:
            return alone.start(card, key, by)  # which knows whether that is the same hearing
        try:
            hearing, other = self.first.start(card, key, by), self.spare
        except (NodeUnreachable, Unusable):
            if self.spare is None:
                raise
            with suppress(CourtError):
                self._alone = self.spare.start(card, key, by)
                return self._alone
            raise
        if other is not None:
            self._behind.submit(self._join, other, card, by, hearing)
        return hearing

    def _recording_alone(self) -> NodeClient | None:
        """The spare where a hearing goes on that it began, whatever has become of the first since."""
        if self.spare is not None and self._alone:
            with suppress(NodeUnreachable):
                told = self.spare.status()
                if told["hearing"] == self._alone and HearingState(told["state"]).live:
                    return self.spare
        return None

    def status(self) -> Status:
        """Of the first node; of the spare where that does not answer, or where the spare alone records."""
        try:
            first = self.first.status()
        except NodeUnreachable:
            if self.spare is None:
                raise
            with suppress(NodeUnreachable):
                return self.spare.status()
            raise
        if self.spare is not None and not first["hearing"]:
            with suppress(NodeUnreachable):
                told = self.spare.status()
                return told if told["hearing"] else first
        return first

    def recording(self, hearing: str) -> Status | None:
        """The status of the node that leads the hearing, None where none is known to record it."""
        try:
            return self._leading(hearing)[1]
        except CourtError:
            return None

    def lead(self, hearing: str, asked: Asked, deed: Callable[[NodeClient, Asked], Result]) -> tuple[Result, Status]:
        """Has the leading node do it; returns what came of it, and that node's status before.

        `asked.hearing` is the recording whose steps were seen: what the other node counts has nothing to do with it.
        Raises Conflict where no node records the hearing or the step is not possible, NodeUnreachable where none
        answers.
        """
        with self._one_by_one:
            return self._lead(hearing, asked, deed)

    def seen(self) -> tuple[Seen, Seen | None]:
        """What the first node and the spare, if there is one, answer now."""
        return _seen(self.first), None if self.spare is None else _seen(self.spare)

    def follow(self, known: Callable[[str], Known | None]) -> None:
        """Brings the node that is behind to where the leading one is. A difference counts once it was seen twice with
        no step in between: a step may be on its way."""
        self._behind.submit(self._follow, known).result()

    async def levels(self) -> AsyncIterator[str]:
        """As NodeClient.levels, from the first node as long as it answers."""
        try:
            async for data in self.first.levels():
                yield data
        except NodeUnreachable:
            if self.spare is None:
                raise
        else:
            return
        async for data in self.spare.levels():
            yield data

    def close(self) -> None:
        self._behind.shutdown()

    def _lead(self, hearing: str, asked: Asked, deed: Callable[[NodeClient, Asked], Result]) -> tuple[Result, Status]:
        self._steps += 1
        node, status = self._leading(hearing)
        try:
            result = deed(node, _of(status, asked))
        except NodeUnreachable:
            other = self._other(node)
            if other is None or not records(told := other.status(), hearing):
                raise
            result = deed(other, _of(told, asked))
            self._led_by[hearing] = other
            return result, told
        if status["hearing"] != hearing:
            self._led_by[hearing] = node
        if (other := self._other(node)) is not None:
            self._behind.submit(self._also, other, hearing, asked.by, deed)
        return result, status

    def _leading(self, hearing: str) -> tuple[NodeClient, Status]:
        led_by = self._led_by.get(hearing)
        ranked = [one for one in (self.first, self.spare) if one is not None]
        ranked.sort(key=lambda one: one is not led_by)
        standing_in: list[tuple[NodeClient, Status]] = []
        away: NodeUnreachable | None = None
        for node in ranked:
            try:
                status = node.status()
            except NodeUnreachable as error:
                away = away or error
                continue
            if status["hearing"] == hearing or (node is led_by and records(status, hearing)):
                return node, status
            if records(status, hearing):
                standing_in.append((node, status))
        if standing_in:
            return standing_in[0]
        raise away or Conflict(_OTHER_HEARING)

    def _other(self, node: NodeClient) -> NodeClient | None:
        return self.spare if node is self.first else self.first

    def _join(self, node: NodeClient, card: Mapping[str, Any], by: str, hearing: str) -> None:
        try:
            node.start(card, "", by, hearing)
        except CourtError as error:
            _log.warning("spare_does_not_record", hearing=hearing, reason=str(error))

    def _also(self, node: NodeClient, hearing: str, by: str, deed: Callable[[NodeClient, Asked], object]) -> None:
        try:
            if records(status := node.status(), hearing):
                deed(node, Asked(by, status["hearing"]))
        except CourtError as error:
            _log.warning("node_missed_a_step", hearing=hearing, reason=str(error))

    def _follow(self, known: Callable[[str], Known | None]) -> None:
        steps, nodes = self._steps, [one for one in (self.first, self.spare) if one is not None]
        told = [_seen(one).status for one in nodes]
        led = {hearing: nodes.index(node) for hearing, node in self._led_by.items() if node in nodes}
        wanted = due(told, led, known)
        before, self._wanted = self._wanted, (steps, wanted)
        if wanted is None or before != (steps, wanted) or self._steps != steps:
            return
        if wanted.step == "join" and self._rest:
            self._rest -= 1
            return
        try:
            _do(nodes[wanted.node], wanted)
        except CourtError as error:
            self._rest = _REST
            _log.warning("node_not_in_step", hearing=wanted.hearing, step=wanted.step, reason=str(error))


def _do(node: NodeClient, deed: Deed) -> None:
    asked = Asked(deed.by, deed.recording)
    if deed.step == "join":
        node.start(deed.card, "", "", deed.hearing)
    elif deed.step in ("open", "closed"):
        node.order(deed.step, 0, asked)
    elif deed.step in ("mute", "unmute"):
        node.mute(deed.track, deed.step == "mute", asked)
    else:
        getattr(node, deed.step)(asked)


def _of(status: Status, asked: Asked) -> Asked:
    return asked if asked.hearing == status["hearing"] else Asked(asked.by, status["hearing"])


def _seen(node: NodeClient) -> Seen:
    try:
        return Seen(node.status())
    except NodeUnreachable as error:
        return Seen(None, str(error))


def attached(nodes: RoomNodes | None) -> RoomNodes:
    """The nodes of the server's room; raises NodeUnreachable where it has none."""
    if nodes is None:
        raise NodeUnreachable(NO_NODE)
    return nodes
