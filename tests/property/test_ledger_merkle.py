"""The Merkle log against pymerkle, an independent implementation, at all sizes and indices hypothesis picks."""

from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree  # type: ignore[import-untyped]

from storage.ledger import merkle

ENTRIES = [f"entry {number}".encode() for number in range(200)]


def grown(entries: list[bytes]) -> dict[tuple[int, int], bytes]:
    nodes: dict[tuple[int, int], bytes] = {}
    for index, entry in enumerate(entries):
        for level, position, value in merkle.append(index, merkle.leaf_hash(entry), lambda *at: nodes[at]):
            assert (level, position) not in nodes, "a stored node never changes"
            nodes[level, position] = value
    return nodes


NODES = grown(ENTRIES)
PEER = InmemoryTree.init_from_entries(ENTRIES, algorithm="sha256")


def node(level: int, index: int) -> bytes:
    return NODES[level, index]


@st.composite
def index_and_size(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(st.integers(1, len(ENTRIES)))
    return draw(st.integers(0, size - 1)), size


@given(st.integers(1, len(ENTRIES)))
def test_roots_are_the_peers(size: int) -> None:
    assert merkle.root_at(size, node) == PEER.get_root(size)
    assert merkle.root([merkle.leaf_hash(entry) for entry in ENTRIES[:size]]) == PEER.get_root(size)


@given(index_and_size())
def test_inclusion_proofs_are_the_peers(at: tuple[int, int]) -> None:
    index, size = at
    proof = merkle.inclusion_proof(index, size, node)
    # The peer counts leaves from 1 and puts the leaf itself first.
    assert [merkle.leaf_hash(ENTRIES[index]), *proof] == PEER.prove_inclusion(index + 1, size).path
    assert merkle.verify_inclusion(merkle.leaf_hash(ENTRIES[index]), index, size, proof, PEER.get_root(size))


@given(index_and_size(), st.data())
def test_a_spoilt_inclusion_proof_proves_nothing(at: tuple[int, int], data: st.DataObject) -> None:
    index, size = at
    proof = merkle.inclusion_proof(index, size, node)
    leaf, root = merkle.leaf_hash(ENTRIES[index]), merkle.root_at(size, node)
    other = data.draw(st.integers(0, len(ENTRIES) - 1).filter(lambda one: one != index))
    assert not merkle.verify_inclusion(merkle.leaf_hash(ENTRIES[other]), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, other, size, proof, root)
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.verify_inclusion(leaf, index, size, proof[:place] + proof[place + 1 :], root)
        spoilt = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert not merkle.verify_inclusion(leaf, index, size, spoilt, root)


@given(st.integers(1, len(ENTRIES)), st.integers(1, len(ENTRIES)))
def test_consistency_proofs_lead_from_one_root_of_the_peer_to_another(one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof = merkle.consistency_proof(old, new, node)
    old_root, new_root = PEER.get_root(old), PEER.get_root(new)
    assert merkle.verify_consistency(old, new, old_root, new_root, proof)


@given(st.integers(1, len(ENTRIES)), st.integers(1, len(ENTRIES)), st.data())
def test_a_rewritten_log_is_not_consistent(one: int, other: int, data: st.DataObject) -> None:
    old, new = sorted((one, other))
    changed = data.draw(st.integers(0, old - 1))
    forged = grown([*ENTRIES[:changed], b"forged", *ENTRIES[changed + 1 : new]])
    proof = merkle.consistency_proof(old, new, lambda *at: forged[at])
    forged_root = merkle.root_at(new, lambda *at: forged[at])
    assert not merkle.verify_consistency(old, new, PEER.get_root(old), forged_root, proof)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70), st.integers(), st.integers())
def test_verifying_hostile_proofs_only_says_no(path: list[bytes], one: int, other: int) -> None:
    assert not merkle.verify_inclusion(b"x" * 32, one, other, path, b"y" * 32)
    assert not merkle.verify_consistency(one, other, b"x" * 32, b"y" * 32, path)
