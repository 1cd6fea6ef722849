"""Trying the store: at the start of a program and, as a Celery task, daily. What came of it stands in the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from celery import Celery

from court.clock import Clock
from storage.db.canaries import Outcome
from storage.db.unit_of_work import Database
from storage.errors import StorageError, StoreUnavailable
from storage.queue import CANARY, register_task

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CanaryContext:
    """`prove` puts a canary at a moment in UTC; see storage.worm.canary.proof_of."""

    database: Database
    clock: Clock
    prove: Callable[[datetime], object]


def register(app: Celery, context: CanaryContext) -> None:
    """Makes `app` serve the task storage.canary()."""

    def canary() -> None:
        try:
            try_store(context)
        except StoreUnavailable as error:
            _log.warning("store_not_reached", reason=str(error))
        except StorageError as error:
            _log.error("store_not_write_once", reason=str(error))

    register_task(app, CANARY, canary)


def try_store(context: CanaryContext) -> None:
    """Puts a canary and keeps what came of it.

    Raises StoreUnavailable where the store did not answer, another StorageError where it did not do as promised.
    """
    now = context.clock.now().utc
    try:
        context.prove(now)
    except StorageError as error:
        outcome = Outcome.UNREACHED if isinstance(error, StoreUnavailable) else Outcome.FAILED
        with context.database.begin() as work:
            work.canaries.record(outcome, now, str(error))
        raise
    with context.database.begin() as work:
        work.canaries.record(Outcome.PROVEN, now)
