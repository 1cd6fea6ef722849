"""Asks the access policy about stored hearings: the door every content route goes through."""

from collections.abc import Sequence

from api.access import Action, decide
from api.caller import Caller
from api.errors import Forbidden, Gone, NotFound
from court.catalogue import N_
from court.hearing import HearingState
from court.ids import is_id
from court.openness import Openness, OpennessSpan, openness_of
from court.people import UserRole
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork

WHOLE = (0.0, float("inf"))
DESTROYED_BY_ACT = N_(
    "The recording and the protocol's files were destroyed by an act when their retention was over. What was recorded "
    "stays provable: its entries stand in the log."
)


def existing_hearing(uow: UnitOfWork, hearing_id: str) -> Hearing:
    """The hearing; raises NotFound."""
    hearing = uow.hearings.get(hearing_id) if is_id(hearing_id) else None
    if hearing is None:
        raise NotFound("There is no such hearing.")
    return hearing


def shown_hearing(uow: UnitOfWork, hearing_id: str) -> Hearing:
    """As `existing_hearing`; but a spare recording is reached through the hearing it belongs to, and no other way."""
    hearing = existing_hearing(uow, hearing_id)
    if uow.hearings.first_of(hearing) is not None:
        raise NotFound("There is no such hearing.")
    return hearing


def require(
    uow: UnitOfWork, caller: Caller, hearing_id: str, action: Action, span: tuple[float, float] = WHOLE
) -> Hearing:
    """The hearing, if `caller` may do `action` to [start, end) seconds of it; raises NotFound or Forbidden."""
    hearing = shown_hearing(uow, hearing_id)
    return _allowed(uow, caller, hearing, action, openness_of(uow.hearings.openness(hearing_id), *span))


def enter(uow: UnitOfWork, caller: Caller, hearing_id: str, action: Action) -> Hearing:
    """The hearing, if `caller` may do `action` to its open part; each piece then goes through a Sieve."""
    return _allowed(uow, caller, shown_hearing(uow, hearing_id), action, Openness.OPEN)


def is_kept(hearing: Hearing) -> bool:
    """Whether what was recorded is still there; entries, transcript and notes are in any case."""
    return hearing.state != HearingState.DESTROYED


def require_kept(hearing: Hearing) -> None:
    """Raises Gone where an act destroyed what was recorded."""
    if not is_kept(hearing):
        raise Gone(DESTROYED_BY_ACT)


class Sieve:
    """The policy's answers for many pieces of one hearing, asking the database once."""

    def __init__(
        self, uow: UnitOfWork, caller: Caller, hearing_id: str, action: Action, ordered: Sequence[OpennessSpan] = ()
    ) -> None:
        """`ordered`: orders that may not have arrived here yet; what they or those in the log close is closed."""
        self._spans = uow.hearings.openness(hearing_id)
        self._ordered = ordered
        granted = is_granted(uow, caller, hearing_id)
        self._passes = {
            openness: decide(caller.role, action, openness, caller.place, granted).allowed for openness in Openness
        }

    def passes(self, start: float, end: float) -> bool:
        """Whether the caller may have [start, end) seconds."""
        return all(self._passes[openness_of(one, start, end)] for one in (self._spans, self._ordered))


def is_granted(uow: UnitOfWork, caller: Caller, hearing_id: str) -> bool:
    """Whether the court opened this hearing to this person; only parties need it."""
    return caller.role is UserRole.PARTY and uow.accounts.granted(caller.id, hearing_id)


def _allowed(uow: UnitOfWork, caller: Caller, hearing: Hearing, action: Action, openness: Openness) -> Hearing:
    decision = decide(caller.role, action, openness, caller.place, is_granted(uow, caller, hearing.id))
    if not decision.allowed:
        raise Forbidden(decision.reason)
    return hearing
