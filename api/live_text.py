"""Live text: in this process's memory only, from when it is said until its window is transcribed."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import select

from api.access import Action
from api.caller import Caller
from api.gate import Sieve
from api.repeating import repeating
from api.schemas import LiveLine, LiveReport
from court.hearing import HearingState
from court.openness import Openness, OpennessSpan
from protocol.filling import on_timeline
from storage.db.models import Segment
from storage.db.unit_of_work import Database, UnitOfWork

SILENT = 10.0
"""Seconds after which a worker that reports nothing counts as gone."""
_OLDEST = 1800.0  # seconds that a line is kept at most, whatever becomes of its window
_SLACK = 5.0  # seconds by which a spare node's count of the time may differ from the first's
_BESIDE = 1.5  # seconds: what one person said at the same time, by both nodes' clocks, are the same words
_WINDOWS = 150  # as many as are made while a line may be kept
_EVERY = 0.5


@dataclass(slots=True)
class _Heard:
    """What the worker reported of one recording; `lines` by their id, each with when it came. `said` are all that were
    final, those that are gone included: role, start and end in seconds."""

    report: LiveReport
    at: float
    lines: dict[str, tuple[LiveLine, float]] = field(default_factory=dict)
    said: dict[str, tuple[str, float, float]] = field(default_factory=dict)

    def keep_final(self) -> None:
        """Nobody goes on with the sentences that are not finished."""
        self.lines = {key: kept for key, kept in self.lines.items() if kept[0].final}


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
            for key, one in self._heard.items():
                if key != report.recording:  # the worker listens elsewhere now, to the spare node perhaps
                    one.keep_final()
            if not report.recording:
                return
            heard = self._heard.setdefault(report.recording, _Heard(report, now))
            if report.worker != heard.report.worker:  # the one before left its sentences unfinished
                heard.keep_final()
            heard.report, heard.at = report, now
            for line in report.lines:
                if line.stable or line.rest:
                    heard.lines[line.id] = line, now
                else:
                    heard.lines.pop(line.id, None)
                if line.final:
                    heard.said[line.id] = line.role, line.start, line.end

    def state(self, now: float) -> str:
        """How live text is: what the worker last reported, `off` where none does."""
        with self._lock:
            reported = self._reported
        return reported[0].state if reported is not None and now < reported[1] + SILENT else "off"

    def recordings(self) -> list[tuple[str, str]]:
        """Those of which there are lines, each with the hearing that it is the spare recording of, if it is one."""
        with self._lock:
            return [(key, heard.report.spare_of) for key, heard in self._heard.items() if heard.lines]

    def drop(
        self,
        recording: str,
        windows: Iterable[int],
        now: float,
        spans: Sequence[tuple[float, float]] = (),
        *,
        over: bool,
    ) -> None:
        """Forgets the lines of these windows, those said within the `spans`, and those that are too old; where the
        recording is `over`, all that the worker has nothing more to tell of."""
        done = frozenset(windows)

        def transcribed(line: LiveLine) -> bool:
            middle = (line.start + line.end) / 2
            return line.final and (line.sequence in done or any(start <= middle < end for start, end in spans))

        with self._lock:
            heard = self._heard.get(recording)
            if heard is None:
                return
            quiet = now > heard.at + SILENT
            kept = {
                key: (line, at)
                for key, (line, at) in heard.lines.items()
                if now < at + _OLDEST and not transcribed(line) and not (over and quiet)
            }
            self.revision += len(kept) != len(heard.lines)
            heard.lines = kept
            if not kept and quiet:
                del self._heard[recording]

    def visible(self, uow: UnitOfWork, caller: Caller, hearing_id: str) -> dict[str, LiveLine]:
        """The hearing's lines on its own timeline, as far as the policy lets the caller read them; what the court's log
        or the node knows to be closed is closed. What both nodes heard is there once."""
        with self._lock:
            heard = [
                (key, one.report, [line for line, _ in one.lines.values()], [*one.said.values()])
                for key, one in self._heard.items()
                if hearing_id in (key, one.report.spare_of)
            ]
        own = next((said for key, _, _, said in heard if key == hearing_id), [])
        found: dict[str, LiveLine] = {}
        for recording, report, lines, _ in heard:
            orders = [OpennessSpan(one.start, one.end, Openness(one.openness)) for one in report.orders]
            sieve = Sieve(uow, caller, hearing_id, Action.READ, orders)
            spare = recording != hearing_id
            later = _later(uow, hearing_id, recording, lines) if spare else 0.0
            for line in lines:
                # The node's orders are on its own timeline, the log's on the hearing's: both must allow it.
                times = {(line.start, line.end), (line.start + later, line.end + later)}
                slack = _SLACK if spare else 0.0
                if not all(sieve.passes(start - slack, end + slack) for start, end in times):
                    continue
                placed = line.model_copy(update={"start": line.start + later, "end": line.end + later})
                if not (spare and _is_among(placed, own)):
                    found[f"{recording}-{line.id}"] = placed
        return found


def _later(uow: UnitOfWork, hearing_id: str, recording: str, lines: Sequence[LiveLine]) -> float:
    """By how many seconds what a spare recording counts is later on the hearing's timeline."""
    at = max((one.end for one in lines), default=0.0)
    return on_timeline(uow, hearing_id, recording, at) - at


def _is_among(line: LiveLine, said: Iterable[tuple[str, float, float]]) -> bool:
    """Whether that was said by the same person at the same time."""
    middle = (line.start + line.end) / 2
    return any(role == line.role and start - _BESIDE <= middle <= end + _BESIDE for role, start, end in said)


def forget_transcribed(texts: LiveTexts, database: Database, now: float) -> None:
    """Drops the lines whose windows are transcribed, or given up, and what such windows left, where all are; of a
    spare recording those, too, whose time the hearing's own transcript has."""
    for recording, spare_of in texts.recordings():
        with database.read() as uow:
            windows, hearing = uow.windows.of(recording), uow.hearings.get(recording)
            done, spans = _done(uow, recording), []
            if spare_of:
                moved = on_timeline(uow, spare_of, recording, 0.0)
                spans = [(start - moved, end - moved) for start, end in _spans(uow, spare_of)]
        ended = hearing is not None and not HearingState(hearing.state).live
        texts.drop(recording, done, now, spans, over=ended and len(done) == len(windows))


def _done(uow: UnitOfWork, recording: str) -> list[int]:
    return [one.sequence for one in uow.windows.of(recording) if one.state in ("done", "failed")]


def _spans(uow: UnitOfWork, hearing_id: str) -> list[tuple[float, float]]:
    """When the newest windows that have a text were said, in seconds."""
    query = select(Segment.start, Segment.end, Segment.rate).where(
        Segment.hearing_id == hearing_id,
        Segment.track.startswith("mic-"),
        Segment.sequence.in_(sorted(_done(uow, hearing_id))[-_WINDOWS:]),
    )
    return [(start / rate, end / rate) for start, end, rate in uow.session.execute(query)]


def forgetting(texts: LiveTexts, database: Database, now: Callable[[], float]) -> AbstractContextManager[None]:
    """Does so all along, for the length of the block; while the database is away, the lines stay a little longer."""
    return repeating("live-text", _EVERY, lambda: forget_transcribed(texts, database, now()))
