"""Replacing a signing key: the old key names the new one, the new one owns up to the old (a C2SP signed note).

Signed by both, the statement serves in both directions: whoever knows the old key learns the new one, and whoever
holds the new one knows which old ones were this court's. What is stated is never who *may* sign later, so an old key
that was stolen introduces nobody: only what leads to the present key counts.
"""

import base64
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from court.clock import iso_utc, parse_utc
from storage.errors import LedgerError
from storage.ledger.bodies import is_time
from storage.ledger.checkpoint import decode, key_hash, parse_note, signature_line
from storage.ledger.ed25519 import PUBLIC_SIZE, Signer, VerifyKey

LOG, SERVER = "log", "server"
"""Purposes of keys: to sign the log's checkpoints, and the server's own entries."""

_TITLE = "courtrec/key-rotation/v1"
_FAULT = "This is no statement of a key's rotation that both keys signed: it was altered or cut short."


@dataclass(frozen=True, slots=True)
class Rotation:
    """From `at` on `new` signs in place of `old` (raw public keys); `purpose` is LOG or SERVER.

    `note` is the signed statement.
    """

    origin: str
    purpose: str
    old: bytes
    new: bytes
    at: datetime
    note: str


def sign_rotation(origin: str, purpose: str, old: Signer, new: Signer, at: datetime) -> Rotation:
    """The statement of the log `origin`, signed with both keys."""
    keys = "\n".join(base64.b64encode(key.public).decode() for key in (old, new))
    text = f"{_TITLE}\n{origin}\n{purpose}\n{keys}\n{iso_utc(at)}\n"
    lines = [signature_line(origin, key_hash(origin, key.public) + key.sign(text.encode())) for key in (old, new)]
    return parse_rotation(f"{text}\n{''.join(lines)}")


def parse_rotation(note: str) -> Rotation:
    """The statement in `note`; raises LedgerError unless both its keys signed it."""
    text, lines = parse_note(note)
    title, origin, purpose, *more = text[:-1].split("\n")[:6] + [""] * 6
    old, new, at = decode(more[0]), decode(more[1]), more[2]
    if title != _TITLE or len(old) != PUBLIC_SIZE or len(new) != PUBLIC_SIZE or old == new or not is_time(at):
        raise LedgerError(_FAULT)
    for raw in (old, new):
        signatures = [one.signature for one in lines if (one.name, one.key_hash) == (origin, key_hash(origin, raw))]
        if not any(VerifyKey(raw).verify(signature, text.encode()) for signature in signatures):
            raise LedgerError(_FAULT)
    return Rotation(origin, purpose, old, new, parse_utc(at), note)


def leading_to(present: bytes, rotations: Iterable[Rotation]) -> list[Rotation]:
    """The statements that lead to the key `present`, newest first: the old keys in them were the court's own."""
    into = {one.new: one for one in rotations}
    found: list[Rotation] = []
    while present in into:
        found.append(into.pop(present))
        present = found[-1].old
    return found


def following(known: Collection[bytes], rotations: Iterable[Rotation]) -> dict[bytes, Rotation]:
    """The keys that statements lead to from the `known` ones (raw), each with the statement that introduced it.

    The thief of an old key can make such a statement; whoever trusts that key alone believes the thief in any case.
    """
    stated = list(rotations)
    found: dict[bytes, Rotation] = {}
    waiting = [*known]
    while waiting:
        old = waiting.pop()
        for one in stated:
            if one.old == old and one.new not in found and one.new not in known:
                found[one.new] = one
                waiting.append(one.new)
    return found
