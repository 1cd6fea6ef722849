"""What a court keeps, what it hands out, and what a verifier makes of both: all in memory, with the product's rules."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from api.tables import state_of
from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bundle import Bundle
from storage.ledger.chains import Withheld
from storage.ledger.checkpoint import Checkpoint, verifier_key, verify_checkpoint
from storage.ledger.contents import Contents
from storage.ledger.ed25519 import key_id
from storage.ledger.faults import Fault, FaultKind, ObjectState
from storage.ledger.leaf import LeafKind, SignedLeaf, entry_hash, parse
from storage.ledger.multiproof import nodes_around
from storage.ledger.receipt import is_owed
from storage.ledger.rotation import LOG, SERVER, Rotation, leading_to
from storage.ledger.verify import verify_hearing, verify_log
from tests.factories.hearing_log import NODE

ORIGIN = "court.example/log"


@dataclass(frozen=True)
class Row:
    """An entry as it lies in the log; `origin` is the place at which it was accepted, `hearing` whose it was."""

    origin: int
    hearing: str
    entry: bytes


@dataclass(frozen=True)
class Evidence:
    """All that a court keeps and an intruder can reach. The last of `notes` lies outside the database."""

    rows: tuple[Row, ...]
    objects: Mapping[str, bytes]
    notes: tuple[str, ...]
    nodes: Mapping[tuple[int, int], bytes]
    rotations: tuple[Rotation, ...]

    def state(self, sha256: str) -> ObjectState:
        content = self.objects.get(sha256)
        return ObjectState(None, 0) if content is None else ObjectState(hash_of(content), len(content))


@dataclass(frozen=True)
class Handed:
    """A copy handed out when the log had `size` entries: what it is made of, by where that was accepted in the log."""

    hearing: str
    size: int
    note: int
    given: frozenset[int]
    withheld: tuple[Withheld, ...]
    files: Mapping[str, str]
    keys: str
    log_key: bytes

    @property
    def copy(self) -> int:
        return self.size - 1

    @property
    def own(self) -> frozenset[int]:
        return self.given | {one.index for one in self.withheld}


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def court_faults(evidence: Evidence, present: Mapping[str, bytes]) -> list[Fault]:
    """What the verifier finds, trusting only the court's `present` keys, raw public ones by purpose."""
    trusted = {purpose: _trusted(present[purpose], purpose, evidence) for purpose in (SERVER, LOG)}
    faults: list[Fault] = []
    signed = []
    for note in evidence.notes:
        try:
            signed.append(_verified(note, tuple(trusted[LOG])))
        except LedgerError as error:
            faults.append(Fault(FaultKind.ALTERED, "checkpoint", str(error)))
    faults += verify_log([row.entry for row in evidence.rows], signed, lambda *at: evidence.nodes[at])
    keys = {key_id(raw): raw for raw in (NODE.public, *trusted[SERVER])}
    for hearing in dict.fromkeys(row.hearing for row in evidence.rows):
        entries = [row.entry for row in evidence.rows if row.hearing == hearing]
        state = state_of(_readable(entries))
        live = state is not None and state.live
        opening = next(place for place, row in enumerate(evidence.rows) if row.hearing == hearing)
        owed = is_owed(since_of(evidence.rows), LeafKind.RECEIPT, opening)
        faults += verify_hearing(entries, keys, evidence.state, live, keys.keys() - {NODE.key_id}, owed)
    return faults


def since_of(rows: Sequence[Row]) -> dict[str, int]:
    """Which entry of the log is its first receipt."""
    leaves = _readable([row.entry for row in rows])
    places = [place for place, leaf in enumerate(leaves) if leaf.kind is LeafKind.RECEIPT]
    return {LeafKind.RECEIPT: places[0]} if places else {}


def bundle_of(evidence: Evidence, handed: Handed) -> Bundle:
    """The copy as it would be, were it made of `evidence`: wherever its entries stand there now."""
    placed = [(place, row) for place, row in enumerate(evidence.rows) if row.origin in handed.own]
    given = [(place, row) for place, row in placed if row.origin in handed.given]
    there = {one.index: one for one in handed.withheld}
    withheld = [
        replace(there[row.origin], index=place, entry_hash=entry_hash(row.entry), leaf_hash=merkle.leaf_hash(row.entry))
        for place, row in placed
        if row.origin in there
    ]
    around = nodes_around([place for place, _ in placed], handed.size)
    contents = Contents(
        origin=ORIGIN,
        log_key=verifier_key(ORIGIN, handed.log_key),
        hearing=handed.hearing,
        copy=next((place for place, row in placed if row.origin == handed.copy), handed.copy),
        indices=tuple(place for place, _ in given),
        withheld=tuple(withheld),
        nodes={at: evidence.nodes[at] for at in around if at in evidence.nodes},
        files=handed.files,
    )
    note = evidence.notes[min(handed.note, len(evidence.notes) - 1)]
    return Bundle(contents, tuple(row.entry for _, row in given), note, handed.keys)


@cache
def _verified(note: str, keys: tuple[bytes, ...]) -> Checkpoint:
    return verify_checkpoint(note, ORIGIN, keys)


def _trusted(present: bytes, purpose: str, evidence: Evidence) -> list[bytes]:
    stated = [one for one in evidence.rotations if one.purpose == purpose]
    return [present, *(one.old for one in leading_to(present, stated))]


def _readable(entries: list[bytes]) -> list[SignedLeaf]:
    leaves = []
    for entry in entries:
        try:
            leaves.append(parse(entry))
        except LedgerError:
            continue
    return leaves
