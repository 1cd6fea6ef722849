import json
from typing import Any

import pytest

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.proof import InclusionProof, prove, verify_proof

ORIGIN = "court.example/log"
LOG = SigningKey.from_seed(b"log".ljust(32, b"."))
ENTRIES = [f"entry {number}".encode() for number in range(11)]
NODES: dict[tuple[int, int], bytes] = {}
for _index, _entry in enumerate(ENTRIES):
    for _level, _position, _value in merkle.append(_index, merkle.leaf_hash(_entry), lambda *at: NODES[at]):
        NODES[_level, _position] = _value


def node(level: int, index: int) -> bytes:
    return NODES[level, index]


CHECKPOINT = sign_checkpoint(ORIGIN, 11, merkle.root_at(11, node), LOG)
FIELDS = prove(6, node, CHECKPOINT).as_fields()


@pytest.mark.parametrize("index", range(11))
def test_every_entry_is_proven_through_json(index: int) -> None:
    sent = json.dumps(prove(index, node, CHECKPOINT).as_fields())
    proof = InclusionProof.parse(json.loads(sent))
    assert verify_proof(proof, ORIGIN, [LOG.public], ENTRIES[index]).size == 11
    with pytest.raises(LedgerError, match="another entry"):
        verify_proof(proof, ORIGIN, [LOG.public], ENTRIES[index - 1])


def test_an_entry_after_the_checkpoint_is_not_proven_by_it() -> None:
    early = sign_checkpoint(ORIGIN, 5, merkle.root_at(5, node), LOG)
    with pytest.raises(ValueError, match="no leaf 6"):
        prove(6, node, early)


@pytest.mark.parametrize(
    "changes",
    [
        {"index": 5},
        {"index": 6 + 2**40},
        {"leaf_hash": "ab" * 32},
        {"path": FIELDS["path"][1:]},
        {"path": ["cd" * 32, *FIELDS["path"][1:]]},
        {"checkpoint": sign_checkpoint(ORIGIN, 10, merkle.root_at(10, node), LOG)},
        {"checkpoint": sign_checkpoint(ORIGIN, 11, bytes(32), LOG)},
    ],
)
def test_a_changed_proof_proves_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(LedgerError):
        verify_proof(InclusionProof.parse({**FIELDS, **changes}), ORIGIN, [LOG.public])


@pytest.mark.parametrize(
    "changes",
    [
        {"index": "6"},
        {"index": -1},
        {"index": True},
        {"leaf_hash": "AB" * 32},
        {"leaf_hash": None},
        {"path": None},
        {"path": ["ab"]},
        {"path": [7]},
        {"checkpoint": 1},
    ],
)
def test_what_is_no_proof_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LedgerError, match="inclusion proof"):
        InclusionProof.parse({**FIELDS, **changes})
