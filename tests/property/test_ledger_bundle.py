"""Several entries under one root, and lists of contents that somebody else wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.contents import Contents
from storage.ledger.multiproof import nodes_around, root_of_parts

SIZE = 70
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(SIZE)]
NODES: dict[tuple[int, int], bytes] = {}
for _number, _leaf in enumerate(LEAVES):
    for _level, _at, _value in merkle.append(_number, _leaf, lambda *node: NODES[node]):
        NODES[_level, _at] = _value


@st.composite
def chosen(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A log's size, and some of its entries."""
    size = draw(st.integers(1, SIZE))
    return size, sorted(draw(st.sets(st.integers(0, size - 1), min_size=1)))


@given(chosen())
def test_entries_and_what_is_around_them_give_the_root(some: tuple[int, list[int]]) -> None:
    size, indices = some
    around = {node: NODES[node] for node in nodes_around(indices, size)}
    assert root_of_parts(size, {index: LEAVES[index] for index in indices}, around) == merkle.root(LEAVES[:size])
    most = sum(2 * size.bit_length() for _ in indices)
    assert len(around) <= most


@given(chosen(), st.data())
def test_any_other_leaf_place_or_node_gives_another(some: tuple[int, list[int]], data: st.DataObject) -> None:
    size, indices = some
    around = {node: NODES[node] for node in nodes_around(indices, size)}
    leaves = {index: LEAVES[index] for index in indices}
    altered = data.draw(st.sampled_from(indices))
    assert root_of_parts(size, {**leaves, altered: b"x" * 32}, around) != merkle.root(LEAVES[:size])
    if around:
        node = data.draw(st.sampled_from(sorted(around)))
        assert root_of_parts(size, leaves, {**around, node: b"x" * 32}) != merkle.root(LEAVES[:size])
        with pytest.raises(KeyError):
            root_of_parts(size, leaves, {other: around[other] for other in around if other != node})


HASH = "ab" * 32
SOUND = Contents("log", "key", "hearing", 3, (1, 3), (), {(0, 2): b"n" * 32}, {"files/a/1.mp4": HASH})
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(HASH),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def test_contents_are_read_as_they_were_written() -> None:
    assert Contents.parse(json.dumps(SOUND.as_fields()).encode()) == SOUND


@given(st.sampled_from(sorted(SOUND.as_fields())), anything)
def test_hostile_contents_are_read_or_refused(field: str, value: object) -> None:
    try:
        Contents.parse(json.dumps(SOUND.as_fields() | {field: value}).encode())
    except LedgerError as error:
        assert str(error).endswith(".")


@given(st.binary(max_size=100) | anything.map(lambda value: json.dumps(value).encode()))
def test_hostile_bytes_are_no_contents(text: bytes) -> None:
    with pytest.raises(LedgerError):
        Contents.parse(text)
