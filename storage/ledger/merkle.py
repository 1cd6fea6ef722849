"""The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1 over SHA-256, grown leaf by leaf.

Only roots of complete subtrees are stored: node (level, index) covers the 2^level leaves from index·2^level
on; level 0 are the leaf hashes. They never change, so appending takes O(log n) reads of them, and so does every
proof and the root at any past size.
"""

import hashlib
from collections.abc import Callable, Sequence

GetNode = Callable[[int, int], bytes]
"""(level, index) → the stored node's hash; may raise anything for a node that was never stored."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(index: int, leaf: bytes, get_node: GetNode) -> list[tuple[int, int, bytes]]:
    """The nodes to store, as (level, index, hash), when the leaf hash `leaf` becomes number `index`."""
    nodes = [(0, index, leaf)]
    level, position, node = 0, index, leaf
    while position & 1:
        node = node_hash(get_node(level, position - 1), node)
        level, position = level + 1, position >> 1
        nodes.append((level, position, node))
    return nodes


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes held in memory."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node_hash(root(leaves[:split]), root(leaves[split:]))


def root_at(size: int, get_node: GetNode) -> bytes:
    """The root the log had when it held `size` leaves."""
    return _range_root(0, size, get_node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, get_node: GetNode) -> list[bytes]:
    """The audit path of leaf `index` in a log of `size` leaves (RFC 9162 §2.1.3.1), the sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"a log of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    start, width = 0, size
    while width > 1:
        split = _split(width)
        if index < start + split:
            path.append(_range_root(start + split, width - split, get_node))
            width = split
        else:
            path.append(_range_root(start, split, get_node))
            start, width = start + split, width - split
    return path[::-1]


def consistency_proof(old: int, new: int, get_node: GetNode) -> list[bytes]:
    """Shows that the log of `new` leaves begins with that of `old` leaves (RFC 9162 §2.1.4.1).

    Empty where nothing needs showing: `old` is 0 or equals `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a log of {new} leaves was never one of {old}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, width = 0, new
    while start + width != old:
        split = _split(width)
        if old <= start + split:
            path.append(_range_root(start + split, width - split, get_node))
            width = split
        else:
            path.append(_range_root(start, split, get_node))
            start, width = start + split, width - split
    # The verifier knows the old root itself, and needs this node only where it is not that root.
    if start:
        path.append(_range_root(start, width, get_node))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash stands at `index` under `root` of `size` leaves (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the log of `new` leaves only added to that of `old` leaves (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    # A complete old tree is a node of the new one; the prover leaves it out because the verifier has it.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    computed_old = computed_new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed_old, computed_new = node_hash(node, computed_old), node_hash(node, computed_new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed_new = node_hash(computed_new, node)
        position, last = position >> 1, last >> 1
    return last == 0 and computed_old == old_root and computed_new == new_root


def _split(width: int) -> int:
    """The largest power of two smaller than `width`, which is at least 2."""
    return 1 << (width - 1).bit_length() - 1


def _range_root(start: int, width: int, get_node: GetNode) -> bytes:
    """The root over leaves [start, start + width), a range that the tree's own splitting leads to."""
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return get_node(level, start >> level)
    split = _split(width)
    return node_hash(_range_root(start, split, get_node), _range_root(start + split, width - split, get_node))
