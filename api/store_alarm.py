"""What the store's canaries (storage/canary.py) mean for the court: alarms, and that no new hearing is opened."""

from dataclasses import dataclass
from datetime import datetime

from court.catalogue import N_
from storage.db.canaries import Outcome
from storage.db.unit_of_work import UnitOfWork

NO_NEW_HEARING = N_(
    "No new hearing can be started: the store of recordings was found not to keep them unalterable. A hearing under "
    "way goes on. Call the operator."
)


@dataclass(frozen=True, slots=True)
class StoreAlarm:
    """`reason` is the store's own fault in one sentence (English), found at `at` (UTC)."""

    failed: bool
    at: datetime
    reason: str


def store_alarm(uow: UnitOfWork) -> StoreAlarm | None:
    """None while the newest canary did well, or none was ever put."""
    verdict, newest = uow.canaries.verdict(), uow.canaries.newest()
    if verdict is not None and verdict.outcome == Outcome.FAILED:
        return StoreAlarm(True, verdict.at, verdict.sentence)
    if newest is not None and newest.outcome == Outcome.UNREACHED:
        return StoreAlarm(False, newest.at, newest.sentence)
    return None


def new_hearing_refusal(uow: UnitOfWork) -> str:
    """Why no hearing may be opened: the store failed its last canary. Empty also while it is away, for it may still
    keep its promise."""
    alarm = store_alarm(uow)
    return NO_NEW_HEARING if alarm is not None and alarm.failed else ""
