"""Which objects the court expects: their leaves came ahead of them, over a line too slow for both, or without them,
since their node lost them and gave them up. Pure.

The node has signed what the object hashes to, so nothing else can arrive in its place. That it had not arrived when its
leaf did, the court states in the very next entry of the hearing, and later that it came. What is missing without that
statement, or after the second one, was removed.

What can never arrive a person of the court writes off: a `loss` leaf names the segments
and why. It excuses nothing that was not awaited anyway, and what arrives after all is here again.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from storage.ledger.bodies import LeafKind
from storage.ledger.chains import name, place
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """A `segment` that the `loss` leaf gives up; `arrived`: when the court stated that it came after all, or ''."""

    segment: SignedLeaf
    loss: SignedLeaf
    arrived: str = ""


def expected(leaves: Sequence[SignedLeaf], court: Collection[str]) -> dict[str, SignedLeaf]:
    """The segments' leaves by the SHA-256 of the objects that have not arrived, those written off among them.

    `leaves` are those of one hearing, in log order; `court` are the ids of the keys whose word counts.
    """
    return _read(leaves, court)[0]


def written_off(leaves: Sequence[SignedLeaf], court: Collection[str]) -> dict[str, WrittenOff]:
    """By the SHA-256 of the object; the first time counts."""
    return _read(leaves, court)[1]


def check_losses(leaves: Sequence[SignedLeaf], court: Collection[str]) -> list[Fault]:
    return _read(leaves, court)[2]


def loss_sentences(leaves: Sequence[SignedLeaf], court: Collection[str]) -> Iterator[str]:
    """What a person should know of what was given up: a sentence for each deed, and for what came after all."""
    for leaf in leaves:
        if leaf.kind is LeafKind.STATE and "reason" in leaf.body and leaf.author in court:
            yield (
                f"Hearing {leaf.hearing} was ended by {leaf.body['by']} on {leaf.at} ({leaf.body['reason']}): what its "
                "node did not deliver is a gap."
            )
    found = written_off(leaves, court)
    for entry in dict.fromkeys(one.loss.entry for one in found.values()):
        lost = [one for one in found.values() if one.loss.entry == entry]
        leaf, away = lost[0].loss, [one for one in lost if not one.arrived]
        deed = f"Of hearing {leaf.hearing} {leaf.body['by']} wrote off on {leaf.at} ({leaf.body['reason']})"
        if away:
            yield f"{deed}, so that the time is a gap: {_named(away)}."
        if came := [one for one in lost if one.arrived]:
            yield f"{deed} what arrived after all and is here: {_named(came)}."


def _named(lost: Sequence[WrittenOff]) -> str:
    return ", ".join(f"{one.segment.body['track']}/{one.segment.body['sequence']}" for one in lost)


def _read(
    leaves: Sequence[SignedLeaf], court: Collection[str]
) -> tuple[dict[str, SignedLeaf], dict[str, WrittenOff], list[Fault]]:
    awaited: dict[str, SignedLeaf] = {}
    lost: dict[str, WrittenOff] = {}
    faults: list[Fault] = []
    for before, leaf in pairwise(leaves):
        if leaf.kind is LeafKind.LOSS:
            why = _objection(leaf, awaited, court)
            if why is not None:
                sentence = f"{name(leaf)} writes segments off, which cannot count: {why}."
                faults.append(Fault(FaultKind.CONTRADICTORY, place(leaf), sentence))
                continue
            for one in leaf.body["segments"]:
                lost.setdefault(one["sha256"], WrittenOff(awaited[one["sha256"]], leaf))
        elif leaf.kind is LeafKind.DELIVERY and leaf.author in court:
            sha256 = leaf.body["sha256"]
            if leaf.body["arrived"]:
                awaited.pop(sha256, None)
                if sha256 in lost and not lost[sha256].arrived:
                    lost[sha256] = replace(lost[sha256], arrived=leaf.at)
            elif before.kind is LeafKind.SEGMENT and before.body["sha256"] == sha256:
                awaited[sha256] = before
    return awaited, lost, faults


def _objection(leaf: SignedLeaf, awaited: Collection[str], court: Collection[str]) -> str | None:
    if leaf.author not in court:
        return "it is not stated by the court's server"
    if not leaf.body["by"] or not leaf.body["reason"]:
        return "it names nobody who answers for it, or no reason"
    if any(one["sha256"] not in awaited for one in leaf.body["segments"]):
        return "it names one that had arrived, or that was never awaited"
    return None
