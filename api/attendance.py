"""Who appeared: ticked by the secretary over what the card said, each tick a statement in the log."""

from dataclasses import dataclass

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, Unusable
from api.gate import enter
from court.attendance import Attendance, ticked
from court.card import HearingCard
from court.catalogue import N_
from court.hearing import HearingState
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind

NOBODY = N_("The card has no such participant: reload the page.")
SETTLED = N_("Who appeared is ticked until the protocol is signed.")
_OPEN = frozenset({HearingState.ENDED, HearingState.DRAFT, HearingState.UNDER_CORRECTION})


@dataclass(frozen=True, slots=True)
class Row:
    """A participant, `number` of the card from 1; `attendance` is empty where that says absent and nobody ticked."""

    number: int
    role: str
    name: str
    note: str
    attendance: str
    by: str


def rows(uow: UnitOfWork, hearing: Hearing) -> list[Row]:
    people = HearingCard.parse(hearing.card).participants
    ticks = ticked(people, uow.decisions.attendance(hearing.id))
    found = []
    for number, one in enumerate(people, 1):
        tick = ticks[number][1] if number in ticks else None
        attendance = tick.attendance.value if tick else Attendance.APPEARED.value if one.present else ""
        found.append(Row(number, one.role.value, one.name, one.note, attendance, tick.by if tick else ""))
    return found


def may_tick(hearing: Hearing) -> bool:
    state = HearingState(hearing.state)
    return state.live or state in _OPEN


def tick(context: Context, caller: Caller, hearing_id: str, number: int, name: str, attendance: Attendance) -> None:
    """States it of participant `number`, whose name the page had as `name`; the same again states nothing.

    Raises Forbidden, NotFound, Unusable where the card has nobody like that, Conflict once the protocol is signed.
    """
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.hearings.lock(hearing_id)
        hearing = enter(uow, caller, hearing_id, Action.RECORD)
        if not may_tick(hearing):
            raise Conflict(SETTLED)
        row = next((one for one in rows(uow, hearing) if (one.number, one.name) == (number, name)), None)
        if row is None:
            raise Unusable(NOBODY)
        if row.by and row.attendance == attendance:
            return
        live = HearingState(hearing.state).live
        at = max(0, round((now - hearing.started_at).total_seconds() * 1000)) if live else None
        body = {"participant": number, "name": name, "attendance": attendance.value, "at_ms": at, "by": caller.name}
        uow.log.record(LeafKind.ATTENDANCE, hearing_id, now, body, context.server_key)
