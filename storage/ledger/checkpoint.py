"""Checkpoints: the size and root of the log, signed, in the C2SP formats tlog-checkpoint and signed-note.

Witnesses may add signature lines of their own; lines of keys not known here are carried along and ignored.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from storage.errors import LedgerError
from storage.ledger.ed25519 import Signer, VerifyKey

ED25519, COSIGNATURE = b"\x01", b"\x04"
"""Types of keys in notes: one that signs the text itself, and a witness's, which signs text and time."""

_MAX_NOTE = 1 << 16
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_NAME = re.compile(r"[^\s+]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the log, `root` is the 32 bytes of the Merkle root over its first `size` entries.

    `extensions` are the lines after these, signed with them; two checkpoints are equal whatever they say.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who claims to have signed, 4 bytes of the key's hash, the signature itself."""

    name: str
    key_hash: bytes
    signature: bytes


def key_hash(name: str, public: bytes, kind: bytes = ED25519) -> bytes:
    """The 4 bytes that stand for a key of that name in signature lines."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def verifier_key(name: str, public: bytes, kind: bytes = ED25519) -> str:
    """The public key as it is published for verifiers of signed notes."""
    return f"{name}+{key_hash(name, public, kind).hex()}+{_encode(kind + public)}"


def parse_verifier_key(text: str) -> tuple[str, bytes]:
    """Name and raw public key; the inverse of `verifier_key`. Raises LedgerError if that is none."""
    name, digest, encoded, *more = [*text.strip().split("+", 2), "", ""]
    raw = decode(encoded)
    named = not any(more) and is_key_name(name)
    if not named or raw[:1] != ED25519 or len(raw) != 33 or key_hash(name, raw[1:]).hex() != digest:
        raise LedgerError(f"{text!a:.100} is no verifier key: copy the whole line NAME+HASH+KEY.")
    return name, raw[1:]


def signature_line(name: str, signature: bytes) -> str:
    """A line of a note: `signature` begins with the 4 bytes that stand for its key."""
    return f"\u2014 {name} {_encode(signature)}\n"


def is_key_name(name: str) -> bool:
    """Whether a signature line can bear it."""
    return _NAME.fullmatch(name) is not None and name.isprintable()


def sign_checkpoint(origin: str, size: int, root: bytes, *keys: Signer, extensions: Iterable[str] = ()) -> str:
    """The signed note; each key signs under the log's own name. `extensions` are further lines, none of them empty."""
    if not is_key_name(origin):
        raise LedgerError(f"The log's name {origin!r} cannot be used: give one without space or plus sign.")
    lines = [origin, str(size), _encode(root), *extensions]
    return sign_note("".join(f"{line}\n" for line in lines), origin, *keys)


def sign_note(text: str, name: str, *keys: Signer) -> str:
    """The C2SP signed note of `text`, which ends with a newline; `name` is that of every key."""
    lines = [signature_line(name, key_hash(name, key.public) + key.sign(text.encode())) for key in keys]
    return f"{text}\n{''.join(lines)}"


def parse_note(note: str) -> tuple[str, list[NoteSignature]]:
    """The signed text (with its last newline) and its signature lines; raises LedgerError if it is no note."""
    body, found, block = note.rpartition("\n\n")
    if len(note) > _MAX_NOTE or not found or not block.endswith("\n") or not _is_note_text(note):
        raise LedgerError("This is not a signed note: it was damaged or cut short.")
    return body + "\n", [_signature_line(line) for line in block[:-1].split("\n")]


def signed_text(note: str) -> bytes:
    """What the keys of a note sign, and what time-stamps and witnesses speak of."""
    return parse_note(note)[0].encode()


def parse_checkpoint(note: str) -> Checkpoint:
    """What the note claims, whoever signed it; raises LedgerError if it is not a checkpoint."""
    return _checkpoint(parse_note(note)[0])


def verify_checkpoint(note: str, origin: str, keys: Iterable[bytes]) -> Checkpoint:
    """The checkpoint of the log `origin`, signed with at least one of its raw public `keys`, past or present.

    Raises LedgerError if no known key signed it, or if a line that claims to be by a known key is not.
    """
    checkpoint = parse_checkpoint(note)
    if checkpoint.origin != origin:
        raise LedgerError(f"The checkpoint is of the log {checkpoint.origin!r}, not of {origin!r}.")
    verify_note(note, origin, keys, f"The checkpoint of {origin!r} at size {checkpoint.size}")
    return checkpoint


def verify_note(note: str, name: str, keys: Iterable[bytes], what: str) -> str:
    """The text that a key of that name, one of the raw public `keys`, signed; `what` names the note in a sentence.

    Raises LedgerError if no known key signed it, or if a line that claims to be by a known key is not.
    """
    text, signatures = parse_note(note)
    known = {key_hash(name, raw): VerifyKey(raw) for raw in keys}
    ours = [line for line in signatures if line.name == name and line.key_hash in known]
    if not ours:
        raise LedgerError(f"{what} has no known key's signature.")
    if not all(known[line.key_hash].verify(line.signature, text.encode()) for line in ours):
        raise LedgerError(f"{what} was altered after signing.")
    return text


def _checkpoint(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    origin, size, root = [*lines, "", ""][:3]
    raw = decode(root)
    if not _NAME.fullmatch(origin) or not _SIZE.fullmatch(size) or len(raw) != 32:
        raise LedgerError("The signed note is no checkpoint: it needs the lines origin, size and root.")
    return Checkpoint(origin, int(size), raw, tuple(lines[3:]))


def _signature_line(line: str) -> NoteSignature:
    mark, name, encoded, *more = [*line.split(" "), "", ""]
    raw = decode(encoded)
    if mark != "\u2014" or any(more) or not _NAME.fullmatch(name) or len(raw) < 5:
        raise LedgerError(f"The signed note has a signature line that is none: {line!r:.80}.")
    return NoteSignature(name, raw[:4], raw[4:])


def _is_note_text(text: str) -> bool:
    """Valid Unicode without control characters other than newlines."""
    return not any((character < " " and character != "\n") or "\ud800" <= character < "\ue000" for character in text)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decode(text: str) -> bytes:
    """The bytes of canonical base64, none if it is not."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return raw if _encode(raw) == text else b""
