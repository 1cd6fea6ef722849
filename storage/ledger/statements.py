"""What the log's keys stated beside its entries, in a bundle: rotations of the key, restorations of the log.

Nothing here is believed for being in the bundle: both keys of a rotation signed it, and a restoration counts if the
log's signed head names it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from storage.errors import LedgerError
from storage.ledger.back_dating import shown
from storage.ledger.checkpoint import Checkpoint, key_hash, parse_note, verifier_key
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.restoration import Restoration, named_restorations, read_restoration
from storage.ledger.rotation import LOG, Rotation, following, leading_to, parse_rotation

_ROTATIONS, _RESTORATIONS = "bundle/rotations", "bundle/restorations"


@dataclass(frozen=True, slots=True)
class Believed:
    """`keys` are the log's raw public ones: those that the verifying person trusts, and those that `rotations` lead to
    from them."""

    keys: tuple[bytes, ...]
    rotations: tuple[Rotation, ...]
    faults: tuple[Fault, ...]

    def notes(self, checkpoint: str, origin: str) -> Iterator[str]:
        """A sentence where no trusted key signed the checkpoint, but one that statements lead to from it."""
        named = {one.key_hash for one in parse_note(checkpoint)[1] if one.name == origin}
        signers = [raw for raw in self.keys if key_hash(origin, raw) in named]
        chain = min((leading_to(raw, self.rotations) for raw in signers), key=len, default=[])
        if chain:
            days = ", ".join(shown(one.at) for one in reversed(chain))
            yield (
                f"The log's key that this was checked with was replaced since ({days}), as the old and the new key "
                f"signed; the bundle is signed by {verifier_key(origin, chain[0].new)}."
            )


def believed_keys(notes: Iterable[str], origin: str, trusted: Collection[bytes]) -> Believed:
    """What follows from the statements of rotation in `notes` for whoever trusts some raw keys of the log `origin`."""
    stated: list[Rotation] = []
    faults: list[Fault] = []
    for note in notes:
        try:
            one = parse_rotation(note)
        except LedgerError as error:
            faults.append(
                Fault(FaultKind.ALTERED, _ROTATIONS, f"A statement in the bundle cannot be believed: {error}")
            )
            continue
        if (one.origin, one.purpose) == (origin, LOG):
            stated.append(one)
        else:
            sentence = (
                f"A statement in the bundle is of a {one.purpose} key of the log {one.origin!r}: it is not its own."
            )
            faults.append(Fault(FaultKind.FOREIGN, _ROTATIONS, sentence))
    found = following(trusted, stated)
    return Believed((*trusted, *found), tuple(found.values()), tuple(faults))


def check_restorations(notes: Iterable[str], signed: Checkpoint) -> tuple[list[Restoration], list[Fault]]:
    """The statements in `notes` that the `signed` head of the log names, and what is wrong with them all.

    That every one it names is here, and no other: so none can be taken away, exchanged or put in.
    """
    named = named_restorations(signed)
    stated: dict[str, Restoration] = {}
    faults: list[Fault] = []
    for note in notes:
        try:
            one = read_restoration(note, signed.origin)
        except LedgerError as error:
            faults.append(Fault(FaultKind.ALTERED, _RESTORATIONS, f"A statement in the bundle cannot be read: {error}"))
            continue
        if one.sha256 in named:
            stated[one.sha256] = one
        else:
            sentence = (
                f"The signed log names no statement of a restoration with the SHA-256 {one.sha256}: it was altered."
            )
            faults.append(Fault(FaultKind.FOREIGN, _RESTORATIONS, sentence))
    for sha256 in sorted(named - stated.keys()):
        sentence = (
            f"The log was restored from a backup, and the statement of it that its signed head names (SHA-256 "
            f"{sha256}) is not in the bundle: it was removed or altered."
        )
        faults.append(Fault(FaultKind.MISSING, _RESTORATIONS, sentence))
    return sorted(stated.values(), key=lambda one: one.at), faults
