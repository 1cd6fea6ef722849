"""Ending a hearing whose own node does not answer: the court says that it ended on the spare recording."""

from datetime import datetime, timedelta

from api.context import Context
from api.work import offer_work
from court.clock import iso_utc
from court.hearing import HearingState, step
from court.spare import clock_offset
from storage.db.models import Hearing, StateChange
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind
from storage.queue import offer_stamp

_SAMPLES_PER_SECOND = 48_000


def end_on_spare(
    context: Context, uow: UnitOfWork, hearing_id: str, spare_id: str, spare_seconds: float, by: str
) -> None:
    """Enters the end of the hearing, which lies at `spare_seconds` of its spare recording; `by` ordered it.

    What its own node does when it is back changes nothing of it. Where that stated the end already, nothing is done.
    """
    hearing = uow.hearings.lock(hearing_id)
    if hearing is None or not HearingState(hearing.state).live:
        return
    now = context.clock.now()
    at_sample = round(_end(uow, hearing, spare_id, spare_seconds, now.utc) * _SAMPLES_PER_SECOND)
    anchor = {
        "utc": iso_utc(now.utc),
        "monotonic_ms": int(now.monotonic * 1000),
        "disciplined": now.disciplined,
    }
    ended = HearingState.ENDED
    body = {"state": ended.value, "at_sample": at_sample, "anchor": anchor, "spare": spare_id, "by": by}
    index = uow.log.record(LeafKind.STATE, hearing_id, now.utc, body, context.server_key)
    utc = now.utc.replace(microsecond=now.utc.microsecond // 1000 * 1000)  # as the entry has it
    hearing.state = step(HearingState(hearing.state), ended).value
    hearing.end_sample, hearing.ended_at = at_sample, utc
    uow.hearings.add(
        StateChange(hearing_id=hearing_id, state=ended.value, at_sample=at_sample, utc=utc, leaf_index=index)
    )
    uow.session.flush()
    offer_work(uow, hearing_id, now.utc)
    if context.settings.timestamp_url:
        offer_stamp(uow, now.utc)


def on_timeline(uow: UnitOfWork, hearing_id: str, recording_id: str, seconds: float) -> float:
    """A moment of a spare recording on the hearing's own timeline, by the nodes' clocks; of its own, the same."""
    if recording_id == hearing_id:
        return seconds
    offset = clock_offset(uow.hearings.marks(hearing_id), uow.hearings.marks(recording_id), seconds)
    return seconds if offset is None else max(0.0, seconds + offset.seconds)


def _end(uow: UnitOfWork, hearing: Hearing, spare_id: str, spare_seconds: float, now: datetime) -> float:
    """Where the hearing ended on its own timeline, in seconds: nothing of it that is known lies behind."""
    elapsed = (now - hearing.started_at) / timedelta(seconds=1)
    offset = clock_offset(uow.hearings.marks(hearing.id), uow.hearings.marks(spare_id), elapsed)
    end = elapsed if offset is None else spare_seconds + offset.seconds
    return max(end, uow.hearings.reached(hearing.id))
