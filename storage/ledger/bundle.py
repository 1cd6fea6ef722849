"""One hearing to take away: its entries, their proof under a signed checkpoint, and the files that were handed out.

The bundle's own list of contents is not signed. What was handed out, and what was kept back, is stated by the copy
leaf that the court put into its log when it made the bundle: `content_hash` is compared with it.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from court.clock import parse_utc
from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bodies import LeafKind
from storage.ledger.chains import check_chains, name, place
from storage.ledger.checkpoint import Checkpoint, verify_checkpoint
from storage.ledger.contents import FILES, Contents
from storage.ledger.delivery import check_losses, loss_sentences
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.heads import NOBODY, HeadReport, Outsiders, check_heads
from storage.ledger.key_list import verify_key_list
from storage.ledger.leaf import SignedLeaf
from storage.ledger.multiproof import root_of_parts
from storage.ledger.receipt import SINCE, check_receipts, is_owed, late_sentence
from storage.ledger.register import believed, check_recorder, recorder_note
from storage.ledger.statements import believed_keys, check_restorations
from storage.ledger.stored import Objects, check_objects, named_object
from storage.ledger.tracks import check_tracks

WHERE = "bundle"
ENTRIES = "entries"
"""Field of a copy leaf: how many entries the hearing has with this one. The first copies did not state it."""

REGISTER_FIELD = "register"
"""Field of a copy leaf: the places in the log of what its register says about the hearing's node. The first copies had
no such field."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`entries` stand at `contents.indices`, `register` at `contents.register`; `checkpoint` and `keys` are signed
    notes; `heads` are the parts of `contents.heads` by name."""

    contents: Contents
    entries: tuple[bytes, ...]
    checkpoint: str
    keys: str
    heads: Mapping[str, bytes] = field(default_factory=dict)
    register: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleReport:
    """`faults` in the order they were found; `leaves` are those that can be believed; `left_out` counts the recorded
    objects that were not handed out; `heads` tells what others vouch for; `notes` are no faults and worth knowing;
    `log_keys` are the log's raw public keys that are believed."""

    faults: tuple[Fault, ...]
    leaves: tuple[SignedLeaf, ...] = ()
    left_out: int = 0
    heads: HeadReport = field(default_factory=HeadReport)
    notes: tuple[str, ...] = ()
    log_keys: tuple[bytes, ...] = ()


def file_name(leaf: SignedLeaf) -> str:
    """What the object that a leaf names is called in a bundle."""
    body = leaf.body
    if leaf.kind is LeafKind.SEGMENT:
        return f"{FILES}{body['track']}/{body['sequence']:05d}.mp4"
    return f"{FILES}protocol/{body['revision']}/{body['file_name']}"


def content_hash(files: Iterable[str], withheld: Iterable[int]) -> str:
    """What the copy leaf states of a bundle: SHA-256 (hex) over the files' hashes and the withheld entries' indices."""
    lines = [*sorted(set(files)), "", *map(str, sorted(withheld))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def verify_bundle(
    bundle: Bundle, objects: Objects, log_keys: Sequence[bytes], outsiders: Outsiders = NOBODY
) -> BundleReport:
    """What is wrong with the bundle for whoever trusts `log_keys`, raw public keys of the log, and `outsiders`.

    `objects` gives what the bundle's file of that SHA-256 really holds.
    """
    contents = bundle.contents
    vouched = believed_keys(contents.rotations, contents.origin, log_keys)
    try:
        keys = verify_key_list(bundle.keys, contents.origin, vouched.keys)
    except LedgerError as error:
        return BundleReport((*vouched.faults, Fault(FaultKind.WRONG_KEY, f"{WHERE}/keys", str(error))))
    leaves, found = check_chains(bundle.entries, keys, contents.withheld)
    heads, faults, notes = HeadReport(), [*vouched.faults], list[str]()
    try:
        signed = verify_checkpoint(bundle.checkpoint, contents.origin, vouched.keys)
    except LedgerError as error:
        faults.append(Fault(FaultKind.ALTERED, f"{WHERE}/checkpoint", str(error)))
    else:
        heads = check_heads(contents.heads, bundle.heads, signed, _times(bundle, leaves), outsiders)
        restorations, unstated = check_restorations(contents.restorations, signed)
        faults += [*_root_faults(bundle, signed), *heads.faults, *unstated]
        notes += (one.sentence for one in restorations)
        notes += vouched.notes(bundle.checkpoint, contents.origin)
    faults += found
    if not leaves:
        return BundleReport(tuple(faults))
    if leaves[0].hearing != contents.hearing:
        sentence = f"The list of contents names hearing {contents.hearing}; the entries are of {leaves[0].hearing}."
        faults.append(Fault(FaultKind.CONTRADICTORY, WHERE, sentence))
    faults += check_tracks(leaves, live=False)
    given = frozenset(contents.files.values())
    named = {leaf.entry: object_[0] for leaf in leaves if (object_ := named_object(leaf))}
    faults += check_objects([leaf for leaf in leaves if named.get(leaf.entry) in given], objects)
    faults += _stranger_faults(
        contents, {(file_name(leaf), named[leaf.entry]) for leaf in leaves if leaf.entry in named}
    )
    faults += _copy_faults(bundle, leaves)
    received, told = _court_says(bundle, leaves, keys)
    faults += received
    notes += told
    left_out = len(set(named.values()) - given)
    return BundleReport(tuple(faults), tuple(leaves), left_out, heads, tuple(notes), vouched.keys)


def _court_says(
    bundle: Bundle, leaves: Sequence[SignedLeaf], keys: Mapping[str, bytes]
) -> tuple[list[Fault], list[str]]:
    """What is wrong, and what is worth knowing, of when the court received the hearing and whom it had enrolled."""
    contents = bundle.contents
    court = keys.keys() - {leaf.author for leaf in leaves if leaf.kind is LeafKind.HEARING}  # whose are the other keys
    since, opening = _since(bundle, leaves), _opening(contents)
    hidden = [one.entry_hash for one in contents.withheld]
    faults = [*check_receipts(leaves, court, is_owed(since, LeafKind.RECEIPT, opening), hidden)]
    stated = {leaf.entry: leaf for leaf in leaves}
    placed = {index: stated[entry] for index, entry in _placed(bundle) if entry in stated}
    register, told = believed(zip(contents.register, bundle.register, strict=False), keys, court)
    faults += check_losses(leaves, court)
    owed = is_owed(since, LeafKind.NODE, opening)
    faults += [*told, *check_recorder(placed, register, owed, contents.withheld)]
    notes = [late_sentence(leaves, court), recorder_note(placed, register, owed), *loss_sentences(leaves, court)]
    return faults, [*filter(None, notes)]


def _times(bundle: Bundle, leaves: Iterable[SignedLeaf]) -> list[tuple[int, datetime]]:
    """Places in the log and the times that the believable leaves there state."""
    stated = {leaf.entry: parse_utc(leaf.at) for leaf in leaves}
    return [(index, stated[entry]) for index, entry in _placed(bundle) if entry in stated]


def _placed(bundle: Bundle) -> Iterator[tuple[int, bytes]]:
    return zip(bundle.contents.indices, bundle.entries, strict=False)


def _root_faults(bundle: Bundle, signed: Checkpoint) -> list[Fault]:
    """Do the entries, at their places, lead to the root that the log's key signed?"""
    contents = bundle.contents
    leaves = {index: merkle.leaf_hash(entry) for index, entry in zip(contents.indices, bundle.entries, strict=False)}
    leaves |= {one.index: one.leaf_hash for one in contents.withheld}
    leaves |= {index: merkle.leaf_hash(one) for index, one in zip(contents.register, bundle.register, strict=False)}
    count, others = len(contents.indices), len(contents.withheld) + len(contents.register)
    whole = (len(bundle.entries), len(bundle.register)) == (count, len(contents.register))
    if not whole or len(leaves) != count + others:
        sentence = (
            f"The bundle holds {len(bundle.entries)} entries where its list of contents names {count} and keeps back "
            f"{len(contents.withheld)}: entries were removed, added or doubled."
        )
        return [Fault(FaultKind.ALTERED, WHERE, sentence)]
    rising = all(list(one) == sorted(one) for one in (contents.indices, contents.register))
    if not rising or max(leaves, default=0) >= signed.size:
        sentence = "The list of contents gives entries places that are not in rising order within the signed log."
        return [Fault(FaultKind.REORDERED, WHERE, sentence)]
    try:
        root = root_of_parts(signed.size, leaves, contents.nodes)
    except KeyError as error:
        sentence = f"The bundle's proof lacks node {error} of the log's tree: it was cut short or altered."
        return [Fault(FaultKind.MISSING, f"{WHERE}/nodes", sentence)]
    if root != signed.root:
        sentence = (
            f"The entries do not lead to the signed root of the log ({signed.root.hex()}): an entry, its place or the "
            "proof was altered."
        )
        return [Fault(FaultKind.ALTERED, f"{WHERE}/checkpoint", sentence)]
    return []


def _stranger_faults(contents: Contents, stated: Collection[tuple[str, str]]) -> list[Fault]:
    """Every file must bear the name that an entry gives its bytes: a name says whose sound it is, and when."""
    why = "is stated by no entry: it is not of this record, or bears another file's name."
    return [
        Fault(FaultKind.FOREIGN, f"{WHERE}/{file}", f"The file {file} {why}")
        for file, sha256 in contents.files.items()
        if (file, sha256) not in stated
    ]


def _copy_faults(bundle: Bundle, leaves: Sequence[SignedLeaf]) -> list[Fault]:
    """Is what is here, and what is not, what the court said that it hands out?"""
    contents = bundle.contents
    leaf = copy_leaf(bundle, leaves)
    if leaf is None:
        sentence = f"Entry {contents.copy} of the log, which should state what was handed out, is no copy leaf."
        return [Fault(FaultKind.MISSING, f"{WHERE}/copy", sentence)]
    withheld = [one.index for one in contents.withheld]
    faults: list[str] = []
    if content_hash(contents.files.values(), withheld) != leaf.body["content_sha256"]:
        faults.append(
            f"{name(leaf)} states {leaf.body['objects']} files handed out and {leaf.body['withheld']} entries kept "
            f"back; here are others ({len(set(contents.files.values()))} and {len(withheld)})."
        )
    # An entry that none of its chain follows, as after a rotation of its author's key, is missed by its number alone.
    here = len(contents.indices) + len(withheld)
    stated = leaf.body.get(ENTRIES, here)
    if stated != here:
        faults.append(f"{name(leaf)} states {stated} entries of the hearing; here are {here}, kept back ones included.")
    if leaf.body.get(REGISTER_FIELD, []) != list(contents.register):
        faults.append(f"{name(leaf)} states other entries about the node than are here.")
    return [Fault(FaultKind.CONTRADICTORY, place(leaf), sentence) for sentence in faults]


def _since(bundle: Bundle, leaves: Iterable[SignedLeaf]) -> Mapping[str, Any]:
    """Which kinds of leaf the court states since which entry of its log, as the copy leaf says."""
    leaf = copy_leaf(bundle, leaves)
    stated = leaf.body.get(SINCE) if leaf is not None else None
    return stated if isinstance(stated, dict) else {}


def _opening(contents: Contents) -> int:
    """Where the hearing's first entry stands in the log."""
    return min([*contents.indices, *(one.index for one in contents.withheld)], default=0)


def copy_leaf(bundle: Bundle, leaves: Iterable[SignedLeaf]) -> SignedLeaf | None:
    """The believable leaf with which the court stated that it made this bundle."""
    at = dict(zip(bundle.contents.indices, bundle.entries, strict=False)).get(bundle.contents.copy)
    return next((leaf for leaf in leaves if leaf.entry == at and leaf.kind is LeafKind.COPY), None)
