"""The log's own statement that a backup was restored: what was signed after that backup is not in this log.

A log must never sign two histories unseen. Whoever restores a backup cannot know what the log had signed since; so it
says so (a C2SP signed note by the log's key), and every checkpoint that is signed afterwards names the statement in an
extension line (C2SP tlog-checkpoint): who verifies any of them asks for it, and time-stamps and witnesses cover it.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from court.clock import iso_utc, parse_utc
from storage.errors import LedgerError
from storage.ledger.bodies import is_hash, is_time
from storage.ledger.checkpoint import Checkpoint, decode, parse_note, sign_checkpoint, sign_note, verify_note
from storage.ledger.ed25519 import Signer

_TITLE = "courtrec/restoration/v1"
_WHAT = "The statement of a restoration"
_ALONE, _WITH_LOSS = 5, 8


@dataclass(frozen=True, slots=True)
class Restoration:
    """The log went on after `kept` at `at`. `lost` is the later end that it had signed, None where nobody named one,
    and `reason` why it goes on without the entries in between. `note` says so."""

    kept: Checkpoint
    at: datetime
    lost: Checkpoint | None
    reason: str
    note: str

    @property
    def sha256(self) -> str:
        """Of the note's bytes, by which checkpoints name it."""
        return hashlib.sha256(self.note.encode()).hexdigest()

    @property
    def extension(self) -> str:
        """The line of a checkpoint that names it."""
        return f"{_TITLE} {self.sha256}"

    @property
    def sentence(self) -> str:
        restored = f"The log was restored from a backup on {self.at:%Y-%m-%d %H:%M} UTC to its first {self.kept.size} "
        if self.lost is None:
            return f"{restored}entries; whether entries after that existed is not known."
        return f"{restored}entries: it lost its entries {self.kept.size} to {self.lost.size - 1}. Reason: {self.reason}"


def sign_restoration(kept: Checkpoint, at: datetime, lost: Checkpoint | None, reason: str, key: Signer) -> Restoration:
    """The statement, in the name of the log whose checkpoints they are.

    `reason` counts only with `lost`; what does not print in it becomes spaces. Raises LedgerError if it is too long.
    """
    lines = [_TITLE, kept.origin, *_lines(kept), iso_utc(at)]
    if lost is not None:
        lines += [*_lines(lost), " ".join("".join(one if one.isprintable() else " " for one in reason).split())]
    note = sign_note("".join(f"{line}\n" for line in lines), kept.origin, key)
    return read_restoration(note, kept.origin)


def parse_restoration(note: str, origin: str, keys: Iterable[bytes]) -> Restoration:
    """The statement in `note`; raises LedgerError unless it is of the log `origin` and one of its `keys` signed it."""
    verify_note(note, origin, keys, _WHAT)
    return read_restoration(note, origin)


def read_restoration(note: str, origin: str) -> Restoration:
    """What the note states of the log `origin`, whoever signed it: a signed checkpoint that names it vouches for it.

    Raises LedgerError if it is no such statement.
    """
    text, _ = parse_note(note)
    lines = text[:-1].split("\n")
    if len(lines) not in {_ALONE, _WITH_LOSS} or lines[0] != _TITLE or not is_time(lines[4]):
        raise LedgerError(f"{_WHAT} is none: it was made for something else.")
    if lines[1] != origin:
        raise LedgerError(f"{_WHAT} is of the log {lines[1]!r:.100}, not of {origin!r}.")
    kept = _end(origin, lines[2], lines[3])
    if len(lines) == _ALONE:
        return Restoration(kept, parse_utc(lines[4]), None, "", note)
    return Restoration(kept, parse_utc(lines[4]), _end(origin, lines[5], lines[6]), lines[7], note)


def named_restorations(checkpoint: Checkpoint) -> frozenset[str]:
    """SHA-256 (hex) of the statements that the checkpoint names; other extension lines are none of ours."""
    lines = [line.partition(" ") for line in checkpoint.extensions]
    return frozenset(sha256 for title, _, sha256 in lines if title == _TITLE and is_hash(sha256))


def sign_end(end: Checkpoint, stated: Iterable[Restoration], *keys: Signer) -> str:
    """The signed note of this end of the log; it repeats its lines and names the restorations that are `stated`."""
    named = dict.fromkeys([*end.extensions, *(one.extension for one in stated)])
    return sign_checkpoint(end.origin, end.size, end.root, *keys, extensions=named)


def _lines(end: Checkpoint) -> tuple[str, str]:
    return str(end.size), base64.b64encode(end.root).decode()


def _end(origin: str, size: str, root: str) -> Checkpoint:
    raw = decode(root)
    if not (size.isascii() and size.isdecimal() and len(size) < 17) or len(raw) != 32:
        raise LedgerError(f"{_WHAT} names no end of a log.")
    return Checkpoint(origin, int(size), raw)
