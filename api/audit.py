"""The access journal: every view and download is a ledger entry, written in the transaction of the deed itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.access import Action
from api.caller import Caller
from api.context import Context
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind


@contextmanager
def journalled(
    context: Context, caller: Caller, action: Action, hearing_id: str, subject: str, *, ground: str = ""
) -> Iterator[UnitOfWork]:
    """A transaction for a view or download; the block authorises and does it, the entry is committed with it.

    `subject` says what of the hearing (a track, `transcript`, `protocol/2`). Seeing or playing the same again within
    the journal's window is one view and needs no writing transaction; a download is an entry each time.
    """
    view = (caller.session_id, hearing_id, subject)
    now = context.clock.now().monotonic
    if action is not Action.DOWNLOAD and context.recent_views.holds(view, now):
        with context.database.read() as uow:
            yield uow
        return
    with context.database.begin() as uow:
        yield uow
        record_access(context, uow, caller, action, hearing_id=hearing_id, subject=subject, ground=ground)
    context.recent_views.add(view, now)


def record_access(
    context: Context,
    uow: UnitOfWork,
    caller: Caller,
    action: Action,
    *,
    hearing_id: str,
    subject: str,
    ground: str = "",
) -> None:
    """Writes the journal entry of a deed done in the same unit of work."""
    body = {
        "actor": caller.login,
        "role": caller.role.value,
        "action": action.value,
        "object": subject,
        "ground": ground,
        "address": caller.address,
    }
    uow.log.record(LeafKind.ACCESS, hearing_id, context.clock.now().utc, body, context.server_key)
