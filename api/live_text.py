"""Live text: in this process's memory only, from when it is said until its window is transcribed."""

import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from api.access import Action
from api.caller import Caller
from api.gate import Sieve
from api.repeating import repeating
from api.schemas import LiveLine, LiveReport
from court.hearing import HearingState
from court.openness import Openness, OpennessSpan
from storage.db.unit_of_work import Database, UnitOfWork

SILENT = 10.0
"""Seconds after which a worker that reports nothing counts as gone."""
_OLDEST = 1800.0  # seconds that a line is kept at most, whatever becomes of its window
_SLACK = 5.0  # seconds by which a spare node's count of the time may differ from the first's
_EVERY = 0.5


@dataclass(slots=True)
class _Heard:
    """What the worker reported of one recording; `lines` by their id, each with when it came."""

    report: LiveReport
    at: float
    lines: dict[str, tuple[LiveLine, float]] = field(default_factory=dict)


class LiveTexts:
    """By recording: a hearing, or the spare recording of one. Safe for threads; times are monotonic seconds."""

    def __init__(self) -> None:
        self.revision = 0
        self._heard: dict[str, _Heard] = {}
        self._reported: tuple[LiveReport, float] | None = None
        self._lock = threading.Lock()

    def put(self, report: LiveReport, now: float) -> None:
        """What the worker tells; without a recording that it is there, and how it is."""
        with self._lock:
            self._reported = report, now
            self.revision += 1
            if not report.recording:
                return
            heard = self._heard.setdefault(report.recording, _Heard(report, now))
            if report.worker != heard.report.worker:  # the one before left its sentences unfinished
                heard.lines = {key: kept for key, kept in heard.lines.items() if kept[0].final}
            heard.report, heard.at = report, now
            for line in report.lines:
                if line.stable or line.rest:
                    heard.lines[line.id] = line, now
                else:
                    heard.lines.pop(line.id, None)

    def state(self, now: float) -> str:
        """How live text is: what the worker last reported, `off` where none does."""
        with self._lock:
            reported = self._reported
        return reported[0].state if reported is not None and now < reported[1] + SILENT else "off"

    def recordings(self) -> list[str]:
        """Those of which there are lines."""
        with self._lock:
            return [key for key, heard in self._heard.items() if heard.lines]

    def drop(self, recording: str, windows: Iterable[int], now: float, *, over: bool) -> None:
        """Forgets the lines of these windows, and those that are too old; where it is `over`, all that the worker has
        nothing more to tell of."""
        done = frozenset(windows)
        with self._lock:
            heard = self._heard.get(recording)
            if heard is None:
                return
            quiet = now > heard.at + SILENT
            kept = {
                key: (line, at)
                for key, (line, at) in heard.lines.items()
                if now < at + _OLDEST and not (line.final and line.sequence in done) and not (over and quiet)
            }
            self.revision += len(kept) != len(heard.lines)
            heard.lines = kept
            if not kept and quiet:
                del self._heard[recording]

    def visible(self, uow: UnitOfWork, caller: Caller, hearing_id: str) -> dict[str, LiveLine]:
        """The hearing's lines that the policy lets the caller read; what the court's log or the node knows to be closed
        is closed."""
        with self._lock:
            heard = [
                (key, one.report, [line for line, _ in one.lines.values()])
                for key, one in self._heard.items()
                if hearing_id in (key, one.report.spare_of)
            ]
        found: dict[str, LiveLine] = {}
        for recording, report, lines in heard:
            orders = [OpennessSpan(one.start, one.end, Openness(one.openness)) for one in report.orders]
            sieve = Sieve(uow, caller, hearing_id, Action.READ, orders)
            slack = 0.0 if recording == hearing_id else _SLACK
            found |= {
                f"{recording}-{line.id}": line for line in lines if sieve.passes(line.start - slack, line.end + slack)
            }
        return found


def forget_transcribed(texts: LiveTexts, database: Database, now: float) -> None:
    """Drops the lines whose windows are transcribed, or given up; and what such windows left, where all are."""
    for recording in texts.recordings():
        with database.read() as uow:
            windows = uow.windows.of(recording)
            hearing = uow.hearings.get(recording)
        done = [one.sequence for one in windows if one.state in ("done", "failed")]
        ended = hearing is not None and not HearingState(hearing.state).live
        texts.drop(recording, done, now, over=ended and len(done) == len(windows))


def forgetting(texts: LiveTexts, database: Database, now: Callable[[], float]) -> AbstractContextManager[None]:
    """Does so all along, for the length of the block; while the database is away, the lines stay a little longer."""
    return repeating("live-text", _EVERY, lambda: forget_transcribed(texts, database, now()))
