"""Against the vectors of the Certificate Transparency project for RFC 6962 (its eight-leaf test tree)."""

import pytest

from storage.ledger import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


@pytest.fixture(scope="module")
def nodes() -> dict[tuple[int, int], bytes]:
    stored: dict[tuple[int, int], bytes] = {}
    for index, entry in enumerate(LEAVES):
        for level, position, value in merkle.append(index, merkle.leaf_hash(entry), lambda *at: stored[at]):
            stored[level, position] = value
    return stored


@pytest.mark.parametrize("size", range(9))
def test_roots(size: int, nodes: dict[tuple[int, int], bytes]) -> None:
    assert merkle.root([merkle.leaf_hash(entry) for entry in LEAVES[:size]]).hex() == ROOTS[size]
    assert merkle.root_at(size, lambda *at: nodes[at]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs(index: int, size: int, nodes: dict[tuple[int, int], bytes]) -> None:
    proof = merkle.inclusion_proof(index, size, lambda *at: nodes[at])
    assert [node.hex() for node in proof] == INCLUSION[index, size]
    leaf, root = merkle.leaf_hash(LEAVES[index]), bytes.fromhex(ROOTS[size])
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index + 1, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(leaf, index, 0, proof, root)


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs(old: int, new: int, nodes: dict[tuple[int, int], bytes]) -> None:
    proof = merkle.consistency_proof(old, new, lambda *at: nodes[at])
    assert [node.hex() for node in proof] == CONSISTENCY[old, new]
    old_root, new_root = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new])
    assert merkle.verify_consistency(old, new, old_root, new_root, proof)
    assert not merkle.verify_consistency(old, new, bytes(32), new_root, proof)
    assert not merkle.verify_consistency(old, new, old_root, new_root, [*proof, old_root])
    assert not merkle.verify_consistency(new + 1, new, old_root, new_root, proof)


def test_everything_continues_the_empty_log() -> None:
    assert merkle.verify_consistency(0, 8, merkle.EMPTY_ROOT, bytes.fromhex(ROOTS[8]), [])
    assert not merkle.verify_consistency(0, 8, bytes(32), bytes.fromhex(ROOTS[8]), [])


def test_what_is_not_in_the_log_has_no_proof(nodes: dict[tuple[int, int], bytes]) -> None:
    with pytest.raises(ValueError, match="no leaf 8"):
        merkle.inclusion_proof(8, 8, lambda *at: nodes[at])
    with pytest.raises(ValueError, match="never one of 9"):
        merkle.consistency_proof(9, 8, lambda *at: nodes[at])
