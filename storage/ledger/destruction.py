"""What a hearing's leaves say about its keeping: holds, extensions, and acts of destruction that count.

An act counts only if the court's server stated it by its own key, two different people answer for it, no hold was in
force, and the retention was over by what the leaves themselves say. An object missing under any other act is missing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from court.clock import parse_utc
from court.hearing import HearingState
from court.retention import RetentionDeed
from storage.ledger.act import Act
from storage.ledger.bodies import LeafKind
from storage.ledger.chains import name, place
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf
from storage.retention import retain_until


@dataclass(frozen=True, slots=True)
class Keeping:
    """`ended` is None until the hearing has, `holds` are the leaves of those in force, `orders` the extensions.

    `lifted` is whether the last hold was; `proposals` and `approvals` are leaves by act, `faults` what cannot count.
    """

    ended: datetime | None
    holds: tuple[SignedLeaf, ...]
    orders: tuple[datetime, ...]
    proposals: Mapping[str, SignedLeaf]
    approvals: Mapping[str, SignedLeaf]
    acts: tuple[Act, ...]
    faults: tuple[Fault, ...]
    lifted: bool = False


def keeping(leaves: Sequence[SignedLeaf], court: Collection[str]) -> Keeping:
    """From a hearing's believable leaves in log order; `court` are the ids of its server's keys."""
    now = Keeping(None, (), (), {}, {}, (), ())
    for leaf in leaves:
        if leaf.kind is LeafKind.STATE and leaf.body["state"] == HearingState.ENDED:
            now = replace(now, ended=parse_utc(leaf.body["anchor"]["utc"]))
        elif leaf.kind is LeafKind.RETENTION:
            why = "it is not stated by the court's server" if leaf.author not in court else _objection(now, leaf)
            now = _after(now, leaf) if why is None else replace(now, faults=(*now.faults, _fault(leaf, why)))
    return now


def _after(now: Keeping, leaf: SignedLeaf) -> Keeping:
    body, act = leaf.body, leaf.body["act"]
    match RetentionDeed(body["deed"]):
        case RetentionDeed.HOLD:
            now = replace(now, holds=(*now.holds, leaf), lifted=False)
        case RetentionDeed.LIFT:
            now = replace(now, holds=(), lifted=True)
        case RetentionDeed.EXTEND:
            now = replace(now, orders=(*now.orders, parse_utc(body["until"])))
        case RetentionDeed.PROPOSE:
            now = replace(now, proposals={**now.proposals, act: leaf})
        case RetentionDeed.APPROVE:
            now = replace(now, approvals={**now.approvals, act: leaf})
        case RetentionDeed.DESTROY:
            now = replace(now, acts=_with_part(now.acts, leaf))
        case RetentionDeed.DESTROYED:
            now = replace(now, acts=tuple(replace(one, done=leaf.at) if one.id == act else one for one in now.acts))
    return now


def _with_part(acts: tuple[Act, ...], leaf: SignedLeaf) -> tuple[Act, ...]:
    """An act that names many objects is stated in several leaves."""
    body = leaf.body
    named = {one["sha256"]: one["size"] for one in body["objects"]}
    for place_of, act in enumerate(acts):
        if act.id == body["act"]:
            return (*acts[:place_of], replace(act, objects={**act.objects, **named}), *acts[place_of + 1 :])
    return (*acts, Act(body["act"], body["by"], body["approved_by"], body["reason"], leaf.at, named))


def _objection(now: Keeping, leaf: SignedLeaf) -> str | None:
    """Why the deed cannot count; None if it does."""
    body, deed = leaf.body, RetentionDeed(leaf.body["deed"])
    if not body["by"]:
        return "it names nobody who answers for it"
    if deed is RetentionDeed.EXTEND and body["until"] is None:
        return "it does not say until when"
    return _objection_to_destruction(now, leaf) if deed is RetentionDeed.DESTROY else None


def _objection_to_destruction(now: Keeping, leaf: SignedLeaf) -> str | None:
    body, at = leaf.body, parse_utc(leaf.at)
    proposal, approval = now.proposals.get(body["act"]), now.approvals.get(body["act"])
    if not body["act"] or body["until"] is None or body["years"] < 1 or now.ended is None:
        return "it lacks its number, the end of the retention or its years, or the hearing has no end"
    over = max([retain_until(now.ended, body["years"]), *now.orders])
    objections = {
        "nobody approved it but who proposed it": is_same(body["by"], body["approved_by"]) or not body["approved_by"],
        "it names another than who proposed it": proposal is not None and proposal.body["by"] != body["by"],
        "it names another than who approved it": approval is not None and approval.body["by"] != body["approved_by"],
        "the hearing was under legal hold": bool(now.holds),
        "it states an earlier end of the retention than the hearing has": parse_utc(body["until"]) < over,
        "the retention was not over": at < parse_utc(body["until"]),
    }
    return next((why for why, true in objections.items() if true), None)


def is_same(one: str, other: str) -> bool:
    """Whether two logins are one person's; their case does not matter."""
    return one.strip().casefold() == other.strip().casefold()


def _fault(leaf: SignedLeaf, why: str) -> Fault:
    sentence = f"{name(leaf)} states the deed {leaf.body['deed']!r}, which cannot count: {why}."
    return Fault(FaultKind.CONTRADICTORY, place(leaf), sentence)
