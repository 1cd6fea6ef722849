"""What the verifier says of a sound hearing, of one that still runs, and of facts that are signed but untrue."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from court.clock import parse_utc
from storage.ledger import merkle
from storage.ledger.chain import Chain
from storage.ledger.chains import RUN
from storage.ledger.checkpoint import Checkpoint
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.faults import Fault, FaultKind, ObjectState
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.ledger.verify import verify_hearing, verify_log
from tests.factories.hearing_log import (
    HEARING,
    KEYS,
    NODE,
    SERVER,
    START,
    STRANGER,
    HearingLog,
    add_gap,
    add_segment,
    add_state,
    anchor,
    made_hearing,
    open_hearing,
    where,
)


def faults_of(log: HearingLog, live: bool = False) -> list[Fault]:
    return verify_hearing(log.entries, KEYS, log.state, live)


def recorded(record: Callable[[HearingLog], None]) -> HearingLog:
    """A hearing of 10 seconds whose camera is fine; `record` does the judge's microphone."""
    log = HearingLog()
    open_hearing(log)
    add_segment(log, "cam-hall", 0, 0, 10)
    record(log)
    add_state(log, "ended", 10)
    return log


def only(faults: list[Fault]) -> Fault:
    [fault] = faults
    return fault


def test_a_sound_hearing_has_no_faults() -> None:
    assert faults_of(made_hearing()) == []


def test_a_running_hearing_is_checked_as_far_as_it_has_come() -> None:
    log = made_hearing()
    del log.entries[-3:]
    assert faults_of(log, live=True) == []
    assert only(faults_of(log)).kind is FaultKind.TRUNCATED


def test_a_hearing_without_entries_is_missing() -> None:
    assert only(verify_hearing([], KEYS, HearingLog().state)).kind is FaultKind.MISSING


@pytest.mark.parametrize(
    ("pieces", "kind", "says"),
    [
        ([(0, 0, 4), (1, 6, 10)], FaultKind.INCOMPLETE, "from 00:00:04 to 00:00:06 (ticks 192000 to 288000)"),
        ([(0, 0, 9)], FaultKind.INCOMPLETE, "from 00:00:09 to 00:00:10"),
        ([(1, 2, 10)], FaultKind.INCOMPLETE, "from 00:00:00 to 00:00:02"),
        ([], FaultKind.INCOMPLETE, "from 00:00:00 to 00:00:10"),
        ([(0, 0, 6), (1, 5, 10)], FaultKind.CONTRADICTORY, "twice from 00:00:05 to 00:00:06"),
        ([(1, 0, 5), (0, 5, 10)], FaultKind.CONTRADICTORY, "segment 0"),
        ([(1, 0, 5), (1, 5, 10)], FaultKind.CONTRADICTORY, "segment 1"),
    ],
)
def test_segments_and_gaps_tile_the_track(pieces: list[tuple[int, int, int]], kind: FaultKind, says: str) -> None:
    def record(log: HearingLog) -> None:
        for piece in pieces:
            add_segment(log, "mic-judge", *piece)

    fault = only(faults_of(recorded(record)))
    assert fault.kind is kind
    assert fault.where.startswith(f"{HEARING}/mic-judge")
    assert says in fault.sentence
    assert HEARING in fault.sentence
    assert "mic-judge" in fault.sentence


def test_a_declared_gap_is_no_fault() -> None:
    def record(log: HearingLog) -> None:
        add_segment(log, "mic-judge", 0, 0, 4)
        add_gap(log, "mic-judge", 4, 6)
        add_segment(log, "mic-judge", 2, 6, 10)

    assert faults_of(recorded(record)) == []


def test_a_gap_over_a_recording_is_a_contradiction() -> None:
    def record(log: HearingLog) -> None:
        add_segment(log, "mic-judge", 0, 0, 10)
        add_gap(log, "mic-judge", 4, 6)

    assert only(faults_of(recorded(record))).kind is FaultKind.CONTRADICTORY


def test_a_track_nobody_announced_is_foreign() -> None:
    def record(log: HearingLog) -> None:
        add_segment(log, "mic-judge", 0, 0, 10)
        body = {"track": "mic-ghost", "start": 0, "end": 1, "rate": 48_000, "cause": "restart", "device_log": ""}
        log.add(NODE, LeafKind.GAP, body | {"anchor": anchor(0)})

    fault = only(faults_of(recorded(record)))
    assert fault.kind is FaultKind.FOREIGN
    assert "mic-ghost" in fault.sentence


def test_another_rate_on_a_track_is_a_contradiction() -> None:
    def record(log: HearingLog) -> None:
        add_segment(log, "mic-judge", 0, 0, 10)
        body = {"track": "mic-judge", "start": 480_000, "end": 480_000, "rate": 16_000, "cause": "restart"}
        log.add(NODE, LeafKind.GAP, body | {"device_log": "", "anchor": anchor(0)})

    assert "16000" in only(faults_of(recorded(record))).sentence


def test_only_the_node_that_opened_the_hearing_records_it() -> None:
    def record(log: HearingLog) -> None:
        add_segment(log, "mic-judge", 0, 0, 10)
        body = {"track": "mic-judge", "start": 480_000, "end": 480_000, "rate": 48_000, "cause": "restart"}
        log.add(SERVER, LeafKind.GAP, body | {"device_log": "", "anchor": anchor(0)})

    fault = only(faults_of(recorded(record)))
    assert fault.kind is FaultKind.WRONG_KEY
    assert NODE.key_id in fault.sentence
    assert SERVER.key_id in fault.sentence


def test_a_hearing_without_its_opening_cannot_be_judged() -> None:
    log = HearingLog()
    add_state(log, "ended", 0)
    assert "opening" in only(faults_of(log)).sentence


def test_a_stranger_signed_it() -> None:
    log = made_hearing()
    view = {"actor": "x", "role": "x", "action": "view", "object": "", "ground": "", "address": ""}
    entry = log.add(STRANGER, LeafKind.ACCESS, view)
    fault = only(faults_of(log))
    assert (fault.kind, fault.where) == (FaultKind.WRONG_KEY, where(entry))


class Impostor:
    """Signs with a key of its own, in the node's name."""

    key_id = NODE.key_id
    public = STRANGER.public
    sign = staticmethod(STRANGER.sign)


def test_a_whole_hearing_signed_in_the_nodes_name_is_altered() -> None:
    log, chain = made_hearing(), Chain(HEARING, NODE.key_id)
    for place, entry in enumerate(log.entries):
        leaf = parse(entry)
        if leaf.author == NODE.key_id:
            log.entries[place], chain = chain.append(leaf.kind, parse_utc(leaf.at), leaf.body, Impostor())
    forged = {(FaultKind.ALTERED, where(entry)) for entry in log.entries if parse(entry).author == NODE.key_id}
    assert {(fault.kind, fault.where) for fault in faults_of(log)} >= forged


def test_an_entry_of_another_hearing_is_foreign() -> None:
    log, other = made_hearing(), made_hearing("019ab000-0000-7000-8000-000000000002")
    log.entries.insert(3, other.entries[3])
    fault = only(faults_of(log))
    assert (fault.kind, fault.where) == (FaultKind.FOREIGN, where(other.entries[3]))


def test_two_signed_histories_contradict_each_other() -> None:
    log, other = made_hearing(), made_hearing()
    tail = log.chains[SERVER.key_id]
    for one, actor in ((log, "aijamal"), (other, "nobody")):
        view = {"actor": actor, "role": "x", "action": "view", "object": "", "ground": "", "address": ""}
        one.add(SERVER, LeafKind.ACCESS, view)
    log.entries.append(other.entries[-1])
    fault = only(faults_of(log))
    assert fault.kind is FaultKind.CONTRADICTORY
    assert fault.where == f"{HEARING}/{SERVER.key_id}/{tail.next_seq}"


def test_a_leaf_that_lies_about_the_size_is_named() -> None:
    def record(log: HearingLog) -> None:
        add_segment(log, "mic-judge", 0, 0, 10)

    log = recorded(record)
    content = b"%PDF"
    sealed = log.keep(content) | {"size": 3, "revision": 2, "form": "kg-civil", "language": "ru"}
    sealed |= {"document_sha256": "cd" * 32, "file_name": "protocol.pdf"}
    log.add(SERVER, LeafKind.PROTOCOL, sealed)
    fault = only(faults_of(log))
    assert (fault.kind, fault.where) == (FaultKind.CONTRADICTORY, f"{HEARING}/protocol/2")


def test_a_back_dated_leaf_is_named() -> None:
    log = made_hearing()
    forgetful = replace(log.chains[SERVER.key_id], at="")
    body = {"actor": "x", "role": "judge", "action": "view", "object": "", "ground": "", "address": ""}
    entry, _ = forgetful.append(LeafKind.ACCESS, START - timedelta(days=1), body, SERVER)
    log.entries.append(entry)
    fault = only(faults_of(log))
    assert (fault.kind, fault.where) == (FaultKind.BACKDATED, where(entry))


def test_a_signature_vouches_for_what_it_follows_and_for_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """One signature is checked for a run of linked leaves; where a link is broken, each of them."""
    log, checked = made_hearing(), list[int]()
    for number in range(40):
        body = {"actor": "x", "role": "judge", "action": "view", "object": str(number), "ground": "", "address": ""}
        log.add(SERVER, LeafKind.ACCESS, body)
    genuine = SignedLeaf.verify

    def counted(leaf: SignedLeaf, key: VerifyKey) -> bool:
        checked.append(leaf.seq)
        return genuine(leaf, key)

    monkeypatch.setattr(SignedLeaf, "verify", counted)
    assert faults_of(log) == []
    assert len(checked) <= len(log.entries) // RUN + 2
    at = next(place for place, entry in enumerate(log.entries) if b'"object":"20"' in entry)
    log.entries[at] = log.entries[at].replace(b'"object":"20"', b'"object":"21"')
    fault = only(faults_of(log))
    assert (fault.kind, fault.where) == (FaultKind.ALTERED, where(log.entries[at]))
    assert "does not match its signature" in fault.sentence


def test_each_object_is_read_once() -> None:
    log, read = made_hearing(), list[str]()

    def state(sha256: str) -> ObjectState:
        read.append(sha256)
        return log.state(sha256)

    assert verify_hearing(log.entries, KEYS, state) == []
    assert sorted(read) == sorted(log.objects)


def test_a_spoilt_tree_is_said_to_be_spoilt() -> None:
    entries = made_hearing().entries
    true_root = merkle.root([merkle.leaf_hash(entry) for entry in entries])
    checkpoint = Checkpoint("log", len(entries), true_root)
    assert verify_log(entries, [checkpoint]) == []
    faults = verify_log(entries[:-1], [checkpoint], lambda level, index: bytes(32))
    assert [fault.kind for fault in faults] == [FaultKind.TRUNCATED, FaultKind.ALTERED]
    assert "stored tree" in faults[1].sentence
