"""Earlier heads of the log in a bundle, with what others say of them: tokens of authorities, cosignatures of witnesses.

Such a head needs no signature of the court: a consistency proof shows that the signed log begins with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.x509 import Certificate

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.back_dating import Covered, back_dated
from storage.ledger.checkpoint import Checkpoint, parse_checkpoint, signed_text
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.restoration import named_restorations
from storage.ledger.tst import Stamp, check_token
from storage.ledger.witness import Cosignature, Witness, cosignatures

HEADS = "heads/"
"""What the names of a head's parts begin with."""


@dataclass(frozen=True, slots=True)
class Head:
    """The log of `size` entries; `proof` shows that the bundle's begins with it; `tokens` counts its time-stamps."""

    size: int
    tokens: int
    proof: tuple[bytes, ...]

    @property
    def note(self) -> str:
        """The name of its checkpoint's part."""
        return f"{HEADS}{self.size}.txt"

    @property
    def token_names(self) -> tuple[str, ...]:
        return tuple(f"{HEADS}{self.size}.{number}.tst" for number in range(1, self.tokens + 1))


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Whom the verifying person trusts: authorities that lead to `roots`, None where none is named, and `witnesses`."""

    roots: Sequence[Certificate] | None = None
    witnesses: Sequence[Witness] = ()


NOBODY = Outsiders()


@dataclass(frozen=True, slots=True)
class HeadReport:
    """`stamps` and `cosignatures` are those that hold, each with the size of its head."""

    faults: tuple[Fault, ...] = ()
    stamps: tuple[tuple[int, Stamp], ...] = ()
    cosignatures: tuple[tuple[int, Cosignature], ...] = ()


def check_heads(
    heads: Iterable[Head],
    parts: Mapping[str, bytes],
    signed: Checkpoint,
    entries: Iterable[tuple[int, datetime]],
    outsiders: Outsiders,
) -> HeadReport:
    """What others say of heads of the log whose end the court `signed`.

    `parts` are the bytes of the heads' parts by name; `entries` are places in the log with the times stated there, in
    log order.
    """
    faults: list[Fault] = []
    stamps: list[tuple[int, Stamp]] = []
    seen: list[tuple[int, Cosignature]] = []
    for head in heads:
        note = parts[head.note].decode(errors="replace")
        try:
            _require_beginning(head, parse_checkpoint(note), signed)
            seen += [(head.size, one) for one in cosignatures(note, outsiders.witnesses)]
        except LedgerError as error:
            faults.append(Fault(FaultKind.ALTERED, head.note, f"The part {head.note} cannot be believed: {error}"))
            continue
        for name in head.token_names:
            try:
                stamps.append((head.size, check_token(parts[name], signed_text(note), outsiders.roots)))
            except LedgerError as error:
                faults.append(Fault(FaultKind.ALTERED, name, f"The time-stamp {name} cannot be believed: {error}"))
    covered = [Covered(size, stamp.at) for size, stamp in stamps]
    faults += (Fault(FaultKind.BACKDATED, HEADS, one) for one in back_dated(covered, entries, signed.size))
    return HeadReport(tuple(faults), tuple(stamps), tuple(seen))


def _require_beginning(head: Head, told: Checkpoint, signed: Checkpoint) -> None:
    if (told.origin, told.size) != (signed.origin, head.size):
        raise LedgerError(f"It is not of the first {head.size} entries of the log {signed.origin!r}.")
    if not merkle.verify_consistency(told.size, signed.size, told.root, signed.root, head.proof):
        raise LedgerError(
            f"The signed log does not begin with its {head.size} entries: it, or the proof, was altered, or the log "
            "was rewritten since."
        )
    if named_restorations(told) - named_restorations(signed):
        raise LedgerError("It names a restoration from a backup that the signed log does not name: that was hushed up.")
