"""How the keeping of a hearing stands: read from the entries that a trusted key signed, and entered there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.context import Context
from api.verification import trusted_keys
from court.hearing import HearingState
from court.retention import RetentionDeed
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.chains import check_chains
from storage.ledger.destruction import Keeping, keeping
from storage.ledger.leaf import LeafKind, SignedLeaf
from storage.ledger.stored import named_object
from storage.retention import FOR_EVER, RetentionClass, class_of, kept_until

_TELLING = (LeafKind.HEARING, LeafKind.STATE, LeafKind.RETENTION)

Classes = Iterable[RetentionClass]


@dataclass(frozen=True, slots=True)
class Standing:
    """`until` is FOR_EVER while the hearing has not ended.

    `holds` and `orders` (extensions) are those on any recording of the hearing: of the first node's and the spare ones.
    """

    hearing: str
    case_number: str
    term: RetentionClass
    until: datetime
    keeping: Keeping
    holds: tuple[SignedLeaf, ...]
    orders: tuple[datetime, ...]
    destroyed: bool

    def may_be_destroyed(self, at: datetime) -> bool:
        return self.until <= at and not self.holds and not self.destroyed


def standing(context: Context, uow: UnitOfWork, hearing: Hearing, classes: Classes) -> Standing:
    """The tables count only for whether it was destroyed and for the locks of its objects."""
    leaves = leaves_of(context, uow, hearing.id, *_TELLING)
    kept = keeping(leaves, context.server_keys.key_ids)
    cards = [leaf.body["card"] for leaf in leaves if leaf.kind is LeafKind.HEARING]
    number = str(cards[0].get("case_number", "")) if cards else ""
    beside = [keeping_of(context, uow, one.id) for one in uow.hearings.together(hearing) if one.id != hearing.id]
    holds = tuple(hold for one in (kept, *beside) for hold in one.holds)
    orders = tuple(order for one in (kept, *beside) for order in one.orders)
    term, until = class_of(number, classes), FOR_EVER
    if kept.ended is not None:
        until = kept_until(kept.ended, term, orders, uow.acts.locked_until(hearing.id))
    return Standing(hearing.id, number, term, until, kept, holds, orders, hearing.state == HearingState.DESTROYED)


def leaves_of(context: Context, uow: UnitOfWork, hearing_id: str, *kinds: LeafKind) -> list[SignedLeaf]:
    """The hearing's leaves that a trusted key signed, in log order; of the given kinds, or all."""
    return check_chains(uow.acts.entries(hearing_id, *kinds), trusted_keys(context, uow))[0]


def keeping_of(context: Context, uow: UnitOfWork, hearing_id: str) -> Keeping:
    return keeping(leaves_of(context, uow, hearing_id, *_TELLING), context.server_keys.key_ids)


def objects_of(context: Context, uow: UnitOfWork, hearing_id: str) -> dict[str, tuple[int, str]]:
    """Size in bytes and what it is (`mic-judge/0`, `protocol/1`), of each object that the hearing's leaves name."""
    found: dict[str, tuple[int, str]] = {}
    for leaf in leaves_of(context, uow, hearing_id):
        named = named_object(leaf)
        if named is not None:
            found.setdefault(named[0], (leaf.body["size"], named[1]))
    return found


def state(
    context: Context, uow: UnitOfWork, hearing_id: str, deed: RetentionDeed, *, by: str, reason: str, **told: Any
) -> None:
    """Enters a deed of retention into the hearing's part of the ledger."""
    body: dict[str, Any] = {
        "deed": deed.value,
        "by": by,
        "reason": reason,
        "act": "",
        "approved_by": "",
        "document_sha256": "",
        "until": None,
        "years": 0,
        "objects": [],
    }
    uow.log.record(LeafKind.RETENTION, hearing_id, context.clock.now().utc, body | told, context.server_key)


def end_of(until: datetime) -> str:
    """For people: the first moment at which it is no longer kept."""
    return "for ever" if until == FOR_EVER else f"until {until:%Y-%m-%d %H:%M} UTC"
