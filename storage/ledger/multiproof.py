"""Proof that several entries stand in the log at once: their own hashes and the subtrees around them give its root."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from storage.ledger import merkle

Nodes = Mapping[tuple[int, int], bytes]
"""(level, index) → root of that complete subtree, as merkle.py numbers them."""


def nodes_around(indices: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Level and index of the largest complete subtrees of a log of `size` that hold none of the entries `indices`."""
    own = sorted(indices)
    for level, index in _peaks(size):
        yield from _around(level, index, own)


def root_of_parts(size: int, leaves: Mapping[int, bytes], nodes: Nodes) -> bytes:
    """The root of a log of `size` entries in which the leaf hashes `leaves` stand at their indices.

    Raises KeyError with level and index where `nodes` lacks what is around them.
    """
    own = sorted(leaves)

    def node(level: int, index: int) -> bytes:
        if not _holds(own, level, index):
            return nodes[level, index]
        if level == 0:
            return leaves[index]
        return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return merkle.root_at(size, node)


def _peaks(size: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees, largest first, that the tree of `size` leaves is made of."""
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, start >> level
            start += 1 << level


def _around(level: int, index: int, own: Sequence[int]) -> Iterator[tuple[int, int]]:
    if not _holds(own, level, index):
        yield level, index
    elif level > 0:
        yield from _around(level - 1, 2 * index, own)
        yield from _around(level - 1, 2 * index + 1, own)


def _holds(own: Sequence[int], level: int, index: int) -> bool:
    """Whether one of the sorted indices `own` lies in that subtree."""
    at = bisect_left(own, index << level)
    return at < len(own) and own[at] < (index + 1) << level
