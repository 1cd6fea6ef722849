"""Giving up what can never arrive: the court states which segments, and which stretches that nothing was ever stated
of, who decided so and why.

Nothing is deleted. That time is a gap with a cause from then on; if a segment's bytes come after all, they are taken as
any, and it counts again. A draft that nobody has signed is drawn up anew, so that it names who decided.
"""

from typing import Any

from api import reading
from api.access import Action
from api.context import Context
from api.errors import Conflict
from api.gate import existing_hearing
from api.keeping import allowed, checked_reason
from court.hearing import HearingState
from court.timeline import clock_text
from storage.ledger.leaf import LeafKind
from storage.queue import offer_draft

PART = 2000
"""Segments named in one ledger entry: an entry has at most 1 MiB."""


def administrator(context: Context, login: str, password: str) -> str:
    """The login of the administrator whose password this is; raises NotLoggedIn or Forbidden."""
    refusal = "{login} is no administrator of this court, so may not give up what a node recorded."
    return allowed(context, login, password, Action.WRITE_OFF, refusal)


def write_off(context: Context, hearing_id: str, by: str, reason: str) -> list[str]:
    """Gives up all segments of the hearing that have not arrived, and all stretches that nothing explains; returns
    their names, such as `cam-hall/3`, or `cam-hall 00:01:10–00:01:20`.

    Raises NotFound, InputError for a reason that is none, Conflict where nothing is awaited or the hearing goes on.
    """
    reason, now = checked_reason(reason), context.clock.now().utc
    with context.database.begin() as uow:
        hearing = existing_hearing(uow, hearing_id)
        uow.hearings.lock(hearing_id)
        uow.log.lock()  # an object may be arriving just now
        if HearingState(hearing.state).live:
            raise Conflict(f"Hearing {hearing_id} has not ended: what is awaited of it may still come.")
        late, holes = uow.hearings.undelivered(hearing_id), reading.unexplained(uow, hearing)
        if not late and not holes:
            raise Conflict(f"Nothing of hearing {hearing_id} is awaited: there is nothing to write off.")
        segments = [{"track": one.track, "sequence": one.sequence, "sha256": one.sha256} for one in late]
        bodies: list[dict[str, Any]] = [{"segments": segments[at : at + PART]} for at in range(0, len(segments), PART)]
        if holes:
            stretches = [{"track": track, "start": one.start, "end": one.end, "rate": one.rate} for track, one in holes]
            bodies.append({"segments": [], "stretches": stretches})
        for body in bodies:
            uow.log.record(LeafKind.LOSS, hearing_id, now, {"by": by, "reason": reason, **body}, context.server_key)
        offer_draft(uow, hearing, now, changed=True)
        named = [f"{track} {clock_text(one.start_seconds)}–{clock_text(one.end_seconds)}" for track, one in holes]
        return [*(f"{one.track}/{one.sequence}" for one in late), *named]
