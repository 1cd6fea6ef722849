"""The worker for live text: listens to a node, recognises, reports to the server. It may end at any time."""

import base64
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import httpx
import structlog

from api.errors import NodeUnreachable
from api.node_client import NodeClient
from court.errors import CourtError
from court.hearing import HearingState
from transcribe.live.listener import Listener, LiveLine

AGAIN = 1.0
"""Seconds after which a node that is away is asked again."""
ELSEWHERE = 15.0
"""Seconds after which it is looked again whether another node is to be listened to."""
_MOST = 4000  # events that wait: more than a minute of a room; who is that far behind begins anew
_REPORT_EVERY = 2.0  # seconds, though nothing was said

_log = structlog.get_logger(__name__)

Event = tuple[str, dict[str, Any]]
MakeListener = Callable[[str], Listener | None]
"""For a hearing's language; None where no model serves it."""


class Inbox(threading.Thread):
    """What the room's node tells, as it comes, on a thread of its own; what its spare node tells, while that alone
    records."""

    def __init__(self, nodes: Iterable[NodeClient]) -> None:
        super().__init__(name="live-inbox", daemon=True)
        self._nodes = [*nodes]
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            self.round()
            time.sleep(AGAIN)  # a node that is away gives no notice when it is back

    def round(self) -> None:
        """Listens to each node in turn, until it ends or another one is to be listened to."""
        for place, node in enumerate(self._nodes):
            others = self._nodes[:place] + self._nodes[place + 1 :]
            looked = time.monotonic()
            try:
                for name, told in node.sound():
                    self._put((name, told))
                    if name == "hearing" and time.monotonic() >= looked + ELSEWHERE:
                        if any(_to_be_heard(one, told, first=place > 0) for one in others):
                            break
                        looked = time.monotonic()
            except NodeUnreachable:
                self._put(("lost", {}))

    def take(self, patience: float) -> list[Event]:
        """Everything that came since the last time; where that is nothing, waits so many seconds for the first."""
        found = self._drain()
        if not found and patience:
            with suppress(queue.Empty):
                found = [self._events.get(timeout=patience), *self._drain()]
        return found

    def _put(self, event: Event) -> None:
        if self._events.qsize() > _MOST:
            self._drain()
            event = "lost", {}
        self._events.put(event)

    def _drain(self) -> list[Event]:
        found: list[Event] = []
        with suppress(queue.Empty):
            while True:
                found.append(self._events.get_nowait())
        return found


def _to_be_heard(other: NodeClient, told: Mapping[str, Any], first: bool) -> bool:
    """Whether the other node records and is to be listened to instead of the one that `told` this: the first node again
    where it records the hearing that its spare listens in on, and any where nothing is recorded here."""
    if told.get("hearing") and not (first and told.get("spare_of")):
        return False
    try:
        status = other.status()
    except NodeUnreachable:
        return False
    live = status["state"] is not None and HearingState(status["state"]).live
    return live and (not told.get("hearing") or status["hearing"] == told["spare_of"])


class LiveWorker:
    """Feeds the running hearing's sound to a Listener and makes the reports of its lines."""

    def __init__(self, make_listener: MakeListener) -> None:
        self._make_listener = make_listener
        self._worker = secrets.token_hex(8)
        self._head: dict[str, Any] = {}
        self._listener: Listener | None = None
        self._without_model = False

    def take(self, events: Iterable[Event]) -> None:
        for name, told in events:
            if name == "hearing":
                self._follow(told)
            elif name == "sound" and self._listener is not None:
                content = base64.b64decode(told["content"])
                self._listener.hear(told["track"], told["sequence"], content, told["first"])
            elif name == "lost":
                self._follow({})

    def step(self) -> list[LiveLine]:
        return [] if self._listener is None else self._listener.step()

    def report(self, lines: Iterable[LiveLine]) -> dict[str, Any]:
        """See schemas.LiveReport."""
        return {
            "worker": self._worker,
            "state": self._state(),
            "recording": self._head.get("hearing", ""),
            "spare_of": self._head.get("spare_of", ""),
            "orders": self._head.get("orders", []),
            "lines": [asdict(one) for one in lines],
        }

    @property
    def busy(self) -> bool:
        return self._listener is not None and not self._listener.idle

    def _state(self) -> str:
        if self._without_model:
            return "no_model"
        if self._head.get("late"):
            return "late"
        return "on" if self._head.get("hearing") else "idle"

    def _follow(self, head: dict[str, Any]) -> None:
        if head.get("hearing") != self._head.get("hearing"):
            self._listener, self._without_model = None, False
            if head.get("hearing"):
                try:
                    self._listener = self._make_listener(head["language"])
                except CourtError as error:
                    _log.warning("live_text_without_model", reason=str(error))
                self._without_model = self._listener is None
        self._head = head
        if self._listener is not None and head.get("state") != "recording":
            self._listener.rest()


def run_worker(nodes: Iterable[NodeClient], server_url: str, token: str, make_listener: MakeListener) -> None:
    """Until the process is ended."""
    inbox, worker = Inbox(nodes), LiveWorker(make_listener)
    inbox.start()
    told = 0.0
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server_url, headers=headers, timeout=5, trust_env=False) as client:
        while True:
            worker.take(inbox.take(0.0 if worker.busy else _REPORT_EVERY))
            lines = worker.step()
            if lines or time.monotonic() > told + _REPORT_EVERY:
                told = time.monotonic()
                _send(client, worker.report(lines))


def _send(client: httpx.Client, report: dict[str, Any]) -> None:
    try:
        client.post("/live/text", json=report).raise_for_status()
    except httpx.HTTPError as error:  # the server is away: what was not shown in time need not be shown
        _log.warning("live_text_not_reported", reason=str(error) or type(error).__name__)
