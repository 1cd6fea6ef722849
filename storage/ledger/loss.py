"""The log's own admission that entries were lost: restored from a backup older than what it had signed.

A log must never sign two histories. Where a disk died and the newest backup is older than the last checkpoint somebody
saw, it can only go on by saying so: this statement (a C2SP signed note by the log's key) names both ends for good.
"""

import base64
from dataclasses import dataclass
from datetime import datetime

from court.clock import iso_utc, parse_utc
from storage.errors import LedgerError
from storage.ledger.bodies import is_time
from storage.ledger.checkpoint import Checkpoint, decode, sign_note, verify_note
from storage.ledger.ed25519 import Signer

_TITLE = "courtrec/log-loss/v1"
_WHAT = "The statement of lost entries"


@dataclass(frozen=True, slots=True)
class Loss:
    """The log went on after `kept` although `lost` was signed: the entries in between are gone. `note` says so."""

    kept: Checkpoint
    lost: Checkpoint
    at: datetime
    reason: str
    note: str

    @property
    def sentence(self) -> str:
        return (
            f"The log lost its entries {self.kept.size} to {self.lost.size - 1} when a backup was restored on "
            f"{self.at:%Y-%m-%d %H:%M} UTC: {self.reason}"
        )


def sign_loss(kept: Checkpoint, lost: Checkpoint, at: datetime, reason: str, key: Signer) -> Loss:
    """The statement, in the name of the log whose checkpoints they are; line breaks in `reason` become spaces."""
    ends = "\n".join(f"{one.size}\n{base64.b64encode(one.root).decode()}" for one in (kept, lost))
    reason = " ".join(reason.split())
    text = f"{_TITLE}\n{kept.origin}\n{ends}\n{iso_utc(at)}\n{reason}\n"
    return Loss(kept, lost, at, reason, sign_note(text, kept.origin, key))


def parse_loss(note: str, origin: str, keys: tuple[bytes, ...]) -> Loss:
    """The statement in `note`; raises LedgerError unless it is of the log `origin` and one of its `keys` signed it."""
    text = verify_note(note, origin, keys, _WHAT)
    lines = text[:-1].split("\n")
    if len(lines) != 8 or lines[:2] != [_TITLE, origin] or not is_time(lines[6]):
        raise LedgerError(f"{_WHAT} is none: it was made for something else.")
    kept, lost = (_end(origin, *lines[place : place + 2]) for place in (2, 4))
    return Loss(kept, lost, parse_utc(lines[6]), lines[7], note)


def _end(origin: str, size: str, root: str) -> Checkpoint:
    raw = decode(root)
    if not (size.isascii() and size.isdecimal() and len(size) < 17) or len(raw) != 32:
        raise LedgerError(f"{_WHAT} names no end of a log.")
    return Checkpoint(origin, int(size), raw)
