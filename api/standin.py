"""Ending a hearing whose own node does not: on the spare recording, or because the node never comes back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from api.context import Context
from api.errors import Conflict, NodeUnreachable
from api.gate import existing_hearing
from api.in_step import records
from api.keeping import checked_reason
from api.work import offer_work
from court.clock import Anchor, iso_utc, parse_utc
from court.errors import InputError
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
    end = _end(uow, hearing, spare_id, spare_seconds, now.utc)
    _enter(context, uow, hearing, end, now, {"spare": spare_id, "by": by})


def end_without_node(context: Context, hearing_id: str, by: str, reason: str, at: datetime | None = None) -> datetime:
    """Enters the end of a hearing whose node never comes back, and returns when that was.

    It ended at `at`, in any zone; by default where the last that has arrived of it ends. What its node had beyond that
    is a gap. If the node does come back, what it delivers is taken, and the end stands. Raises NotFound, InputError
    for a reason that is none or a time outside of the hearing, Conflict where it has ended or is recorded now.
    """
    reason = checked_reason(reason)
    recording = _recording_now(context, hearing_id)
    if recording is not None:
        raise Conflict(f"The node {recording} records hearing {hearing_id} now: end it on its console.")
    with context.database.begin() as uow:
        existing_hearing(uow, hearing_id)
        hearing, now = uow.hearings.lock(hearing_id), context.clock.now()
        if hearing is None or not HearingState(hearing.state).live:
            raise Conflict(f"Hearing {hearing_id} has ended already.")
        reached = uow.hearings.reached(hearing_id)
        known = hearing.started_at + timedelta(seconds=reached)
        ended = known if at is None else at.astimezone(UTC)
        if not known <= ended <= max(now.utc, known):
            raise InputError(
                f"Hearing {hearing_id} cannot have ended at {iso_utc(ended)}: it is recorded until {iso_utc(known)}, "
                "and the end is no time to come."
            )
        told = Anchor(ended, now.monotonic, disciplined=False)  # what a person says, and no clock
        end = (ended - hearing.started_at) / timedelta(seconds=1)
        _enter(context, uow, hearing, end, told, {"by": by, "reason": reason})
    return ended


def _recording_now(context: Context, hearing_id: str) -> str | None:
    """The address of an attached node that records the hearing at this moment."""
    for node in context.all_nodes:
        try:
            status = node.status()
        except NodeUnreachable:
            continue
        if records(status, hearing_id) and status["state"] is not None and HearingState(status["state"]).live:
            return node.url
    return None


def _enter(
    context: Context, uow: UnitOfWork, hearing: Hearing, seconds: float, end: Anchor, told: Mapping[str, str]
) -> None:
    """The court's own entry that the hearing ended at so many seconds of it; `told` says how it comes to say so."""
    now, ended, at_sample = context.clock.now().utc, HearingState.ENDED, round(seconds * _SAMPLES_PER_SECOND)
    anchor = {
        "utc": iso_utc(end.utc),
        "monotonic_ms": int(end.monotonic * 1000),
        "disciplined": end.disciplined,
    }
    body = {"state": ended.value, "at_sample": at_sample, "anchor": anchor, **told}
    index = uow.log.record(LeafKind.STATE, hearing.id, now, body, context.server_key)
    utc = parse_utc(iso_utc(end.utc))  # as the entry has it
    hearing.state = step(HearingState(hearing.state), ended).value
    hearing.end_sample, hearing.ended_at = at_sample, utc
    uow.hearings.add(
        StateChange(hearing_id=hearing.id, state=ended.value, at_sample=at_sample, utc=utc, leaf_index=index)
    )
    uow.session.flush()
    offer_work(uow, hearing.id, now)
    if context.settings.timestamp_url:
        offer_stamp(uow, now)


def _end(uow: UnitOfWork, hearing: Hearing, spare_id: str, spare_seconds: float, now: datetime) -> float:
    """Where the hearing ended on its own timeline, in seconds: nothing of it that is known lies behind."""
    elapsed = (now - hearing.started_at) / timedelta(seconds=1)
    offset = clock_offset(uow.hearings.marks(hearing.id), uow.hearings.marks(spare_id), elapsed)
    end = elapsed if offset is None else spare_seconds + offset.seconds
    return max(end, uow.hearings.reached(hearing.id))
