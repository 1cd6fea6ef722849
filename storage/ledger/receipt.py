"""When the court received what a node states: the court's own word, by its own clock. Pure.

A `receipt` leaf names an entry that stands before it in the log and is dated when that came. The server states one for
the entry that opens a hearing, and again only where an entry is not dated about when it comes: so an ordinary hearing
has one of them, and one that is dated back or ahead says so to whoever verifies it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from court.clock import parse_utc
from storage.ledger.back_dating import TOLERANCE
from storage.ledger.bodies import LeafKind
from storage.ledger.chains import name, place
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf, entry_hash

LATE = timedelta(minutes=15)
"""How much later than it is dated an entry may come before the court says when that was.

Entries wait for a segment's bytes, which a slow line holds up by minutes. While a backlog of days is delivered, the
court says so at most once in this time.
"""

SINCE = "since"
"""Field of a copy leaf: by kind of leaf, which entry of the log was its first. The first copies had no such field."""


SINCE_KINDS = LeafKind.RECEIPT, LeafKind.NODE


def receipt_due(at: datetime, follows: datetime | None, now: datetime, stated: datetime | None) -> bool:
    """Whether the court states that an entry dated `at` comes `now`.

    `follows` is when the entry before it in its chain is dated, None for the one that opens a hearing; `stated` is the
    hearing's last receipt. An author whose clock is fast is told of once, where that begins to show.
    """
    if follows is None:
        return True
    if at > now + TOLERANCE:
        return follows <= now + TOLERANCE
    return is_late(at, now) and (stated is None or now - stated >= LATE)


def is_late(at: datetime, received: datetime) -> bool:
    return received - at > LATE


def is_owed(since: Mapping[str, Any], kind: LeafKind, opening: int) -> bool:
    """Whether a hearing whose first entry stands at `opening` must have a leaf of `kind`, because older ones had.

    `since` is what the log shows, or a copy leaf says of it.
    """
    first = since.get(kind.value)
    return isinstance(first, int) and first < opening


@dataclass(frozen=True, slots=True)
class Received:
    """`leaf` is dated `at`, and the court received it at `received`."""

    leaf: SignedLeaf
    at: datetime
    received: datetime


def received(leaves: Sequence[SignedLeaf], court: Collection[str]) -> list[Received]:
    """What the court says of those of a hearing's `leaves`, in log order, that it named; `court` are its keys' ids."""
    seen: dict[str, SignedLeaf] = {}
    found = []
    for leaf in leaves:
        seen[entry_hash(leaf.entry)] = leaf
        named = seen.get(leaf.body["entry"]) if _is_receipt(leaf, court) else None
        if named is not None:
            found.append(Received(named, parse_utc(named.at), parse_utc(leaf.at)))
    return found


def check_receipts(
    leaves: Sequence[SignedLeaf], court: Collection[str], demanded: bool, withheld: Collection[str] = ()
) -> Iterator[Fault]:
    """What contradicts the court's receipts in one hearing, whose believable `leaves` stand in log order.

    `demanded` is whether the opening must have one; `withheld` are the SHA-256 of entries that were not handed out.
    """
    before: SignedLeaf | None = None
    seen, waiting = {*withheld}, list[SignedLeaf]()
    for leaf in leaves:
        if not _is_receipt(leaf, court):
            seen.add(entry_hash(leaf.entry))
            waiting += [] if leaf.author in court else [leaf]
            continue
        if leaf.body["entry"] not in seen:
            sentence = f"{name(leaf)} is of entry {leaf.body['entry']}, which does not stand before it."
            yield Fault(FaultKind.CONTRADICTORY, place(leaf), sentence)
        if before is not None and leaf.at < before.at:
            sentence = f"{name(leaf)} is dated {leaf.at}, before the court's receipt that precedes it ({before.at})."
            yield Fault(FaultKind.BACKDATED, place(leaf), sentence)
        yield from _ahead(waiting, leaf)
        before, waiting = leaf, []
    if demanded and not any(one.leaf.kind is LeafKind.HEARING for one in received(leaves, court)):
        hearing = leaves[0].hearing
        sentence = f"The court never stated when it received the opening of hearing {hearing}, as it does of every one."
        yield Fault(FaultKind.MISSING, hearing, sentence)


def late_sentence(leaves: Sequence[SignedLeaf], court: Collection[str]) -> str | None:
    """What a person should know of a hearing that came notably later than it is dated; None of any other."""
    late = [one for one in received(leaves, court) if is_late(one.at, one.received)]
    if not late:
        return None
    first, last = late[0], late[-1]
    told = f"Entries of hearing {first.leaf.hearing} dated {_minute(first.at)} reached the court only on "
    told += f"{_minute(first.received)}."
    if last is first:
        return told
    return (
        f"{told} Others came late after that, the last of them dated {_minute(last.at)}, on {_minute(last.received)}."
    )


def _ahead(waiting: Sequence[SignedLeaf], receipt: SignedLeaf) -> Iterator[Fault]:
    """A fault for the entry that is dated furthest after the receipt which follows it."""
    newest = max(waiting, key=lambda leaf: leaf.at, default=None)
    if newest is not None and parse_utc(newest.at) > parse_utc(receipt.at) + TOLERANCE:
        sentence = (
            f"{name(newest)} is dated {newest.at}, and the court had received it by {receipt.at}: the clock of "
            "whoever stated it was fast, or it is dated ahead."
        )
        yield Fault(FaultKind.BACKDATED, place(newest), sentence)


def _is_receipt(leaf: SignedLeaf, court: Collection[str]) -> bool:
    return leaf.kind is LeafKind.RECEIPT and leaf.author in court


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
