"""Are the entries of one hearing all there, unchanged, in order, and signed by known keys?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from storage.errors import LedgerError
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import SignedLeaf, entry_hash, parse


def check_chains(entries: Sequence[bytes], public_keys: Mapping[str, bytes]) -> tuple[list[SignedLeaf], list[Fault]]:
    """The leaves that can be believed (each once, in log order), and what is wrong with the rest and the order."""
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
    unsigned = {leaf.entry: fault for leaf in own if (fault := _signature_fault(leaf, known))}
    faults += unsigned.values()
    for author in dict.fromkeys(leaf.author for leaf in own):
        faults += _chain_faults([leaf for leaf in own if leaf.author == author], unsigned.keys())
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


def _signature_fault(leaf: SignedLeaf, known: Mapping[str, VerifyKey]) -> Fault | None:
    key = known.get(leaf.author)
    if key is None:
        return Fault(FaultKind.WRONG_KEY, place(leaf), f"{name(leaf)} is by a key not known to this court.")
    if not leaf.verify(key):
        sentence = f"{name(leaf)} does not match its signature: it was altered."
        return Fault(FaultKind.ALTERED, place(leaf), sentence)
    return None


def _chain_faults(chain: Sequence[SignedLeaf], unsigned: Iterable[bytes]) -> list[Fault]:
    """Of one author's leaves in log order; `unsigned` entries count as present, but their links say nothing."""
    broken = set(unsigned)
    faults: list[Fault] = []
    reached = -1
    for leaf in chain:
        if leaf.seq < reached:
            sentence = f"{name(leaf)} stands in the log after leaf {reached}: the order was changed."
            faults.append(Fault(FaultKind.REORDERED, place(leaf), sentence))
        reached = max(reached, leaf.seq)
    ordered = sorted(chain, key=lambda leaf: leaf.seq)
    if ordered[0].seq:
        faults.append(_missing(ordered[0], 0))
    for before, after in pairwise(ordered):
        if after.seq > before.seq + 1:
            faults.append(_missing(after, before.seq + 1))
        elif before.entry in broken or after.entry in broken:
            continue
        elif after.seq == before.seq:
            sentence = f"{name(after)} exists in two signed versions: two histories were told."
            faults.append(Fault(FaultKind.CONTRADICTORY, place(after), sentence))
        elif after.prev != entry_hash(before.entry):
            sentence = f"{name(before)} is not the one leaf {after.seq} follows: one of them was replaced."
            faults.append(Fault(FaultKind.ALTERED, place(before), sentence))
    return faults


def _missing(after: SignedLeaf, first: int) -> Fault:
    """Of the leaves from `first` up to `after`."""
    last = after.seq - 1
    which = f"leaf {first}" if first == last else f"leaves {first} to {last}"
    sentence = f"Hearing {after.hearing} lacks {which} by key {after.author}, before leaf {after.seq}."
    return Fault(FaultKind.MISSING, f"{after.hearing}/{after.author}/{first}", sentence)
