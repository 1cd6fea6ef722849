"""A signed protocol is corrected by a new one in its place; who may begin that, and why, stands in the log.

No change is allowed in what was signed (Kazakhstan CPC art. 283(5)). As long as the secretary alone signed, either of
the two may begin anew; once the presiding judge did, it takes the judge, who also decides on remarks.
"""

from api.access import Action
from api.audit import record_access
from api.caller import Caller
from api.composition import protocol_context
from api.context import Context
from api.errors import Conflict, Unusable
from api.gate import require, require_kept
from court.catalogue import N_
from court.hearing import HearingState
from court.one_line import one_line
from court.people import UserRole
from protocol.errors import ProtocolError
from protocol.signers import SignerRole
from protocol.tasks import correct_protocol
from storage.db.models import Hearing, Protocol

LONGEST = 500
"""Characters of the reason."""
NO_REASON = N_("Say why the signed protocol is corrected.")
NOT_NOW = N_(
    "There is no signed protocol that you could have corrected now: it is being corrected already, its transcript is "
    "being made anew, or the presiding judge has signed it and begins this."
)


def may_replace(caller: Caller, hearing: Hearing, latest: Protocol | None) -> bool:
    """Whether the newest revision is a signed one that somebody of the caller's role may have replaced."""
    if latest is None or latest.signed_at is None or hearing.state != HearingState.SIGNED:
        return False
    by_secretary_alone = latest.role == SignerRole.SECRETARY
    return caller.role is UserRole.JUDGE or (caller.role is UserRole.SECRETARY and by_secretary_alone)


def replace_protocol(context: Context, caller: Caller, hearing_id: str, reason: str) -> None:
    """Has a new protocol drawn up that names the signed one and the reason; raises NotFound, Forbidden, Unusable where
    no reason is given, Conflict where it is not possible now."""
    why = one_line(" ".join(reason.split()))[:LONGEST]
    if not why:
        raise Unusable(NO_REASON)
    with context.database.begin() as uow:
        hearing = require(uow, caller, hearing_id, Action.CORRECT_PROTOCOL)
        require_kept(hearing)
        if not may_replace(caller, hearing, uow.protocols.latest(hearing_id)):
            raise Conflict(NOT_NOW)
        record_access(
            context, uow, caller, Action.CORRECT_PROTOCOL, hearing_id=hearing_id, subject="protocol", ground=why
        )
    try:
        begun = correct_protocol(protocol_context(context), hearing_id, why)
    except ProtocolError as error:
        raise Conflict(str(error)) from error
    if not begun:
        raise Conflict(NOT_NOW)
