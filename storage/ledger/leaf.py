"""The leaf: one fact about a hearing as canonical JSON (RFC 8785), signed by who states it.

Its bytes, signature included, are the entry: what the chain links by SHA-256 and what the Merkle log holds.
One fact has exactly one spelling, so parsing refuses every other spelling of the same JSON.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from court.ids import is_id
from storage.errors import LedgerError
from storage.ledger.bodies import MAX_COUNT, LeafKind, is_count, is_hash, is_time, wrong_field
from storage.ledger.ed25519 import SIGNATURE_SIZE, Signer, VerifyKey

__all__ = ["Leaf", "LeafKind", "SignedLeaf", "body_of", "entry_hash", "parse", "sign", "verify_signature"]

VERSION = 1
MAX_ENTRY = 1 << 20
"""Bytes; a fact is hundreds, a long transcript's list of segments thousands."""

_MAX_DEPTH = 12
_KINDS = frozenset(kind.value for kind in LeafKind)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_FIELDS = {"v", "kind", "hearing", "author", "seq", "prev", "at", "body", "sig"}
# In canonical order "sig" stands just before "v", so the signature is put in and taken out at the end.
_END = f'"v":{VERSION}}}'.encode()


@dataclass(frozen=True, slots=True)
class Leaf:
    """`author` is a key id, `seq` counts this author's leaves of this hearing from 0, `prev` is the hash of
    the one before ('' for the first), `at` is when the author stated it, as `iso_utc` writes it, and `body` what
    bodies.py says.
    """

    kind: LeafKind
    hearing: str
    author: str
    seq: int
    prev: str
    at: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignedLeaf(Leaf):
    """A well-formed entry taken apart; whether the signature is right is for `verify` to say."""

    entry: bytes
    signature: bytes

    def verify(self, key: VerifyKey) -> bool:
        """Whether the author's key is `key` and it signed exactly this."""
        signed = self.entry[: -len(_signature_field(self.signature) + _END)] + _END
        return key.key_id == self.author and key.verify(self.signature, signed)


def sign(leaf: Leaf, key: Signer) -> bytes:
    """The entry of `leaf`; raises LedgerError if it is not one that `parse` takes, or not of this key."""
    if leaf.author != key.key_id:
        raise LedgerError(f"A leaf of key {leaf.author} was to be signed with key {key.key_id}: use its own.")
    document = {
        "v": VERSION,
        "kind": leaf.kind.value,
        "hearing": leaf.hearing,
        "author": leaf.author,
        "seq": leaf.seq,
        "prev": leaf.prev,
        "at": leaf.at,
        "body": dict(leaf.body),
    }
    signed = _canonical(document)
    entry = _with_signature(signed, key.sign(signed))
    parse(entry)
    return entry


def parse(entry: bytes) -> SignedLeaf:
    """The leaf in `entry`; raises LedgerError on anything but the one canonical spelling of a leaf."""
    if len(entry) > MAX_ENTRY:
        raise LedgerError(f"The entry has {len(entry)} bytes; a leaf has at most {MAX_ENTRY}.")
    try:
        document = json.loads(entry.decode("utf-8"))
    except (ValueError, RecursionError):
        raise LedgerError("The entry is not JSON: the leaf was damaged or cut short.") from None
    if not isinstance(document, dict) or document.keys() != _FIELDS:
        raise LedgerError(f"The entry is no leaf: a leaf has just the fields {', '.join(sorted(_FIELDS))}.")
    if document["v"] != VERSION:
        raise LedgerError(f"The leaf has version {_short(document['v'])}; this program knows {VERSION}.")
    signature = _signature(document.pop("sig"))
    if _with_signature(_canonical(document), signature) != entry:
        raise LedgerError("The leaf is not in canonical form (RFC 8785): its bytes were changed.")
    return _leaf(document, bytes(entry), signature)


def body_of(entry: bytes) -> Mapping[str, Any]:
    """The body of an entry of our own log, for who reads thousands: `parse` takes several times as long.

    That it was canonical, and no more than a leaf, was checked when it was appended, and is again by whoever verifies.
    Raises LedgerError on what has no body of its kind.
    """
    try:
        document = json.loads(entry)
        kind, body = LeafKind(document["kind"]), document["body"]
        if wrong_field(kind, body) is None:
            return dict(body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return parse(entry).body  # which says what is wrong


def verify_signature(entry: bytes, public_key: bytes) -> bool:
    """Whether raw `public_key` is the author's and signed `entry`; raises LedgerError if that is no leaf."""
    return parse(entry).verify(VerifyKey(public_key))


def entry_hash(entry: bytes) -> str:
    """What the next leaf of the chain gives as `prev`: SHA-256 of the entry, hex."""
    return hashlib.sha256(entry).hexdigest()


def _leaf(document: dict[str, Any], entry: bytes, signature: bytes) -> SignedLeaf:
    """From a canonical document without its signature."""
    checks = {
        "kind": isinstance(document["kind"], str) and document["kind"] in _KINDS,
        "hearing": isinstance(document["hearing"], str) and is_id(document["hearing"]),
        "author": _is_key_id(document["author"]),
        "seq": is_count(document["seq"]),
        "prev": document["prev"] == "" if document["seq"] == 0 else is_hash(document["prev"]),
        "at": is_time(document["at"]),
        "body": isinstance(document["body"], dict),
    }
    for field, good in checks.items():
        if not good:
            raise LedgerError(f"The leaf's field {field!r} holds what it may not: {_short(document[field])}.")
    kind = LeafKind(document["kind"])
    wrong = wrong_field(kind, document["body"])
    if wrong is not None:
        value = _short(document["body"].get(wrong))
        raise LedgerError(f"A {kind.value} leaf's field {wrong!r} holds what it may not: {value}.")
    return SignedLeaf(
        kind,
        document["hearing"],
        document["author"],
        document["seq"],
        document["prev"],
        document["at"],
        document["body"],
        entry,
        signature,
    )


def _canonical(document: dict[str, Any]) -> bytes:
    """RFC 8785, of which Python's own JSON is what is left for whole numbers, texts and names in ASCII."""
    if not _plain(document):
        raise LedgerError("The leaf holds other things than whole numbers, texts, flags, lists and objects.")
    try:
        return _JSON.encode(document).encode()
    except ValueError:  # half a surrogate pair: bytes given on a command line that are no UTF-8, say
        raise LedgerError("A text to be stated has characters that are none: write it in UTF-8.") from None


def _plain(document: dict[str, Any]) -> bool:
    """Level by level, not by recursion: this is half of what verifying a leaf costs."""
    level: list[Any] = [document]
    for _ in range(_MAX_DEPTH + 1):
        inner: list[Any] = []
        for holder in level:
            if isinstance(holder, dict) and not all(isinstance(key, str) and key.isascii() for key in holder):
                return False
            for value in holder.values() if isinstance(holder, dict) else holder:
                if isinstance(value, (dict, list)):
                    inner.append(value)
                elif isinstance(value, int):
                    if not -MAX_COUNT <= value <= MAX_COUNT:
                        return False
                elif value is not None and not isinstance(value, str):
                    return False
        if not inner:
            return True
        level = inner
    return False


def _signature(value: Any) -> bytes:
    try:
        raw = base64.b64decode(value, validate=True)
    except (ValueError, TypeError):
        raw = b""
    if len(raw) != SIGNATURE_SIZE:
        raise LedgerError("The leaf's signature is not 64 bytes in base64: it was damaged.")
    return raw


def _with_signature(signed: bytes, signature: bytes) -> bytes:
    return signed.removesuffix(_END) + _signature_field(signature) + _END


def _signature_field(signature: bytes) -> bytes:
    return b'"sig":"' + base64.b64encode(signature) + b'",'


def _is_key_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 16 and is_hash(value * 4)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:60] + "…"
