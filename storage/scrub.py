"""The Celery task that scrubs a slice. Pace and progress stand in the database, so any number of them is harmless."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from celery import Celery

from court.clock import Clock
from court.errors import CourtError
from storage.db.checks import Due
from storage.db.unit_of_work import Database
from storage.fsck import Finding, Result, scrub
from storage.queue import SCRUB, SCRUB_EVERY, register_task
from storage.worm.port import WormStore

AVERAGED = timedelta(minutes=10)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ScrubContext:
    """What the task works with: `rate` in bytes a second; what was not checked for `stale_after` is due."""

    database: Database
    store: WormStore
    clock: Clock
    rate: float
    stale_after: timedelta


def register(app: Celery, context: ScrubContext) -> None:
    """Makes `app` serve the task storage.scrub()."""

    def scrub_task() -> None:
        with suppress(CourtError):  # told in one sentence, in the log: Celery need not add where
            for _ in scrub_slice(context):
                pass

    register_task(app, SCRUB, scrub_task)


def scrub_slice(context: ScrubContext) -> Iterator[Finding]:
    """Checks a minute's worth of objects, without pauses: a worker that slept would keep transcription waiting.

    Raises StoreUnavailable where the store does not answer.
    """
    now = context.clock.now().utc
    with context.database.read() as work:
        left = allowance(context.rate, work.checks.bytes_since(now - AVERAGED))
    if left <= 0:
        return
    due = Due(now, stale=now - context.stale_after)
    try:
        for finding in scrub(context.database, context.store, context.clock, due):
            if finding.result is not Result.WHOLE:
                _log.error("object_faulty", sha256=finding.known.sha256, found=finding.sentence)
            yield finding
            left -= finding.known.size
            if left <= 0:
                return
    except CourtError as error:
        _log.warning("scrub_stopped", reason=str(error))
        raise


def allowance(rate: float, read: int) -> float:
    """How many bytes a slice may read, after `read` bytes within `AVERAGED`: `rate` holds on average, and per slice.

    The last object may go beyond; the slices after it then wait.
    """
    return min(rate * SCRUB_EVERY.total_seconds(), rate * AVERAGED.total_seconds() - read)
