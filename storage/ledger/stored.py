"""Do the stored objects still hold the bytes that the leaves were signed for?"""

from collections.abc import Callable, Collection, Sequence

from storage.ledger.act import Act
from storage.ledger.bodies import LeafKind
from storage.ledger.faults import Fault, FaultKind, ObjectState
from storage.ledger.leaf import SignedLeaf

Objects = Callable[[str], ObjectState]
"""SHA-256 → what is stored under it, read and hashed now."""


def check_objects(
    leaves: Sequence[SignedLeaf], objects: Objects, acts: Sequence[Act] = (), expected: Collection[str] = ()
) -> list[Fault]:
    """Every object that a leaf names, each read once; what an act destroyed must be gone, once that is done.

    The `expected` need not be there yet.
    """
    states: dict[str, ObjectState] = {}
    faults: list[Fault] = []
    destroying = {sha256: act for act in acts for sha256 in act.objects}
    for leaf in leaves:
        found = named_object(leaf)
        if found is None:
            continue
        sha256, where, what = found
        if sha256 not in states:
            states[sha256] = objects(sha256)
        where, act = f"{leaf.hearing}/{where}", destroying.get(sha256)
        if states[sha256].sha256 is None and (act is not None or sha256 in expected):
            continue
        if act is not None and act.done:
            faults.append(_survivor(act, sha256, where, what))
            continue
        fault = _fault(states[sha256], sha256, leaf.body["size"], where, what)
        faults += [fault] if fault else []
    return faults


def named_object(leaf: SignedLeaf) -> tuple[str, str, str] | None:
    """SHA-256 of the object a leaf names, where it belongs within the hearing, its name in a sentence; None if none."""
    body = leaf.body
    of = f"of hearing {leaf.hearing}"
    if leaf.kind is LeafKind.SEGMENT:
        track, sequence = body["track"], body["sequence"]
        return body["sha256"], f"{track}/{sequence}", f"Segment {sequence} of track {track} {of}"
    if leaf.kind is LeafKind.PROTOCOL:
        return body["sha256"], f"protocol/{body['revision']}", f"Protocol revision {body['revision']} {of}"
    if leaf.kind is LeafKind.SIGNATURE:
        return body["protocol_sha256"], f"signature/{body['revision']}", f"The signed protocol {of}"
    return None


def _survivor(act: Act, sha256: str, where: str, what: str) -> Fault:
    sentence = (
        f"{what} (object {sha256}) is in the store, though act {act.id} says since {act.done} that it is destroyed."
    )
    return Fault(FaultKind.CONTRADICTORY, where, sentence)


def _fault(state: ObjectState, sha256: str, size: int, where: str, what: str) -> Fault | None:
    what = f"{what} (object {sha256})"
    if state.sha256 is None:
        return Fault(FaultKind.MISSING, where, f"{what} is missing from the store.")
    if state.sha256 == sha256:
        if state.size == size:
            return None
        return Fault(FaultKind.CONTRADICTORY, where, f"{what} has {state.size} bytes, its leaf says {size}.")
    if state.size < size:
        return Fault(FaultKind.TRUNCATED, where, f"{what} is cut short: {state.size} of {size} bytes.")
    return Fault(FaultKind.ALTERED, where, f"{what} was altered: its bytes now hash to {state.sha256}.")
