"""The register of nodes: one-time codes, enrolment, revocation; all of it entries of the log.

A code is kept as its hash, in the entry that states who made it. Using it up is the entry that enrols a key: so a
request that was cut off half-way, or comes twice, leaves the node enrolled once or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from api.context import Context
from api.errors import Conflict, Forbidden, NotFound, Unusable
from court.clock import iso_utc, parse_utc
from court.errors import InputError
from court.room import parse_room
from storage.db.unit_of_work import UnitOfWork
from storage.enrolment import code_hash, enrolment_message, new_code, node_token
from storage.errors import LedgerError
from storage.ledger.bodies import NodeDeed
from storage.ledger.checkpoint import verifier_key
from storage.ledger.ed25519 import PUBLIC_SIZE, VerifyKey
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.ledger.register import REGISTER, Node, Register, node_body, public_text, read_register

MAX_MINUTES = 7 * 24 * 60
_NAME = 200
_OWN = "this machine"
_WRONG_CODE = "The code is not known, was used by another node, or is no longer valid: make a new one on the server."


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a node is answered: `room_file` is the text of its room's file, '' where the server has none."""

    node: Node
    token: str
    log_key: str
    room_file: str


def register_leaves(uow: UnitOfWork) -> dict[int, SignedLeaf]:
    """The register's leaves by their place in the log; what is none, `courtrec verify` names."""
    found = {}
    for row in uow.log.entries(REGISTER):
        try:
            found[row.index] = parse(row.entry)
        except LedgerError:
            continue
    return found


def register_of(context: Context, uow: UnitOfWork) -> Register:
    return read_register(register_leaves(uow), context.server_keys.key_ids)


def make_code(context: Context, room: str, by: str, minutes: int) -> tuple[str, datetime]:
    """A one-time code for a node of `room`, and until when it is valid; raises Unusable."""
    if not room.strip() or len(room) > _NAME or not room.isprintable():
        raise Unusable(f"A room's name has 1 to {_NAME} printable characters: write it as in the room file.")
    if not 1 <= minutes <= MAX_MINUTES:
        raise Unusable(f"A code is valid for 1 to {MAX_MINUTES} minutes.")
    now = context.clock.now().utc
    code, until = new_code(), now + timedelta(minutes=minutes)
    told = node_body(NodeDeed.CODE, room=room.strip(), by=by, code=code_hash(code), until=iso_utc(until))
    with context.database.begin() as uow:
        uow.log.record(LeafKind.NODE, REGISTER, now, told, context.server_key)
    return code, until


def enrol(context: Context, code: str, public: bytes, name: str, proof: bytes) -> Enrolled:
    """Enrols the raw key `public` for the code's room. The same key with the same code again is answered the same.

    Raises Unusable where the request is none, Forbidden where the code or the key cannot be used.
    """
    if len(public) != PUBLIC_SIZE or not VerifyKey(public).verify(proof, enrolment_message(code, name)):
        raise Unusable("The proof is not signed with the key sent beside it: send the node's own key.")
    if not name or len(name) > _NAME or not name.isprintable():
        raise Unusable(f"A node's name has 1 to {_NAME} printable characters: set COURTREC_NODE_NAME.")
    key, now = VerifyKey(public), context.clock.now().utc
    with context.database.begin() as uow:
        uow.log.lock()
        register = register_of(context, uow)
        made, known = register.codes.get(code_hash(code)), register.nodes.get(key.key_id)
        if known is not None and known.revoked is not None:
            raise Forbidden(f"This node's key {key.key_id} was revoked: delete it on the node and enrol another.")
        if made is None or (made.used not in ("", key.key_id)) or now > parse_utc(made.until):
            raise Forbidden(_WRONG_CODE)
        if key.key_id in uow.log.public_keys("server", "log"):
            raise Unusable("The key is the server's own: a node signs with a key of its own.")
        if not made.used:
            told = node_body(
                NodeDeed.ENROL, key=public_text(public), name=name, room=made.room, by=made.by, code=code_hash(code)
            )
            uow.log.record(LeafKind.NODE, REGISTER, now, told, context.server_key)
            uow.log.enrol_key(key.key_id, public, "node", name)
        node = register_of(context, uow).nodes[key.key_id]
    token = node_token(context.secrets.node_token, key.key_id)
    origin, log_key = context.settings.log_origin, context.log_keys.key.public
    return Enrolled(node, token, verifier_key(origin, log_key), room_file(context.settings.home / "rooms", made.room))


def revoke(context: Context, key_id: str, by: str) -> Node:
    """Nothing that this key signed is taken from now on; raises NotFound or Conflict."""
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.log.lock()
        node = register_of(context, uow).nodes.get(key_id)
        if node is None:
            raise NotFound(f"No node has the key {key_id}: `courtrec node list` names them.")
        if node.revoked is not None:
            raise Conflict(f"The key {key_id} was revoked on {node.revoked_at} already.")
        told = node_body(NodeDeed.REVOKE, key=public_text(node.key), name=node.name, room=node.room, by=by)
        uow.log.record(LeafKind.NODE, REGISTER, now, told, context.server_key)
    return node


def enrol_own(context: Context, public: bytes) -> None:
    """Enrols the raw key of this machine's own node without a code: its file lies beside the server's own keys."""
    key = VerifyKey(public)
    with context.database.begin() as uow:
        uow.log.lock()
        _adopt(context, uow)
        node = register_of(context, uow).nodes.get(key.key_id)
        if node is not None and (node.by or node.revoked is not None):
            return
        told = node_body(NodeDeed.ENROL, key=public_text(public), name=_OWN, by=_OWN)
        uow.log.record(LeafKind.NODE, REGISTER, context.clock.now().utc, told, context.server_key)
        uow.log.enrol_key(key.key_id, public, "node", _OWN)


def begin_register(context: Context) -> None:
    """In a court from before there was a register, its nodes' keys are taken over into it, once."""
    with context.database.begin() as uow:
        uow.log.lock()
        _adopt(context, uow)


def _adopt(context: Context, uow: UnitOfWork) -> None:
    if not uow.log.head().size or register_leaves(uow):
        return
    for raw in uow.log.public_keys("node").values():
        told = node_body(NodeDeed.ADOPT, key=public_text(raw))
        uow.log.record(LeafKind.NODE, REGISTER, context.clock.now().utc, told, context.server_key)


def admitted(context: Context, uow: UnitOfWork, key_id: str) -> Node:
    """The node with this key; raises Forbidden where it may not deliver."""
    node = register_of(context, uow).nodes.get(key_id)
    if node is None:
        raise Forbidden(
            f"The node's key {key_id} is not enrolled: make a code with `courtrec node code ROOM` on the server, and "
            "run `courtrec node enrol` on the node."
        )
    if node.revoked is not None:
        raise Forbidden(f"The node's key {key_id} was revoked on {node.revoked_at}: nothing more is taken from it.")
    return node


def room_file(folder: Path, room: str) -> str:
    """The text of the file in `folder` that describes the room of that name, '' where there is none."""
    for path in sorted(folder.glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8")
            if parse_room(text, str(path)).name == room:
                return text
        except (OSError, UnicodeDecodeError, InputError):
            continue
    return ""


def nodes(context: Context) -> Mapping[str, Node]:
    with context.database.read() as uow:
        return register_of(context, uow).nodes
