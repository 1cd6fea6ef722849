"""Witnesses: others who saw that the log only grew, and say so on its checkpoints (C2SP tlog-cosignature, Ed25519).

A cosignature is one more signature line of the note: 8 bytes of Unix time (big-endian) and an Ed25519 signature over
that time and the note's text. Its key has a type of its own (0x04), so that it never passes for the log's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.errors import LedgerError
from storage.ledger.checkpoint import (
    COSIGNATURE,
    NoteSignature,
    decode,
    is_key_name,
    key_hash,
    parse_note,
    signature_line,
    signed_text,
    verifier_key,
)
from storage.ledger.ed25519 import PUBLIC_SIZE, Signer, VerifyKey

_TIME_SIZE = 8
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Witness:
    """Who witnesses: `name` as in signature lines, `raw` the 32 bytes of the public key."""

    name: str
    raw: bytes

    @property
    def verifier_key(self) -> str:
        """The line `parse_witness` reads: what a witness publishes about itself."""
        return verifier_key(self.name, self.raw, COSIGNATURE)

    def wrote(self, line: NoteSignature) -> bool:
        """Whether the line claims to be by this witness."""
        return (line.name, line.key_hash) == (self.name, key_hash(self.name, self.raw, COSIGNATURE))


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word that at `at` the checkpoint was the newest it knew of this log; `line` is how it is kept."""

    witness: Witness
    at: datetime
    line: str


def parse_witness(key: str) -> Witness:
    """The witness of a verifier key, `name+hash+base64`; raises LedgerError on anything else."""
    name, *rest = key.split("+", 2)
    found = Witness(name, decode(rest[-1])[1:] if rest else b"")
    if not is_key_name(name) or len(found.raw) != PUBLIC_SIZE or found.verifier_key != key:
        raise LedgerError(
            f"The witness's key {key[:100]!r} cannot be used: give the line name+hash+key that it publishes for "
            "cosignature/v1 (Ed25519)."
        )
    return found


def cosign(note: str, name: str, at: int, key: Signer) -> str:
    """The note with one more signature line: by witness `name`, at Unix time `at`, after those that are there."""
    signature = at.to_bytes(_TIME_SIZE) + key.sign(_message(signed_text(note), at))
    return note + signature_line(name, key_hash(name, key.public, COSIGNATURE) + signature)


def cosignatures(note: str, witnesses: Sequence[Witness]) -> list[Cosignature]:
    """What `witnesses` say on the note, in its order; lines of others are passed over.

    Raises LedgerError if the note is none, or if a line that claims to be by one of them is not.
    """
    text, lines = parse_note(note)
    return [_checked(text, line, one) for line in lines for one in witnesses if one.wrote(line)]


def with_cosignatures(note: str, new: Iterable[Cosignature], witnesses: Sequence[Witness]) -> str:
    """The note with the `new` lines of those of `witnesses` who are not on it yet: of each the first stays."""
    there = {one.witness for one in cosignatures(note, witnesses)}
    for one in new:
        if one.witness not in there:
            note += one.line
            there.add(one.witness)
    return note


def _checked(text: str, line: NoteSignature, witness: Witness) -> Cosignature:
    time, signature = line.signature[:_TIME_SIZE], line.signature[_TIME_SIZE:]
    at = int.from_bytes(time)
    signs = VerifyKey(witness.raw).verify(signature, _message(text.encode(), at))
    if not signs or at > _LATEST:
        raise LedgerError(f"The signature of the witness {witness.name} does not hold: it is not over this note.")
    return Cosignature(
        witness, datetime.fromtimestamp(at, UTC), signature_line(line.name, line.key_hash + line.signature)
    )


def _message(text: bytes, at: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % at + text
