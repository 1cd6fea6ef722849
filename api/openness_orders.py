"""The judge's order, given after a hearing, that a part of it was closed. Opening what is closed is not provided for.

While the hearing lasts the node states the orders given in the court-room; afterwards the court's own author does.
Every content route asks for the orders anew, so it holds at once for playback, transcript and copies; what has been
handed out before is in other hands.
"""

import math
import re

from api.access import Action
from api.audit import record_access
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, Unusable
from api.gate import require
from court.hearing import HearingState
from court.openness import Openness
from court.timeline import clock_text
from storage.db.models import OpennessRow
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind

_RATE = 48_000  # samples per second of the hearing's timeline
_CLOCK = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,2}):([0-5][0-9])")


def seconds_of(text: str) -> int:
    """From `h:mm:ss` or `mm:ss`; raises Unusable."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise Unusable("Give both moments as on the player's clock: hours:minutes:seconds.")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def close_afterwards(context: Context, caller: Caller, hearing_id: str, start: int, end: int) -> None:
    """States that [start, end) seconds are closed, and journals it; repeating it changes nothing.

    Raises Forbidden, NotFound, Conflict while the hearing lasts, and Unusable for a stretch the hearing does not have.
    """
    with context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.ORDER_OPENNESS)
        hearing = uow.hearings.lock(hearing_id)
        if hearing is None or hearing.end_sample is None or HearingState(hearing.state).live:
            raise Conflict("While the hearing lasts it is closed and opened in the court-room.")
        length = math.ceil(hearing.end_sample / _RATE)
        if not start < end <= length:
            raise Unusable(f"The part must begin before it ends, and end by {clock_text(length)}.")
        span = {"start_ms": start * 1000, "end_ms": end * 1000, "openness": Openness.CLOSED.value}
        if _stands(uow, hearing_id, span):
            return
        body = {**span, "by": caller.name}
        index = uow.log.record(LeafKind.OPENNESS, hearing_id, context.clock.now().utc, body, context.server_key)
        uow.hearings.add(OpennessRow(hearing_id=hearing_id, ordered_by=caller.name, leaf_index=index, **span))
        subject = f"close {clock_text(start)}-{clock_text(end)} afterwards"
        record_access(context, uow, caller, Action.ORDER_OPENNESS, hearing_id=hearing_id, subject=subject)


def _stands(uow: UnitOfWork, hearing_id: str, span: dict[str, object]) -> bool:
    """Whether the court ordered just this before. Nothing opens what it closed, so it holds still."""
    return any(all(getattr(row, name) == value for name, value in span.items()) for row in orders(uow, hearing_id))


def orders(uow: UnitOfWork, hearing_id: str) -> list[OpennessRow]:
    """All orders on the hearing's openness, in their sequence."""
    query = uow.session.query(OpennessRow).filter(OpennessRow.hearing_id == hearing_id)
    return query.order_by(OpennessRow.leaf_index).all()
