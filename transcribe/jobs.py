"""Windows as work for one worker: claimed, several of a hearing at once, and given back where it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from court.card import names_on
from court.errors import CourtError
from hardware.errors import MediaUnreadable
from storage.db.models import Hearing, Segment, Window
from storage.db.unit_of_work import UnitOfWork
from storage.db.work import ALTERED, MAX_ATTEMPTS, NO_RECOGNISER, UNREADABLE, WORKER_DIED
from storage.errors import ObjectAltered, ObjectMissing, WrongHash
from storage.queue import offer_draft
from transcribe.context import TranscribeContext
from transcribe.errors import AlteredSound, NoEngine, UnusableSound
from transcribe.voices import shared

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed window, as it was read with its claim, and what it is made of. `model` is '' where settings choose.

    `names` are those on the hearing's card, or on that of the one it stands in for.
    """

    window: Window
    language: str
    model: str
    segments: tuple[Segment, ...]
    shared: Mapping[str, int]
    names: tuple[str, ...]

    @property
    def hashes(self) -> dict[str, str]:
        return {one.track: one.sha256 for one in self.segments}

    @property
    def name(self) -> dict[str, Any]:
        """For the program's log."""
        return {"hearing": self.window.hearing_id, "sequence": self.window.sequence, "run": self.window.run}


def claim(context: TranscribeContext, hearing_id: str, sequence: int, run: int, most: int) -> list[Job]:
    """The window, unless it is done or another worker has it, and with it those that wait behind it, `most` in all.

    What was tried before comes alone: it may be what ended its worker, and is to take no other with it.
    """
    now = context.clock.now().utc
    with context.database.begin() as work:
        hearing = work.hearings.lock(hearing_id)
        first = work.windows.claim(hearing_id, sequence, now, run) if hearing is not None else None
        if hearing is None or first is None:
            return []
        if first.attempts > MAX_ATTEMPTS:
            # Nobody was left to report the attempts before: this window ends its workers.
            sentence = f"The worker died {MAX_ATTEMPTS} times at this window."
            work.windows.failed(hearing_id, sequence, sentence, reason=WORKER_DIED, for_good=True, run=run)
            text_changed(work, hearing, first, context)
            return []
        beside = work.windows.claim_behind(first, now, most - 1) if first.attempts == 1 else []
        return [_job(work, hearing, one) for one in (first, *beside)]


def _job(work: UnitOfWork, hearing: Hearing, window: Window) -> Job:
    heard = hearing.microphones
    segments = [one for one in work.hearings.window(hearing.id, window.sequence) if one.track in heard]
    model = work.runs.model(hearing.id, window.run)
    names = names_on(work.hearings.together(hearing)[0].card)
    return Job(window, hearing.card["language"], model, tuple(segments), shared(work, hearing), names)


def still_ours(work: UnitOfWork, job: Job) -> Hearing | None:
    """The hearing, locked, if the job's claim still stands; None if another worker took the window over."""
    held = job.window
    hearing = work.hearings.lock(held.hearing_id)
    window = work.windows.get(held.hearing_id, held.sequence, held.run)
    ours = window is not None and window.state == "claimed" and window.claims == held.claims
    return hearing if ours else None


def text_changed(work: UnitOfWork, hearing: Hearing, window: Window, context: TranscribeContext) -> None:
    """A draft follows, unless it is another version of the text that people see."""
    if work.runs.shown(hearing.id) == window.run:
        offer_draft(work, hearing, context.clock.now().utc, changed=True)


def give_back(context: TranscribeContext, job: Job, error: Exception) -> None:
    """For another attempt, or up, with what went wrong."""
    sentence = str(error) if isinstance(error, CourtError) else f"{type(error).__name__}: {error}"
    reason, for_good = _why(error)
    window = job.window
    with context.database.begin() as work:
        hearing = still_ours(work, job)
        if hearing is not None and work.windows.failed(
            window.hearing_id, window.sequence, sentence, reason=reason, for_good=for_good, run=window.run
        ):
            text_changed(work, hearing, window, context)
    _log.warning("window_failed", **job.name, attempt=window.attempts, error=sentence)


def _why(error: Exception) -> tuple[str, bool]:
    """The window's reason, and whether no further attempt can help."""
    if isinstance(error, NoEngine):
        return NO_RECOGNISER, True
    if isinstance(error, MediaUnreadable | UnusableSound):  # the bytes are those that were recorded, and stay so
        return UNREADABLE, True
    damaged = isinstance(error, AlteredSound | ObjectAltered | ObjectMissing | WrongHash)
    return ALTERED if damaged else "", False
