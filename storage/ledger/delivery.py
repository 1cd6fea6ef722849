"""Which objects the court expects: their leaves came ahead of them, over a line too slow for both. Pure.

The node has signed what the object hashes to, so nothing else can arrive in its place. That it had not arrived when its
leaf did, the court states in the very next entry of the hearing, and later that it came. What is missing without that
statement, or after the second one, was removed.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise

from storage.ledger.bodies import LeafKind
from storage.ledger.leaf import SignedLeaf


def expected(leaves: Sequence[SignedLeaf], court: Collection[str]) -> dict[str, SignedLeaf]:
    """The segments' leaves by the SHA-256 of the objects that have not arrived.

    `leaves` are those of one hearing, in log order; `court` are the ids of the keys whose word counts.
    """
    found: dict[str, SignedLeaf] = {}
    for before, leaf in pairwise(leaves):
        if leaf.kind is not LeafKind.DELIVERY or leaf.author not in court:
            continue
        sha256 = leaf.body["sha256"]
        if leaf.body["arrived"]:
            found.pop(sha256, None)
        elif before.kind is LeafKind.SEGMENT and before.body["sha256"] == sha256:
            found[sha256] = before
    return found
