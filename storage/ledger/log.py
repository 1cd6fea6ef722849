"""Is the whole log the one whose checkpoints were published?"""

from collections import Counter
from collections.abc import Iterable, Sequence

from storage.ledger import merkle
from storage.ledger.checkpoint import Checkpoint
from storage.ledger.faults import Fault, FaultKind


def verify_log(
    entries: Iterable[bytes], checkpoints: Iterable[Checkpoint], stored: merkle.GetNode | None = None
) -> list[Fault]:
    """All entries of the log against its checkpoints, whose signatures were verified before.

    `stored` are the tree's stored nodes; where they still give a checkpoint's root, they tell what differs.
    """
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    tree: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(hashes):
        for level, position, value in merkle.append(index, leaf, lambda *node: tree[node]):
            tree[level, position] = value
    faults: list[Fault] = []
    worst: Checkpoint | None = None
    for checkpoint in sorted(checkpoints, key=lambda one: one.size):
        if checkpoint.size > len(hashes):
            faults.append(_cut_short(len(hashes), checkpoint))
        elif merkle.root_at(checkpoint.size, lambda *node: tree[node]) != checkpoint.root:
            faults.append(_other_root(checkpoint))
        else:
            continue
        worst = checkpoint
    if worst is None or stored is None:
        return faults
    return faults + _differences(hashes, worst, stored)


def _cut_short(size: int, checkpoint: Checkpoint) -> Fault:
    sentence = f"The log has {size} entries, and had {checkpoint.size} at a signed checkpoint: it was cut short."
    return Fault(FaultKind.TRUNCATED, f"log/{size}", sentence)


def _other_root(checkpoint: Checkpoint) -> Fault:
    sentence = (
        f"The first {checkpoint.size} entries of the log do not give the root {checkpoint.root.hex()} of "
        "their signed checkpoint: entries were altered, removed, added or moved."
    )
    return Fault(FaultKind.ALTERED, "log", sentence)


def _differences(hashes: Sequence[bytes], checkpoint: Checkpoint, stored: merkle.GetNode) -> list[Fault]:
    """Which entries are not as they were under the checkpoint, if the stored tree can be believed."""
    try:
        genuine = merkle.root_at(checkpoint.size, stored) == checkpoint.root
        expected = [stored(0, index) for index in range(checkpoint.size)]
    except LookupError:
        genuine = False
    if not genuine or merkle.root(expected) != checkpoint.root:
        sentence = f"The stored tree does not give the checkpoint's root at size {checkpoint.size} either."
        return [Fault(FaultKind.ALTERED, "log", sentence)]
    there, then = Counter(hashes), Counter(expected)
    faults: list[Fault] = []
    last: int = -1
    seen: Counter[bytes] = Counter()
    at = {leaf: index for index, leaf in enumerate(expected)}
    for index, leaf in enumerate(hashes):
        seen[leaf] += 1
        if leaf not in then:
            if index < checkpoint.size:
                faults.append(_entry_fault(FaultKind.ALTERED, index, "is not the one the log accepted"))
        elif seen[leaf] > then[leaf]:
            faults.append(_entry_fault(FaultKind.DUPLICATED, index, f"repeats entry {at[leaf]}"))
        elif at[leaf] < last:
            faults.append(_entry_fault(FaultKind.REORDERED, index, f"was accepted as entry {at[leaf]}"))
        last = max(last, at.get(leaf, -1))
    for index, leaf in enumerate(expected):
        replaced = index < len(hashes) and hashes[index] not in then
        if leaf not in there and not replaced:
            faults.append(_entry_fault(FaultKind.MISSING, index, "is missing"))
    return faults


def _entry_fault(kind: FaultKind, index: int, what: str) -> Fault:
    return Fault(kind, f"log/{index}", f"Entry {index} of the log {what}.")
