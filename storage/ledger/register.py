"""Whose keys record in this court's rooms: a chain of the court's own in the log, of no hearing. Pure.

`node` leaves state what is done with the right to record: a one-time code is made for a room, a key is enrolled with
it, a key is revoked. Which entries a key may sign follows from places in the log, not from anybody's clock: those that
stand behind its enrolment and before its revocation.
"""

import base64
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from court.clock import parse_utc
from storage.errors import LedgerError
from storage.ledger.bodies import LeafKind, NodeDeed
from storage.ledger.chains import Withheld, name, place
from storage.ledger.ed25519 import PUBLIC_SIZE, VerifyKey, key_id
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf, parse

REGISTER = "00000000-0000-0000-0000-000000000000"
"""What the register's leaves bear in the place of a hearing (RFC 9562's nil UUID)."""


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code for `room`, made by `by`; `until` is a time, `used` the id of the key that was enrolled by it."""

    room: str
    by: str
    until: str
    used: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A key that records in `room`, '' for any; enrolled at place `since` in the log, revoked at `revoked`, None if it
    is not. `by` answers for it, '' where it was only taken over from the time before there was a register."""

    key: bytes
    name: str
    room: str
    by: str
    since: int
    revoked: int | None = None
    revoked_at: str = ""

    @property
    def key_id(self) -> str:
        return key_id(self.key)


@dataclass(frozen=True, slots=True)
class Register:
    """`nodes` by key id, `codes` by the SHA-256 of the code (hex); `faults` are leaves that cannot count."""

    nodes: Mapping[str, Node]
    codes: Mapping[str, Code]
    faults: tuple[Fault, ...] = ()


def read_register(leaves: Mapping[int, SignedLeaf], court: Collection[str]) -> Register:
    """From the register's believable leaves by their place in the log, in order; `court` are the ids of its keys."""
    now = Register({}, {})
    for index, leaf in leaves.items():
        why = _objection(now, leaf, court)
        if why is None:
            now = _after(now, index, leaf)
        else:
            sentence = f"{name(leaf)} cannot count: {why}."
            now = replace(now, faults=(*now.faults, Fault(FaultKind.CONTRADICTORY, place(leaf), sentence)))
    return now


def believed(
    entries: Iterable[tuple[int, bytes]], keys: Mapping[str, bytes], court: Collection[str]
) -> tuple[Register, list[Fault]]:
    """The register that some of its `entries`, with their places in the log, tell of, and what is wrong with them.

    `keys` are raw public keys by id, `court` the ids of those that are the court's own.
    """
    leaves: dict[int, SignedLeaf] = {}
    faults: list[Fault] = []
    for index, entry in entries:
        try:
            leaf = parse(entry)
        except LedgerError as error:
            faults.append(Fault(FaultKind.ALTERED, f"log/{index}", f"Entry {index} of the log is no leaf: {error}"))
            continue
        key = keys.get(leaf.author)
        if leaf.hearing == REGISTER and key is not None and leaf.verify(VerifyKey(key)):
            leaves[index] = leaf
        else:
            sentence = f"{name(leaf)} is not stated by the court's server about a node: it was altered or exchanged."
            faults.append(Fault(FaultKind.ALTERED, place(leaf), sentence))
    register = read_register(leaves, court)
    return register, [*faults, *register.faults]


def node_body(deed: NodeDeed, until: str | None = None, **told: str) -> dict[str, Any]:
    """Of a `node` leaf: what is not told is empty."""
    return {"deed": deed.value, "until": until, **dict.fromkeys(("key", "name", "room", "by", "code"), ""), **told}


def public_text(key: bytes) -> str:
    """A raw public key as leaves and requests spell it."""
    return base64.b64encode(key).decode()


def check_recorder(
    recorded: Mapping[int, SignedLeaf], register: Register, owed: bool, withheld: Iterable[Withheld] = ()
) -> Iterator[Fault]:
    """Was every leaf of a hearing's node, by its place in the log, there while that node's key counted?

    `owed` is whether the register existed before the hearing's first entry; `withheld` were not handed out.
    """
    opening = next((leaf for leaf in recorded.values() if leaf.kind is LeafKind.HEARING), None)
    if opening is None:
        return
    own = {index: leaf for index, leaf in recorded.items() if leaf.author == opening.author}
    first, node = next(iter(own)), register.nodes.get(opening.author)
    if owed and (node is None or node.since > first):
        sentence = f"{name(opening)} was recorded with a key that no entry of the log had enrolled before."
        yield Fault(FaultKind.WRONG_KEY, place(opening), sentence)
    if node is not None and node.revoked is not None:
        late = {index: (place(leaf), name(leaf)) for index, leaf in own.items() if index > node.revoked}
        for one in withheld:
            if one.author == opening.author and one.index > node.revoked:
                where = f"{opening.hearing}/{one.author}/{one.seq}"
                named = f"Leaf {one.seq} of hearing {opening.hearing} by key {one.author}, which was not handed out,"
                late[one.index] = where, named
        if late:
            where, named = late[min(late)]
            yield Fault(FaultKind.WRONG_KEY, where, f"{named} came after its key was revoked on {node.revoked_at}.")


def recorder_note(recorded: Mapping[int, SignedLeaf], register: Register, owed: bool) -> str | None:
    """What a person should know of the key that recorded a hearing; None of one that a code enrolled, for that room."""
    opening = next((leaf for leaf in recorded.values() if leaf.kind is LeafKind.HEARING), None)
    if opening is None:
        return None
    node, hearing, room = register.nodes.get(opening.author), opening.hearing, opening.body["room"]
    if not owed or (node is not None and not node.by):
        return (
            f"Hearing {hearing} was recorded with key {opening.author}, which became known before the log had entries "
            "about that: who enrolled it cannot be told."
        )
    if node is not None and node.room and node.room != room:
        return f"Hearing {hearing} was recorded in {room!r} by a node that was enrolled for {node.room!r}."
    return None


def about(register: Mapping[int, SignedLeaf], named: str) -> dict[int, SignedLeaf]:
    """Of the register's leaves those that tell of the key with the id `named` and of the codes it was enrolled with."""
    codes = {leaf.body["code"] for leaf in register.values() if _id_of(leaf.body["key"]) == named} - {""}
    return {
        index: leaf
        for index, leaf in register.items()
        if leaf.body["code"] in codes or _id_of(leaf.body["key"]) == named
    }


def _objection(now: Register, leaf: SignedLeaf, court: Collection[str]) -> str | None:
    told = leaf.body
    if leaf.kind is not LeafKind.NODE or leaf.author not in court:
        return "it is no entry of the court's about a node"
    match NodeDeed(told["deed"]):
        case NodeDeed.CODE:
            return (
                None if told["code"] and told["until"] and told["by"] else "it lacks its code, its end or who made it"
            )
        case NodeDeed.ENROL | NodeDeed.ADOPT:
            return _objection_to_key(now, leaf)
        case NodeDeed.REVOKE:
            known = now.nodes.get(_id_of(told["key"]))
            return None if known is not None and known.revoked is None else "its key was not enrolled, or is revoked"


def _objection_to_key(now: Register, leaf: SignedLeaf) -> str | None:
    told, code = leaf.body, now.codes.get(leaf.body["code"])
    named = _id_of(told["key"])
    known = now.nodes.get(named)
    objections = {
        "it has no key of 32 bytes": not named,
        "its key was revoked": known is not None and known.revoked is not None,
        "nobody answers for it": told["deed"] == NodeDeed.ENROL and not told["by"],
        "no such code was made": bool(told["code"]) and code is None,
        "it was taken over from before there was a register, when there was one": told["deed"] == NodeDeed.ADOPT
        and (bool(now.codes) or any(one.by for one in now.nodes.values())),
        "its code was used before": code is not None and bool(code.used),
        "its code was no longer valid": code is not None and parse_utc(leaf.at) > parse_utc(code.until),
        "its code was made for another room": code is not None and code.room != told["room"],
    }
    return next((why for why, true in objections.items() if true), None)


def _after(now: Register, index: int, leaf: SignedLeaf) -> Register:
    told = leaf.body
    if told["deed"] == NodeDeed.CODE:
        return replace(now, codes={**now.codes, told["code"]: Code(told["room"], told["by"], told["until"])})
    key = base64.b64decode(told["key"])
    named = key_id(key)
    if told["deed"] == NodeDeed.REVOKE:
        node = replace(now.nodes[named], revoked=index, revoked_at=leaf.at)
        return replace(now, nodes={**now.nodes, named: node})
    since = now.nodes[named].since if named in now.nodes else index  # enrolled anew, for another room
    node = Node(key, told["name"], told["room"], told["by"], since)
    codes = {**now.codes, told["code"]: replace(now.codes[told["code"]], used=named)} if told["code"] else now.codes
    return replace(now, nodes={**now.nodes, named: node}, codes=codes)


def _id_of(text: str) -> str:
    """The id of a key spelled as `public_text` does; '' if it is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return ""
    return key_id(raw) if len(raw) == PUBLIC_SIZE else ""
