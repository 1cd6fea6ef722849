"""The board of deadlines: what is due in which hearing, by when, and whose it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from api.caller import Caller
from api.protocol_term import term_began
from api.terms import HearingTerms, hearing_terms
from court.card import HearingCard
from court.hearing import HearingState
from court.remarks import Remark
from court.terms import TermDecision
from protocol.signers import SignerRole
from storage.db.models import Hearing, Protocol
from storage.db.unit_of_work import UnitOfWork

_LONGEST = timedelta(days=200)
"""No term for remarks is longer (protocol.terms)."""
_SOON = 1  # days


class DueKind(StrEnum):
    """What waits: the machine's draft, the secretary's signature, the judge's after it, parties' remarks within their
    term, the judge's rulings."""

    DRAFT = "draft"
    SIGNATURE = "signature"
    JUDGE_SIGNATURE = "judge_signature"
    REMARKS = "remarks"
    DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Due:
    """`days` until the last day in time, negative where it is past; `count` of remarks to be decided. `longer`: the
    protocol has the longer term by the judge's decision."""

    hearing: str
    case_number: str
    case_title: str
    judge: str
    secretary: str
    kind: DueKind
    until: date
    days: int
    count: int = 0
    pending: bool = False
    longer: TermDecision | None = None

    @property
    def overdue(self) -> bool:
        return self.days < 0

    @property
    def over(self) -> bool:
        """Whether nobody need know any more: the term for remarks ended."""
        return self.overdue and self.kind is DueKind.REMARKS

    @property
    def urgent(self) -> bool:
        """Whether somebody must act by tomorrow; a term for remarks runs by itself."""
        return self.days <= _SOON and self.kind is not DueKind.REMARKS


def board(uow: UnitOfWork, now: datetime, name: str = "") -> list[Due]:
    """What is due, the most urgent first; with a `name` in the hearings of that judge or secretary alone."""
    found: list[Due] = []
    undecided = uow.remarks.undecided()
    outstanding = uow.protocols.outstanding(now - _LONGEST, undecided)
    decided = uow.decisions.terms([hearing.id for hearing, _ in outstanding])
    for hearing, revisions in outstanding:
        card = HearingCard.parse(hearing.card)
        if name and name.casefold() not in (card.judge.casefold(), card.secretary.casefold()):
            continue
        terms = hearing_terms(card, decided.get(hearing.id))
        waiting = [one for one in uow.remarks.of(hearing.id) if one.ended is None] if hearing.id in undecided else []
        dues = _dues(hearing, terms, revisions, waiting)
        found += [_item(hearing, card, terms, kind, until, now, len(waiting)) for kind, until in dues]
    return sorted((one for one in found if not one.over), key=lambda one: (one.until, one.case_number, one.kind))


def urgent(uow: UnitOfWork, caller: Caller, now: datetime) -> list[Due]:
    """What the caller is reminded of."""
    return [one for one in board(uow, now, caller.name) if one.urgent]


def _dues(
    hearing: Hearing, terms: HearingTerms, revisions: Sequence[Protocol], waiting: Sequence[Remark]
) -> Iterator[tuple[DueKind, date]]:
    signed = [one for one in revisions if one.signed_at is not None]
    until = terms.protocol_until(term_began(hearing, revisions))
    if HearingState(hearing.state) is not HearingState.SIGNED:
        yield DueKind.SIGNATURE if revisions else DueKind.DRAFT, until
    elif signed and signed[-1].role == SignerRole.SECRETARY:
        yield DueKind.JUDGE_SIGNATURE, until
    if signed and signed[-1].signed_at is not None:
        yield DueKind.REMARKS, terms.remarks_until(signed[-1].signed_at)
    if waiting:
        yield DueKind.DECISION, min(terms.decision_until(one.filed.at) for one in waiting)


def _item(
    hearing: Hearing,
    card: HearingCard,
    terms: HearingTerms,
    kind: DueKind,
    until: date,
    now: datetime,
    count: int,
) -> Due:
    return Due(
        hearing=hearing.id,
        case_number=hearing.case_number,
        case_title=card.case_title,
        judge=card.judge,
        secretary=card.secretary,
        kind=kind,
        until=until,
        days=(until - terms.day(now)).days,
        count=count if kind is DueKind.DECISION else 0,
        pending=terms.terms.pending,
        longer=terms.longer if kind in (DueKind.DRAFT, DueKind.SIGNATURE, DueKind.JUDGE_SIGNATURE) else None,
    )
