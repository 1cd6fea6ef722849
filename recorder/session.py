"""Runs one hearing on one thread: brings together what the inputs give and what the secretary does."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from court.errors import CourtError
from hardware.devices import AUDIO_RATE
from recorder.alignment import Alignment
from recorder.errors import Interrupted, NoHearing, RecorderError, reason_of
from recorder.feed import Event, Feed, Given, Lost
from recorder.plan import Command
from recorder.recording import Recording
from recorder.script import GRID, Action

Progress = Callable[[float], None]
"""Is told the seconds of the hearing's timeline that are recorded."""

_Result = TypeVar("_Result")
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class _Call:
    """What a secretary asked for when the hearing had got to sample `at`."""

    at: int
    deed: Callable[[], Any]
    done: Future[Any]


class Session:
    """A hearing from here to its end. `script` is what a simulated secretary does, in the order of time.

    `got_on`: when (time.monotonic) it last got on, see Recording.progress. `over` is True once nothing more will be
    recorded; `failed` if an error ended it, not the secretary.
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
        self._calls: deque[_Call] = deque()
        self._lock = threading.Lock()
        self.got_on = time.monotonic()
        self._progress_made: object = None
        self.over = False
        self.failed = False
        self._left = False
        self._refusal: RecorderError = NoHearing("The hearing has ended: start a new one.")

    def run(self) -> None:
        """Returns when the hearing has ended: by the secretary, by its script, or with its last recording.

        After any error what is on the disk stays as it is, to be recovered.
        """
        try:
            self._record()
        except BaseException as error:
            self.failed = True
            self._refusal = _interrupted(error)
            self.recording.abandon()
            raise
        finally:
            self._feed.close()
            self._finish()

    def _record(self) -> None:
        with contextlib.closing(self._feed.events()) as events:
            known = self._follow(events)
        if self._left:
            self.recording.suspend()
            self._refusal = Interrupted("The recorder is being shut down: repeat this step when it runs again.")
        elif not self.recording.plan.ended:
            self._advance(known, known)
            self._play(_NEVER)
            if not self.recording.plan.ended:
                self.recording.obey(Command.STOP)

    def leave(self) -> None:
        """Makes `run` return with the hearing unfinished, to be recovered."""
        self._left = True
        self._feed.close()

    def call(self, deed: Callable[[], _Result]) -> _Result:
        """Does `deed` on the session's thread at the sample the hearing has got to now, and waits for it.

        A device may hang, so the recording may only come to that sample later; what was said until now, and
        nothing after it, is before `deed`. Its result or error is the caller's. Raises NoHearing if the hearing
        ended before, Interrupted if an error did.
        """
        done: Future[_Result] = Future()
        with self._lock:
            if self.over:
                raise self._refusal
            self._calls.append(_Call(self._feed.now() // GRID * GRID, deed, done))
        return done.result()

    def _follow(self, events: Iterator[Event]) -> int:
        """Until the secretary ends the hearing or nothing more comes; the sample up to which everything came."""
        known = self.recording.position
        for event in events:
            self._hear(event)
            known = max(known, event.known)
            self._advance(known)
            if self.recording.plan.ended or self._left:
                break
        return known

    def _hear(self, event: Event) -> None:
        if isinstance(event.news, Given):
            self._alignment.add(event.news.input, event.news.item, event.news.at)
        elif isinstance(event.news, Lost):
            self._alignment.lose(event.news.input, (event.news.cause, event.news.device_log))

    def _advance(self, known: int, last: int = _NEVER) -> None:
        """Records all blocks that are whole; up to sample `last` there will be no more, whole or not."""
        while not self.recording.plan.ended:
            self._play(self.recording.position)
            due = min(self._script[0].at if self._script else _NEVER, self._calls[0].at if self._calls else _NEVER)
            cut = self.recording.cut_due if self.recording.plan.recording else _NEVER
            block = self._alignment.next_block(known, min(due, cut, last))
            if block is None:
                return
            self.recording.take(block)
            if self.recording.progress != self._progress_made:
                self._progress_made, self.got_on = self.recording.progress, time.monotonic()
            self._progress(self.recording.position / AUDIO_RATE)

    def _play(self, until: int) -> None:
        """What the script says and the secretary asked for up to sample `until`."""
        while self._script and self._script[0].at <= until and not self.recording.plan.ended:
            action = self._script.pop(0)
            if action.command is None:
                self.recording.note(action.template, action.text)
            else:
                self.recording.obey(action.command)
        while self._calls and self._calls[0].at <= until and not self.recording.plan.ended:
            _perform(self._calls.popleft())

    def _finish(self) -> None:
        with self._lock:
            self.over = True
            while self._calls:
                self._calls.popleft().done.set_exception(self._refusal)


def _perform(call: _Call) -> None:
    """What is not possible is the caller's to know; what fails ends the session, too."""
    try:
        result = call.deed()
    except CourtError as error:
        call.done.set_exception(error)
    except BaseException as error:
        call.done.set_exception(_interrupted(error))
        raise
    else:
        call.done.set_result(result)


def _interrupted(error: BaseException) -> Interrupted:
    return Interrupted(f"Recording is interrupted ({reason_of(error)}): repeat this step when it goes on.")
