"""Nothing is altered or removed undetected: whatever is done to entries and objects, the verifier names it."""

import json
from collections.abc import Iterable
from contextlib import suppress

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.chain import Chain
from storage.ledger.checkpoint import Checkpoint, parse_checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import LeafKind, parse
from storage.ledger.proof import InclusionProof
from storage.ledger.verify import verify_hearing, verify_log
from tests.factories.hearing_log import HEARING, KEYS, NODE, SERVER, START, STRANGER, made_hearing, where

SOUND = made_hearing()
NOTE = {"at_sample": 480, "template": "free", "text": "ң"}
ENTRIES = SOUND.entries
PLACES = st.integers(0, len(ENTRIES) - 1)
LAST_OF_SERVER = len(ENTRIES) - 1
NODES: dict[tuple[int, int], bytes] = {}
for _index, _entry in enumerate(ENTRIES):
    for _level, _position, _value in merkle.append(_index, merkle.leaf_hash(_entry), lambda *at: NODES[at]):
        NODES[_level, _position] = _value
CHECKPOINT = Checkpoint("log", len(ENTRIES), merkle.root_at(len(ENTRIES), lambda *at: NODES[at]))


def hearing_faults(entries: list[bytes]) -> list[Fault]:
    return verify_hearing(entries, KEYS, SOUND.state)


def log_faults(entries: list[bytes]) -> list[Fault]:
    return verify_log(entries, [CHECKPOINT], lambda level, index: NODES[level, index])


def named(faults: Iterable[Fault]) -> set[tuple[FaultKind, str]]:
    return {(fault.kind, fault.where) for fault in faults}


@given(PLACES, st.data())
def test_a_changed_byte_is_named(place: int, data: st.DataObject) -> None:
    entry = ENTRIES[place]
    at = data.draw(st.integers(0, len(entry) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda one: one != entry[at]))
    altered = [*ENTRIES[:place], entry[:at] + bytes([byte]) + entry[at + 1 :], *ENTRIES[place + 1 :]]
    faults = hearing_faults(altered)
    about_it = {f"entry/{place}", where(entry)}
    with suppress(LedgerError):
        about_it.add(where(altered[place]))
    kinds = {FaultKind.ALTERED, FaultKind.WRONG_KEY, FaultKind.FOREIGN}
    assert any(fault.where in about_it and fault.kind in kinds for fault in faults)
    assert (FaultKind.ALTERED, f"log/{place}") in named(log_faults(altered))


@given(PLACES)
def test_a_dropped_entry_is_named(place: int) -> None:
    rest = ENTRIES[:place] + ENTRIES[place + 1 :]
    assert (FaultKind.MISSING, f"log/{place}") in named(log_faults(rest))
    faults = hearing_faults(rest)
    leaf = parse(ENTRIES[place])
    if leaf.kind is LeafKind.STATE and leaf.body["state"] == "ended":
        assert (FaultKind.TRUNCATED, HEARING) in named(faults)
    elif place != LAST_OF_SERVER:
        assert (FaultKind.MISSING, where(ENTRIES[place])) in named(faults)
        assert any(f"leaf {leaf.seq} by key {leaf.author}" in fault.sentence for fault in faults)


@given(st.permutations(range(len(ENTRIES))))
def test_another_order_is_named(order: list[int]) -> None:
    moved = [ENTRIES[place] for place in order]
    by_author: dict[str, list[int]] = {}
    for entry in moved:
        leaf = parse(entry)
        by_author.setdefault(leaf.author, []).append(leaf.seq)
    in_order = all(seqs == sorted(seqs) for seqs in by_author.values())
    kinds = {fault.kind for fault in hearing_faults(moved)}
    assert kinds == (set() if in_order else {FaultKind.REORDERED})
    unmoved = order == sorted(order)
    assert any(fault.kind is FaultKind.REORDERED for fault in log_faults(moved)) is not unmoved


@given(PLACES, PLACES)
def test_a_doubled_entry_is_named(place: int, to: int) -> None:
    assume(to > place)
    doubled = [*ENTRIES[:to], ENTRIES[place], *ENTRIES[to:]]
    assert named(hearing_faults(doubled)) == {(FaultKind.DUPLICATED, where(ENTRIES[place]))}
    assert (FaultKind.DUPLICATED, f"log/{to}") in named(log_faults(doubled))


@given(st.integers(0, len(ENTRIES) - 1))
def test_a_cut_off_end_is_named(size: int) -> None:
    assert (FaultKind.TRUNCATED, f"log/{size}") in named(log_faults(ENTRIES[:size]))
    ended = next(place for place, entry in enumerate(ENTRIES) if b'"state":"ended"' in entry)
    if size <= ended:
        kinds = {fault.kind for fault in hearing_faults(ENTRIES[:size])}
        assert (FaultKind.TRUNCATED if size else FaultKind.MISSING) in kinds


@given(st.sampled_from(sorted(SOUND.objects)), st.sampled_from(["gone", "cut", "changed", "longer"]), st.data())
def test_a_touched_object_is_named(sha256: str, how: str, data: st.DataObject) -> None:
    log = made_hearing()
    content = log.objects.pop(sha256)
    at = data.draw(st.integers(0, len(content) - 1))
    if how == "cut":
        log.objects[sha256] = content[:at]
    elif how == "changed":
        log.objects[sha256] = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    elif how == "longer":
        log.objects[sha256] = content + b"\0"
    [fault] = verify_hearing(log.entries, KEYS, log.state)
    expected = {"gone": FaultKind.MISSING, "cut": FaultKind.TRUNCATED}
    assert fault.kind is expected.get(how, FaultKind.ALTERED)
    assert sha256 in fault.sentence
    assert HEARING in fault.sentence
    body = next(parse(entry).body for entry in ENTRIES if sha256.encode() in entry)
    if "track" in body:
        assert fault.where == f"{HEARING}/{body['track']}/{body['sequence']}"
        assert f"Segment {body['sequence']} of track {body['track']}" in fault.sentence


@given(PLACES, st.sampled_from([NODE, SERVER, STRANGER]))
def test_a_key_that_is_not_known_is_named(place: int, removed: SigningKey) -> None:
    keys = {name: raw for name, raw in KEYS.items() if name != removed.key_id}
    faults = named(verify_hearing(ENTRIES, keys, SOUND.state))
    by_removed = parse(ENTRIES[place]).author == removed.key_id
    assert ((FaultKind.WRONG_KEY, where(ENTRIES[place])) in faults) is by_removed
    assert bool(faults) is (removed is not STRANGER)


@given(PLACES)
def test_a_leaf_signed_anew_breaks_the_chain(place: int) -> None:
    """Whoever has the key can sign another leaf, and still not put it into the middle."""
    leaf = parse(ENTRIES[place])
    assume(place not in (LAST_OF_SERVER, max(i for i, e in enumerate(ENTRIES) if parse(e).author == NODE.key_id)))
    key = NODE if leaf.author == NODE.key_id else SERVER
    chain = Chain(leaf.hearing, leaf.author, leaf.seq, leaf.prev)
    forged, _ = chain.append(leaf.kind, START, leaf.body, key)
    assume(forged != ENTRIES[place])
    faults = hearing_faults([*ENTRIES[:place], forged, *ENTRIES[place + 1 :]])
    assert (FaultKind.ALTERED, where(forged)) in named(faults)


@given(st.sampled_from(["mic-judge", "cam-hall"]), st.integers(0, 2))
def test_a_segment_that_was_never_entered_leaves_a_hole(track: str, sequence: int) -> None:
    """The node itself left it out and chained the rest: the time is not accounted for."""
    log = made_hearing(skip=(track, sequence))
    [fault] = verify_hearing(log.entries, KEYS, log.state)
    assert (fault.kind, fault.where) == (FaultKind.INCOMPLETE, f"{HEARING}/{track}")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
LEAF_FIELDS = ["v", "kind", "hearing", "author", "seq", "prev", "at", "body", "sig"]


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Random bytes, JSON of any shape, a leaf with a field or a body's field exchanged, and cut or spliced leaves."""
    way = draw(st.integers(0, 4))
    if way == 0:
        return draw(st.binary(max_size=300))
    if way == 1:
        return json.dumps(draw(json_values)).encode()
    entry = draw(st.sampled_from(ENTRIES))
    if way == 2:
        cut = draw(st.integers(0, len(entry)))
        return entry[:cut] + draw(st.binary(max_size=20)) + entry[cut + draw(st.integers(0, 20)) :]
    fields = json.loads(entry)
    if way == 3:
        fields[draw(st.sampled_from(LEAF_FIELDS))] = draw(json_values)
    else:
        fields["body"][draw(st.sampled_from(sorted(fields["body"])))] = draw(json_values)
    return json.dumps(fields, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode(errors="replace")


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    max_leaves=12,
)


@given(plain_values)
def test_leaves_are_written_as_rfc_8785_says(value: object) -> None:
    entry, _ = Chain(HEARING, NODE.key_id).append(LeafKind.NOTE, START, {**NOTE, "more": value}, NODE)
    assert rfc8785.dumps(json.loads(entry)) == entry
    assert parse(entry).body["more"] == value


@given(st.integers(2**53) | st.floats() | st.just({"ключ": 1}))
def test_what_json_readers_may_read_differently_is_not_signed(value: object) -> None:
    with pytest.raises(LedgerError, match="holds other things"):
        Chain(HEARING, NODE.key_id).append(LeafKind.NOTE, START, {**NOTE, "more": value}, NODE)


@given(hostile())
def test_parsing_hostile_bytes_never_crashes(entry: bytes) -> None:
    try:
        leaf = parse(entry)
    except LedgerError as error:
        assert str(error)
    else:
        assert leaf.entry == entry


@given(st.lists(hostile(), max_size=6))
def test_verifying_hostile_entries_never_crashes(entries: list[bytes]) -> None:
    assert hearing_faults(entries)
    assert hearing_faults(ENTRIES + entries) or not entries
    log_faults(entries)


@given(st.text(max_size=200))
def test_parsing_hostile_notes_never_crashes(note: str) -> None:
    try:
        parse_checkpoint(note)
    except LedgerError as error:
        assert str(error)


@given(st.dictionaries(st.sampled_from(["leaf_hash", "index", "path", "checkpoint"]), json_values))
def test_parsing_hostile_proofs_never_crashes(fields: dict[str, object]) -> None:
    try:
        InclusionProof.parse(fields)
    except LedgerError as error:
        assert str(error)
