"""Runs one hearing on one thread: brings together what the inputs give and what the secretary does."""

import contextlib
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from hardware.devices import AUDIO_RATE
from recorder.alignment import Alignment
from recorder.errors import NoHearing
from recorder.feed import Event, Feed, Given, Lost
from recorder.plan import Command
from recorder.recording import Recording
from recorder.script import Action

Progress = Callable[[float], None]
"""Is told the seconds of the hearing's timeline that are recorded."""

_Result = TypeVar("_Result")
_NEVER = 1 << 62


class Session:
    """A hearing from here to its end. `script` is what a simulated secretary does, in the order of time.

    `over` is True once nothing more will be recorded.
    """

    def __init__(
        self,
        recording: Recording,
        alignment: Alignment,
        feed: Feed,
        script: tuple[Action, ...] = (),
        progress: Progress | None = None,
    ) -> None:
        self.recording = recording
        self._alignment = alignment
        self._feed = feed
        self._script = list(script)
        self._progress = progress or (lambda _: None)
        self._calls: queue.Queue[tuple[Callable[[], Any], Future[Any]]] = queue.Queue()
        self.over = False
        self._left = False

    def run(self) -> None:
        """Returns when the hearing has ended: by the secretary, by its script, or with its last recording."""
        try:
            with contextlib.closing(self._feed.events()) as events:
                known = self._follow(events)
            if self._left:
                self.recording.suspend()
            elif not self.recording.plan.ended:
                self._advance(known, known)
                self._play(_NEVER)
                self.recording.obey(Command.STOP)
        finally:
            self._feed.close()
            self.over = True
            self._answer()

    def leave(self) -> None:
        """Makes `run` return with the hearing unfinished, to be recovered."""
        self._left = True
        self._feed.close()

    def call(self, deed: Callable[[], _Result]) -> _Result:
        """Does `deed` between two blocks, on the session's thread; its result or error is the caller's.

        Raises NoHearing if the hearing ended before it could be done.
        """
        done: Future[_Result] = Future()
        self._calls.put((deed, done))
        if self.over:
            self._answer()
        return done.result()

    def _follow(self, events: Iterator[Event]) -> int:
        """Until the secretary ends the hearing or nothing more comes; the sample up to which everything came."""
        known = self.recording.position
        for event in events:
            self._hear(event)
            known = max(known, event.known)
            self._advance(known)
            self._answer()
            if self.recording.plan.ended or self._left:
                break
        return known

    def _hear(self, event: Event) -> None:
        if isinstance(event.news, Given):
            self._alignment.add(event.news.input, event.news.item)
        elif isinstance(event.news, Lost):
            self._alignment.lose(event.news.input, (event.news.cause, event.news.device_log))

    def _advance(self, known: int, last: int = _NEVER) -> None:
        """Records all blocks that are whole; up to sample `last` there will be no more, whole or not."""
        while not self.recording.plan.ended:
            self._play(self.recording.position)
            due = self._script[0].at if self._script else _NEVER
            cut = self.recording.cut_due if self.recording.plan.recording else _NEVER
            block = self._alignment.next_block(known, min(due, cut, last))
            if block is None:
                return
            self.recording.take(block)
            self._progress(self.recording.position / AUDIO_RATE)

    def _play(self, until: int) -> None:
        """What the script says up to sample `until`."""
        while self._script and self._script[0].at <= until and not self.recording.plan.ended:
            action = self._script.pop(0)
            if action.command is None:
                self.recording.note(action.template, action.text)
            else:
                self.recording.obey(action.command)

    def _answer(self) -> None:
        while not self._calls.empty():
            try:
                deed, done = self._calls.get_nowait()
            except queue.Empty:
                return
            try:
                if self.over:
                    raise NoHearing("The hearing has ended: start a new one.")
                done.set_result(deed())
            except Exception as error:  # noqa: BLE001 - whatever went wrong is the caller's to know
                done.set_exception(error)
