"""What the queue gave up on, and trying it again. Neither lists nor reasons hold anything of what was said."""

from dataclasses import dataclass
from datetime import datetime

from api.access import Action, decide
from api.audit import record_access
from api.caller import Caller
from api.context import Context
from api.errors import Forbidden
from api.gate import existing_hearing, is_kept
from court.openness import Openness
from storage.db.models import Hearing, Window
from storage.db.unit_of_work import UnitOfWork
from storage.queue import TRANSCRIBE_WINDOW


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A part of a hearing that has no text: `start` to `end` seconds of the recording that `hearing` is (its id).

    `shown` is the hearing whose page tells of it, which differs where a spare recorded it; `run` the version of the
    transcript and `model` the one it was asked for with, '' where the settings choose; `tried` the last
    attempt, `reason` a word of storage.db.work, `error` what the program said.
    """

    hearing: str
    shown: str
    case_number: str
    room: str
    run: int
    model: str
    sequence: int
    start: float | None
    end: float | None
    attempts: int
    tried: datetime | None
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class UnmadePaper:
    """A hearing's draft, or the PDF of it, that could not be made; `task` is the Celery task's name."""

    hearing: str
    case_number: str
    room: str
    task: str
    attempts: int
    tried: datetime
    error: str


def unmade_papers(uow: UnitOfWork, hearing_id: str = "") -> list[UnmadePaper]:
    """Of one hearing or of all, the newest first."""
    return [
        UnmadePaper(one.hearing_id, of.case_number, of.room, one.task, one.attempts, one.tried_at, one.error)
        for one, of in uow.papers.given_up(hearing_id)
        if is_kept(of)
    ]


def given_up(uow: UnitOfWork, hearing_id: str = "") -> list[GivenUp]:
    """Of one recording or of all, the newest hearing first; what an act destroyed can have no text any more."""
    return [_letter(uow, *one) for one in uow.windows.given_up(hearing_id) if is_kept(one[1])]


def try_again(
    context: Context, caller: Caller, hearing_id: str = "", sequence: int | None = None, run: int | None = None
) -> int:
    """Gives what was given up all its attempts again: everything, or of one recording, window, run. How many it was.

    Drafts and PDFs are among everything, and among what is of one recording.

    Raises Forbidden, and NotFound for a recording that does not exist.
    """
    may_manage(caller)
    now = context.clock.now().utc
    with context.database.begin() as uow:
        if hearing_id:
            existing_hearing(uow, hearing_id)
        found = [
            (window, hearing)
            for window, hearing in uow.windows.given_up(hearing_id)
            if sequence in (None, window.sequence) and run in (None, window.run) and is_kept(hearing)
        ]
        for window, _ in found:
            uow.windows.try_again(window, now)
            uow.outbox.put(TRANSCRIBE_WINDOW, [], now)
        for one in dict.fromkeys(hearing.id for _, hearing in found):
            subject = f"transcript, {sum(hearing.id == one for _, hearing in found)} parts again"
            record_access(context, uow, caller, Action.MANAGE_JOBS, hearing_id=one, subject=subject)
        papers = unmade_papers(uow, hearing_id) if sequence is None and run is None else []
        for paper in papers:
            uow.papers.done(paper.hearing, paper.task)
            uow.outbox.again(paper.task, [paper.hearing], now)
            record_access(context, uow, caller, Action.MANAGE_JOBS, hearing_id=paper.hearing, subject="protocol again")
    return len(found) + len(papers)


def may_manage(caller: Caller) -> None:
    """Raises Forbidden."""
    decision = decide(caller.role, Action.MANAGE_JOBS, Openness.OPEN, caller.place, granted=False)
    if not decision.allowed:
        raise Forbidden(decision.reason)


def _letter(uow: UnitOfWork, window: Window, hearing: Hearing) -> GivenUp:
    shown = uow.hearings.first_of(hearing) or hearing
    span = _span(uow, window)
    return GivenUp(
        hearing=hearing.id,
        shown=shown.id,
        case_number=hearing.case_number,
        room=hearing.room,
        run=window.run,
        model=uow.runs.model(hearing.id, window.run),
        sequence=window.sequence,
        start=span[0] if span else None,
        end=span[1] if span else None,
        attempts=window.attempts,
        tried=window.claimed_at,
        reason=window.reason,
        error=window.error,
    )


def _span(uow: UnitOfWork, window: Window) -> tuple[float, float] | None:
    sound = [one for one in uow.hearings.window(window.hearing_id, window.sequence) if one.track.startswith("mic-")]
    if not sound:
        return None
    return min(one.start / one.rate for one in sound), max(one.end / one.rate for one in sound)
