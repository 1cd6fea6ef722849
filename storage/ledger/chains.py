"""Are the entries of one hearing all there, unchanged, in order, and signed by known keys?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from storage.errors import LedgerError
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf, entry_hash, parse

RUN = 16
"""Leaves for which one signature is checked: a signed leaf names the bytes of the one before, and so of all before."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """An entry that is not handed out: its `index` in the log, its place in its author's chain, its SHA-256 (hex), by
    which the next one names it, and its hash (32 bytes) in the Merkle tree.
    """

    index: int
    author: str
    seq: int
    entry_hash: str
    leaf_hash: bytes


def check_chains(
    entries: Sequence[bytes], public_keys: Mapping[str, bytes], withheld: Sequence[Withheld] = ()
) -> tuple[list[SignedLeaf], list[Fault]]:
    """The leaves that can be believed (each once, in log order), and what is wrong with the rest and the order.

    `withheld` are the places of entries that exist but were not handed out.
    """
    leaves, faults = _readable(entries)
    if not leaves:
        return [], [*faults, Fault(FaultKind.MISSING, "", "The hearing has no readable entry in the log.")]
    hearing = Counter(leaf.hearing for leaf in leaves).most_common(1)[0][0]
    foreign = [leaf for leaf in leaves if leaf.hearing != hearing]
    faults += [
        Fault(FaultKind.FOREIGN, place(leaf), f"{name(leaf)} stands among the entries of hearing {hearing}.")
        for leaf in foreign
    ]
    own = [leaf for leaf in leaves if leaf.hearing == hearing]
    known = {author: VerifyKey(raw) for author, raw in public_keys.items()}
    unsigned: dict[bytes, Fault] = {}
    for author in dict.fromkeys(leaf.author for leaf in own):
        chain = [leaf for leaf in own if leaf.author == author]
        unsigned |= _unsigned(chain, known)
        kept_back = {one.seq: one.entry_hash for one in withheld if one.author == author}
        faults += _chain_faults(chain, unsigned.keys(), kept_back)
    faults += unsigned.values()
    return [leaf for leaf in own if leaf.entry not in unsigned], faults


def place(leaf: SignedLeaf) -> str:
    return f"{leaf.hearing}/{leaf.author}/{leaf.seq}"


def name(leaf: SignedLeaf) -> str:
    """The leaf in a sentence, as its beginning."""
    return f"Leaf {leaf.seq} ({leaf.kind.value}) of hearing {leaf.hearing} by key {leaf.author}"


def _readable(entries: Sequence[bytes]) -> tuple[list[SignedLeaf], list[Fault]]:
    leaves: dict[bytes, SignedLeaf] = {}
    faults: list[Fault] = []
    for position, entry in enumerate(entries):
        if entry in leaves:
            leaf = leaves[entry]
            faults.append(Fault(FaultKind.DUPLICATED, place(leaf), f"{name(leaf)} is in the log twice."))
            continue
        try:
            leaves[entry] = parse(entry)
        except LedgerError as error:
            sentence = f"Entry {position} of the hearing (SHA-256 {entry_hash(entry)}) is no leaf: {error}"
            faults.append(Fault(FaultKind.ALTERED, f"entry/{position}", sentence))
    return list(leaves.values()), faults


def _unsigned(chain: Sequence[SignedLeaf], known: Mapping[str, VerifyKey]) -> dict[bytes, Fault]:
    """The leaves of one author whose signature is not right, with their faults."""
    faults: dict[bytes, Fault] = {}
    for run in _runs(sorted(chain, key=lambda leaf: leaf.seq)):
        if _signature_fault(run[-1], known) is not None:
            faults |= {leaf.entry: fault for leaf in run if (fault := _signature_fault(leaf, known))}
    return faults


def _runs(ordered: Sequence[SignedLeaf]) -> Iterator[list[SignedLeaf]]:
    """At most RUN leaves in a row, each of which names the hash of the one before it."""
    run: list[SignedLeaf] = []
    for leaf in ordered:
        if run and (len(run) == RUN or leaf.prev != entry_hash(run[-1].entry)):
            yield run
            run = []
        run.append(leaf)
    if run:
        yield run


def _signature_fault(leaf: SignedLeaf, known: Mapping[str, VerifyKey]) -> Fault | None:
    key = known.get(leaf.author)
    if key is None:
        return Fault(FaultKind.WRONG_KEY, place(leaf), f"{name(leaf)} is by a key not known to this court.")
    if not leaf.verify(key):
        sentence = f"{name(leaf)} does not match its signature: it was altered."
        return Fault(FaultKind.ALTERED, place(leaf), sentence)
    return None


def _chain_faults(chain: Sequence[SignedLeaf], unsigned: Iterable[bytes], withheld: Mapping[int, str]) -> list[Fault]:
    """Of one author's leaves in log order; `unsigned` entries count as present, but their links say nothing.

    `withheld` gives the hashes of this author's entries that were not handed out, by number.
    """
    broken = set(unsigned)
    faults: list[Fault] = []
    reached = -1
    for leaf in chain:
        if leaf.seq < reached:
            sentence = f"{name(leaf)} stands in the log after leaf {reached}: the order was changed."
            faults.append(Fault(FaultKind.REORDERED, place(leaf), sentence))
        reached = max(reached, leaf.seq)
    ordered = sorted(chain, key=lambda leaf: leaf.seq)
    faults += _lacking(ordered[0], 0, withheld)
    for before, after in pairwise(ordered):
        if after.at < before.at:
            sentence = f"{name(after)} is dated {after.at}, before the leaf it follows ({before.at})."
            faults.append(Fault(FaultKind.BACKDATED, place(after), sentence))
        if after.seq > before.seq + 1:
            faults += _lacking(after, before.seq + 1, withheld)
        elif before.entry in broken or after.entry in broken:
            continue
        elif after.seq == before.seq:
            sentence = f"{name(after)} exists in two signed versions: two histories were told."
            faults.append(Fault(FaultKind.CONTRADICTORY, place(after), sentence))
        elif after.prev != entry_hash(before.entry):
            sentence = f"{name(before)} is not the one leaf {after.seq} follows: one of them was replaced."
            faults.append(Fault(FaultKind.ALTERED, place(before), sentence))
    return faults


def _lacking(after: SignedLeaf, first: int, withheld: Mapping[int, str]) -> list[Fault]:
    """What is wrong between leaf `first` and `after`, before which nothing of the chain was handed out."""
    one = next(seq for seq in count(first) if seq not in withheld)
    if one < after.seq:
        last = next(seq for seq in count(after.seq - 1, -1) if seq not in withheld)
        which = f"leaf {one}" if one == last else f"leaves {one} to {last}"
        sentence = f"Hearing {after.hearing} lacks {which} by key {after.author}, before leaf {after.seq}."
        return [Fault(FaultKind.MISSING, f"{after.hearing}/{after.author}/{one}", sentence)]
    if first < after.seq and after.prev != withheld[after.seq - 1]:
        sentence = f"{name(after)} does not follow the withheld leaf {after.seq - 1}: one of them was replaced."
        return [Fault(FaultKind.ALTERED, place(after), sentence)]
    return []
