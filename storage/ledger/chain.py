"""The chain: all leaves one author states about one hearing, each naming the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from court.clock import iso_utc
from storage.errors import ChainError, LedgerError
from storage.ledger.ed25519 import Signer
from storage.ledger.leaf import Leaf, LeafKind, SignedLeaf, entry_hash, sign


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a chain stands: the next leaf's number, the last entry's hash and its time ('' before the first)."""

    hearing: str
    author: str
    next_seq: int = 0
    head: str = ""
    at: str = ""

    def append(self, kind: LeafKind, at: datetime, body: Mapping[str, Any], key: Signer) -> tuple[bytes, "Chain"]:
        """The next entry, signed, and the chain after it; raises LedgerError if `body` is not of `kind`.

        A clock that was set back does not date a leaf before the one it follows: it bears that one's time, and the
        anchor in its body what the clock said.
        """
        leaf = Leaf(kind, self.hearing, self.author, self.next_seq, self.head, max(iso_utc(at), self.at), body)
        entry = sign(leaf, key)
        return entry, self.after(leaf, entry)

    def after(self, leaf: Leaf, entry: bytes) -> "Chain":
        """Where the chain stands once `leaf`, whose bytes are `entry`, is its last."""
        return Chain(self.hearing, self.author, leaf.seq + 1, entry_hash(entry), leaf.at)


def check_next(chain: Chain, leaf: SignedLeaf) -> Chain:
    """The chain after `leaf`; raises ChainError if it does not follow. The signature is not looked at."""
    if (leaf.hearing, leaf.author) != (chain.hearing, chain.author):
        raise LedgerError(
            f"A leaf of hearing {leaf.hearing} by key {leaf.author} does not belong to the chain of "
            f"hearing {chain.hearing} by key {chain.author}."
        )
    if leaf.seq != chain.next_seq:
        raise ChainError(
            f"Leaf {leaf.seq} of hearing {leaf.hearing} by key {leaf.author} came where leaf "
            f"{chain.next_seq} was due: send the leaves in their order.",
            chain.next_seq,
        )
    if leaf.prev != chain.head:
        raise ChainError(
            f"Leaf {leaf.seq} of hearing {leaf.hearing} by key {leaf.author} follows another leaf than "
            "the one kept here: two histories of one hearing exist, and a person must decide.",
            chain.next_seq,
        )
    if leaf.at < chain.at:
        raise LedgerError(
            f"Leaf {leaf.seq} of hearing {leaf.hearing} by key {leaf.author} is dated {leaf.at}, before the leaf it "
            f"follows ({chain.at}): set the clock of its author right."
        )
    return chain.after(leaf, leaf.entry)
