"""Ingest on both databases: what a node delivers is kept once, in order, and turned into rows and work."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.nodes import enrol_own
from api.verification import verify
from court.openness import Openness
from court.people import UserRole
from storage.db.unit_of_work import Database
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind
from tests.factories.evidence import faults
from tests.factories.hearing_log import (
    HEARING,
    NODE,
    STRANGER,
    TRACKS,
    HearingLog,
    add_segment,
    add_state,
    made_hearing,
    open_hearing,
)
from tests.factories.server import LOG_KEY, Server, batch, make_server, node_entries


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


def test_an_object_is_stored_once_and_answered_the_same_way_again(server: Server) -> None:
    content = b"sound" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    first, again = (server.node().put(f"/api/ingest/objects/{sha256}", content=content) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert server.store.read(sha256) == content


def test_bytes_that_are_not_the_announced_object_are_refused_and_not_kept(server: Server) -> None:
    sha256 = hashlib.sha256(b"another").hexdigest()
    answer = server.node().put(f"/api/ingest/objects/{sha256}", content=b"sound")
    assert answer.status_code == 422
    assert sha256 in answer.json()["detail"]
    assert server.store.versions(sha256) == []
    with server.context.database.read() as work:
        assert work.log.object(sha256) is None


def test_an_object_larger_than_the_limit_is_refused_before_it_is_read(server: Server) -> None:
    headers = {"Content-Length": str(server.context.settings.object_limit + 1)}
    answer = server.node().put(f"/api/ingest/objects/{'a' * 64}", content=b"x", headers=headers)
    assert answer.status_code == 413


def test_without_the_node_token_nothing_is_accepted(server: Server) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        visitor = server.client()
        assert visitor.put(f"/api/ingest/objects/{'a' * 64}", content=b"x", headers=headers).status_code == 401
        entries = batch(node_entries(made_hearing()))
        assert visitor.post("/api/ingest/leaves", json=entries, headers=headers).status_code == 401


def test_a_delivered_hearing_stands_in_log_tables_and_outbox(server: Server) -> None:
    log = made_hearing()
    server.receive(log)
    with server.context.database.read() as work:
        assert [row.entry for row in work.log.entries(HEARING) if row.author == NODE.key_id] == node_entries(log)
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        assert (hearing.case_number, hearing.state, hearing.end_sample) == ("Э-1/26", "ended", 90 * 48_000)
        assert [(one.track, one.sequence) for one in work.hearings.segments(HEARING)] == [
            (track, sequence) for track in sorted(TRACKS) for sequence in range(3)
        ]
        assert {(one.track, one.cause) for one in work.hearings.gaps(HEARING)} == {(t, "break") for t in TRACKS}
        assert [one.state for one in work.hearings.state_changes(HEARING)] == [
            "recording", "paused", "recording", "ended",
        ]  # fmt: skip
        assert [row.task for row in work.outbox.unsent()] == ["transcribe.window"] * 3
        assert [one.sequence for one in work.windows.of(HEARING)] == [0, 1, 2]
        assert work.log.public_keys("node") == {NODE.key_id: NODE.public}


def test_a_window_is_offered_as_soon_as_all_microphones_have_arrived(server: Server) -> None:
    log = made_hearing()
    node = server.node()
    for sha256, content in log.objects.items():
        node.put(f"/api/ingest/objects/{sha256}", content=content)
    entries = node_entries(log)
    assert node.post("/api/ingest/leaves", json=batch(entries[:2])).json() == {"next_seq": {HEARING: 2}}
    with server.context.database.read() as work:
        assert not work.outbox.unsent()
    node.post("/api/ingest/leaves", json=batch(entries[2:3]))  # the judge's microphone is the only one
    with server.context.database.read() as work:
        assert [row.task for row in work.outbox.unsent()] == ["transcribe.window"]
        assert [one.sequence for one in work.windows.of(HEARING)] == [0]


def test_the_protocol_is_offered_when_the_hearing_ends_with_all_windows_done(server: Server) -> None:
    log = made_hearing()
    node = server.node()
    for sha256, content in log.objects.items():
        node.put(f"/api/ingest/objects/{sha256}", content=content)
    entries = node_entries(log)
    node.post("/api/ingest/leaves", json=batch(entries[:-1]))
    with server.context.database.begin() as work:
        for sequence in range(3):
            work.windows.done(HEARING, sequence)
    node.post("/api/ingest/leaves", json=batch(entries[-1:]))
    node.post("/api/ingest/leaves", json=batch(entries))
    with server.context.database.read() as work:
        assert [row.args for row in work.outbox.unsent() if row.task == "protocol.draft"] == [[HEARING]]


def test_a_leaf_is_refused_while_its_object_is_not_stored(server: Server) -> None:
    entries = node_entries(made_hearing())
    answer = server.node().post("/api/ingest/leaves", json=batch(entries[:3]))
    assert answer.status_code == 422
    assert "deliver the object first" in answer.json()["detail"]
    with server.context.database.read() as work:
        assert not list(work.log.entries(HEARING))


def test_a_hole_in_the_chain_names_the_entry_that_is_due(server: Server) -> None:
    entries = node_entries(made_hearing())
    node = server.node()
    node.post("/api/ingest/leaves", json=batch(entries[:1]))
    answer = node.post("/api/ingest/leaves", json=batch([entries[0], entries[3]]))
    assert answer.status_code == 409
    assert answer.json()["expected_seq"] == 1


def test_a_second_history_of_a_hearing_is_refused(server: Server) -> None:
    log = made_hearing()
    server.receive(log)
    fork = HearingLog()
    fork.add(NODE, LeafKind.HEARING, {**_opening(log), "room": "another room"})
    answer = server.node().post("/api/ingest/leaves", json=batch(fork.entries))
    assert answer.status_code == 409
    with server.context.database.read() as work:
        assert [row.entry for row in work.log.entries(HEARING) if row.author == NODE.key_id] == node_entries(log)


@pytest.mark.parametrize("key", [STRANGER, LOG_KEY])
def test_only_the_key_that_signed_and_is_a_nodes_own_is_accepted(server: Server, key: SigningKey) -> None:
    entries = node_entries(made_hearing())[:1]
    answer = server.node().post("/api/ingest/leaves", json=batch(entries, key))
    assert answer.status_code == 422
    assert "key" in answer.json()["detail"]


def test_a_node_cannot_speak_for_the_server_nor_in_anothers_hearing(server: Server) -> None:
    log = made_hearing()
    server.receive(log)
    access = HearingLog()
    view = {"actor": "a", "role": "judge", "action": "read", "object": "o", "ground": "", "address": ""}
    access.add(NODE, LeafKind.ACCESS, view)
    assert server.node().post("/api/ingest/leaves", json=batch(access.entries)).status_code == 422
    enrol_own(server.context, STRANGER.public)
    intruder = HearingLog()
    intruder.add(STRANGER, LeafKind.NOTE, {"at_sample": 1, "template": "free", "text": "…"})
    assert server.node().post("/api/ingest/leaves", json=batch(intruder.entries, STRANGER)).status_code == 422
    taker = HearingLog()
    taker.add(STRANGER, LeafKind.HEARING, _opening(log))
    answer = server.node().post("/api/ingest/leaves", json=batch(taker.entries, STRANGER))
    assert (answer.status_code, "another node" in answer.json()["detail"]) == (422, True)


SYNC = {"track": "mic-judge", "reference": "mic-judge", "at_sample": 480_000, "drift_ppb": -51_200, "late_us": None}


@pytest.mark.parametrize(
    ("kind", "change", "complaint"),
    [
        (LeafKind.NOTE, {"at_sample": 1, "template": "free", "text": "a\x00b"}, "NUL"),
        (LeafKind.STATE, {"state": "final", "at_sample": 0}, "final"),
        (LeafKind.GAP, {"track": "mic-nobody", "start": 0, "end": 1, "rate": 48_000}, "mic-nobody"),
        (LeafKind.SYNC, SYNC | {"reference": "mic-nobody"}, "announced no such tracks"),
    ],
)
def test_facts_that_cannot_be_are_refused_in_one_sentence(
    server: Server, kind: LeafKind, change: dict[str, object], complaint: str
) -> None:
    log = made_hearing()
    log.entries, log.objects = node_entries(log)[:1], {}
    log.chains.clear()
    fresh = HearingLog()
    fresh.add(NODE, LeafKind.HEARING, _opening(log))
    anchor = _opening(log)["started"]
    body = {"cause": "break", "device_log": "", "anchor": anchor, **change}
    fresh.add(NODE, kind, body)
    answer = server.node().post("/api/ingest/leaves", json=batch(fresh.entries))
    assert answer.status_code == 422
    assert complaint in answer.json()["detail"]


def test_how_two_interfaces_stand_to_one_another_is_taken_into_the_log(server: Server) -> None:
    log = made_hearing()
    opening = _opening(log)
    fresh = HearingLog()
    fresh.add(NODE, LeafKind.HEARING, opening)
    track = opening["tracks"][0]["track"]
    fresh.add(NODE, LeafKind.SYNC, SYNC | {"track": track, "reference": track, "anchor": opening["started"]})
    assert server.node().post("/api/ingest/leaves", json=batch(fresh.entries)).status_code == 200


def test_the_same_deliveries_and_views_at_once_neither_collide_nor_count_twice(server: Server) -> None:
    log = made_hearing()
    node = server.node()
    for sha256, content in log.objects.items():
        node.put(f"/api/ingest/objects/{sha256}", content=content)
    entries = node_entries(log)
    node.post("/api/ingest/leaves", json=batch(entries[:1]))
    judge = server.user(UserRole.JUDGE)

    def send() -> list[int]:
        mine = server.node()
        parts = (entries[:stop] for stop in range(2, len(entries) + 1, 3))
        return [mine.post("/api/ingest/leaves", json=batch(part)).status_code for part in (*parts, entries)]

    def look() -> list[int]:
        views = ("card", "transcript", "timeline", "card", "transcript", "timeline")
        return [judge.get(f"/api/hearings/{HEARING}/{view}".removesuffix("/card")).status_code for view in views]

    with ThreadPoolExecutor() as pool:
        work = [pool.submit(send), pool.submit(send), pool.submit(look)]
        assert {status for one in work for status in one.result()} == {200}
    assert list(verify(server.context)) == []
    with server.context.database.read() as uow:
        assert len(list(uow.log.entries(HEARING))) == len(entries) + 1 + 3  # the court's receipt, three views
        assert len(uow.outbox.unsent()) == 3


def test_a_segment_number_is_used_once(server: Server) -> None:
    log = HearingLog()
    log.add(NODE, LeafKind.HEARING, _opening(made_hearing()))
    add_segment(log, "mic-judge", 0, 0, 10)
    add_segment(log, "mic-judge", 0, 10, 20)
    node = server.node()
    for sha256, content in log.objects.items():
        node.put(f"/api/ingest/objects/{sha256}", content=content)
    answer = node.post("/api/ingest/leaves", json=batch(log.entries))
    assert (answer.status_code, "already has a segment 0" in answer.json()["detail"]) == (422, True)


def _opening(log: HearingLog) -> dict[str, object]:
    body: dict[str, object] = json.loads(log.entries[0])["body"]
    return body


def with_order(**other: object) -> HearingLog:
    """A hearing that still runs, closed from its tenth second on."""
    log = HearingLog()
    open_hearing(log)
    log.add(NODE, LeafKind.OPENNESS, {"start_ms": 10_000, "end_ms": None, "openness": "closed"} | other)
    return log


def test_an_order_on_openness_that_the_node_states_holds_at_once(server: Server) -> None:
    server.receive(with_order())
    with server.context.database.read() as work:
        [order] = work.hearings.openness(HEARING)
        assert (order.start, order.end, order.openness) == (10.0, None, Openness.CLOSED)
    assert faults(server) == []


def test_a_node_orders_nothing_for_a_hearing_that_has_ended(server: Server) -> None:
    ended = with_order()
    add_state(ended, "ended", 20)
    server.receive(ended)
    ended.add(NODE, LeafKind.OPENNESS, {"start_ms": 0, "end_ms": None, "openness": "open"})
    refused = server.node().post("/api/ingest/leaves", json=batch(node_entries(ended)))
    assert refused.status_code == 422
    assert "a node orders openness only while it records" in refused.json()["detail"]


def test_a_nodes_order_on_openness_runs_until_the_next(server: Server) -> None:
    refused = server.node().post("/api/ingest/leaves", json=batch(node_entries(with_order(end_ms=20_000))))
    assert refused.status_code == 422
    assert "until the next order" in refused.json()["detail"]
