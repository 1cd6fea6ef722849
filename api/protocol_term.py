"""By when a hearing's protocol is to be signed: the ordinary term, or the longer one where the judge chooses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, Unusable
from api.gate import enter
from api.terms import HearingTerms, hearing_terms
from court.card import HearingCard
from court.catalogue import N_
from court.hearing import UNSIGNED
from court.terms import TermDecision, protocol_term_began
from storage.db.models import Hearing, Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind

LONGEST = 500
"""Characters of the reasons."""
NO_REASONS = N_("Say in at most 500 characters why.")
NOT_NOW = N_(
    "The term is chosen from the end of the hearing until its protocol is signed, where the code has a longer one for "
    "complex cases."
)


@dataclass(frozen=True, slots=True)
class ProtocolTerm:
    """`until` is the last day in time, `over` whether it is past; `longer` the decision by which it is the longer one,
    `choice` whether there are two to choose from; `pending` as the terms are."""

    until: date
    over: bool
    longer: TermDecision | None
    choice: bool
    pending: bool


def protocol_term(uow: UnitOfWork, hearing: Hearing, now: datetime) -> ProtocolTerm | None:
    """None unless a protocol is due."""
    if hearing.state not in UNSIGNED:
        return None
    terms = _terms(uow, hearing)
    until = terms.protocol_until(term_began(hearing, uow.protocols.of(hearing.id)))
    choice = terms.terms.protocol_complex is not None
    return ProtocolTerm(until, terms.day(now) > until, terms.longer, choice, terms.terms.pending)


def term_began(hearing: Hearing, revisions: Sequence[Protocol]) -> datetime:
    """See court.terms."""
    told = [(one.created_at, one.signed_at is not None) for one in revisions]
    return protocol_term_began(hearing.ended_at or hearing.started_at, told)


def decide_term(context: Context, caller: Caller, hearing_id: str, longer: bool, reason: str) -> None:
    """States that the protocol has the longer term, or the ordinary one after all; the same again states nothing.

    Raises Forbidden, NotFound, Unusable without reasons, and Conflict where nothing is to be chosen.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST:
        raise Unusable(NO_REASONS)
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.hearings.lock(hearing_id)
        hearing = enter(uow, caller, hearing_id, Action.DECIDE_FORM)
        known = protocol_term(uow, hearing, now)
        if known is None or not known.choice:
            raise Conflict(NOT_NOW)
        if (known.longer is not None) != longer:
            body = {"longer": longer, "reason": reason, "by": caller.name}
            uow.log.record(LeafKind.TERM, hearing_id, now, body, context.server_key)


def _terms(uow: UnitOfWork, hearing: Hearing) -> HearingTerms:
    return hearing_terms(HearingCard.parse(hearing.card), uow.decisions.terms([hearing.id]).get(hearing.id))
