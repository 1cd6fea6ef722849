"""What a person takes home: proof that one entry stands in the court's log, checkable without the court."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bodies import is_count, is_hash
from storage.ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """`leaf_hash` stands at `index` under the root in the signed note `checkpoint`; `path` is the audit path."""

    leaf_hash: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    def as_fields(self) -> dict[str, Any]:
        """For JSON; hashes in hex."""
        return {
            "leaf_hash": self.leaf_hash.hex(),
            "index": self.index,
            "path": [node.hex() for node in self.path],
            "checkpoint": self.checkpoint,
        }

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "InclusionProof":
        """The inverse of `as_fields`; raises LedgerError on anything else."""
        leaf, index, path, checkpoint = (fields.get(n) for n in ("leaf_hash", "index", "path", "checkpoint"))
        if not (is_hash(leaf) and is_count(index) and isinstance(path, list) and isinstance(checkpoint, str)):
            raise LedgerError("This is no inclusion proof: it needs leaf_hash, index, path and checkpoint.")
        if not all(is_hash(node) for node in path):
            raise LedgerError("The inclusion proof's path holds something other than SHA-256 in hex.")
        return cls(bytes.fromhex(str(leaf)), int(index or 0), tuple(map(bytes.fromhex, path)), checkpoint)


def prove(index: int, get_node: merkle.GetNode, checkpoint: str) -> InclusionProof:
    """The proof for entry `index` under a checkpoint that covers it; raises ValueError if it does not."""
    size = parse_checkpoint(checkpoint).size
    path = tuple(merkle.inclusion_proof(index, size, get_node))
    return InclusionProof(get_node(0, index), index, path, checkpoint)


def verify_proof(proof: InclusionProof, origin: str, keys: Iterable[bytes], entry: bytes | None = None) -> Checkpoint:
    """The checkpoint under which the entry is proven to stand; raises LedgerError if it is not proven.

    Without `entry` only its hash is shown to stand there, which tells nothing about its content.
    """
    if entry is not None and merkle.leaf_hash(entry) != proof.leaf_hash:
        raise LedgerError(f"The inclusion proof for place {proof.index} of the log is of another entry.")
    checkpoint = verify_checkpoint(proof.checkpoint, origin, keys)
    if not merkle.verify_inclusion(proof.leaf_hash, proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise LedgerError(
            f"Entry {proof.leaf_hash.hex()} does not stand at place {proof.index} of the log {origin!r} of "
            f"{checkpoint.size} entries: the proof or the entry was altered."
        )
    return checkpoint
