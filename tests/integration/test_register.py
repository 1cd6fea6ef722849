"""What counts in the register of nodes: keys not enrolled, revoked or enrolled too late are named by every verifier."""

from pathlib import Path

import pytest

from api.errors import Conflict, NotFound
from api.nodes import enrol_own, revoke
from api.verification import verify
from court.openness import Openness
from recorder.enrolment import enrol_node
from recorder.errors import NotEnrolled
from recorder.settings import NodeSettings
from storage.db.unit_of_work import Database
from storage.enrolment import code_hash
from storage.errors import ObjectMissing
from storage.ledger.bodies import NodeDeed
from storage.ledger.checkpoint import verifier_key
from storage.ledger.leaf import LeafKind
from storage.ledger.register import REGISTER, node_body, public_text
from storage.offline import check_file
from storage.worm.port import read_object
from tests.factories.bundles import contents_of, exported, read_parts, with_contents, write_parts
from tests.factories.enrolment import before, code_for, receive_from_anybody, shown
from tests.factories.hearing_log import HEARING, NODE, STRANGER, HearingLog, made_hearing
from tests.factories.server import LOG_KEY, Server, batch, make_server, node_entries

OTHER = HEARING[:-1] + "2"
KEY = verifier_key("courtrec", LOG_KEY.public)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path / "court")


@pytest.fixture
def node(tmp_path: Path) -> NodeSettings:
    return NodeSettings(home=tmp_path / "node", name="node-1")


def test_a_key_that_no_entry_enrolled_is_refused_also_where_the_table_lists_it(server: Server) -> None:
    with server.context.database.begin() as uow:
        uow.log.enrol_key(STRANGER.key_id, STRANGER.public, "node")
    log = HearingLog()
    log.add(STRANGER, LeafKind.NOTE, {"at_sample": 1, "template": "free", "text": ""})
    answer = server.node().post("/api/ingest/leaves", json=batch(log.entries, STRANGER))
    assert (answer.status_code, "courtrec node code ROOM" in answer.json()["detail"]) == (403, True)
    [fault] = verify(server.context)
    assert fault.startswith(f"The node key {STRANGER.key_id} is listed, but no entry enrols it")


def test_what_a_revoked_node_sends_is_refused_and_what_it_sent_stays_whole(server: Server, tmp_path: Path) -> None:
    server.receive(made_hearing())
    revoke(server.context, NODE.key_id, "clerk")
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(made_hearing(OTHER))))
    assert (answer.status_code, "was revoked on 2026-11-22T09:00" in answer.json()["detail"]) == (403, True)
    assert list(verify(server.context)) == []
    told = check_file(exported(server, tmp_path / "bundle.zip"), KEY)
    assert told.whole, told.lines


def test_the_token_of_a_revoked_node_stores_nothing(server: Server, node: NodeSettings) -> None:
    """Whatever it sends: segments come before the entries that name them."""
    named = enrol_node(node, server.client(), code_for(server)).node
    [(first, one), (second, other), *_] = made_hearing().objects.items()
    client = shown(server, node)
    assert client.put(f"/api/ingest/objects/{first}", content=one).status_code == 201
    revoke(server.context, named, "clerk")
    answer = client.put(f"/api/ingest/objects/{second}", content=other)
    assert (answer.status_code, "was revoked on 2026-11-22T09:00" in answer.json()["detail"]) == (403, True)
    with pytest.raises(ObjectMissing):
        read_object(server.store, second)


def test_a_node_cannot_write_into_the_register(server: Server) -> None:
    """Its leaves bear the nil UUID, and a hearing of that name would stand among them."""
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(made_hearing(REGISTER))[:1]))
    assert (answer.status_code, "no node's to write" in answer.json()["detail"]) == (422, True)
    assert list(verify(server.context)) == []


def test_a_revoked_key_is_not_enrolled_again_and_another_is(server: Server, node: NodeSettings) -> None:
    first = enrol_node(node, server.client(), code_for(server)).node
    revoke(server.context, first, "clerk")
    code = code_for(server)
    with pytest.raises(NotEnrolled, match="was revoked: delete it on the node and enrol another"):
        enrol_node(node, server.client(), code)
    node.key_file.unlink()
    assert enrol_node(node, server.client(), code).node not in ("", first)
    with pytest.raises(Conflict, match="was revoked on 2026-11-22T09:00"):
        revoke(server.context, first, "clerk")
    with pytest.raises(NotFound, match="No node has the key"):
        revoke(server.context, "0" * 16, "clerk")


def test_what_a_revoked_node_got_into_the_log_all_the_same_is_named_everywhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke(server.context, NODE.key_id, "clerk")
    monkeypatch.setattr("api.ingest.admitted", lambda *_: None)
    server.receive(made_hearing())
    [fault] = verify(server.context)
    assert "came after its key was revoked on 2026-11-22T09:00:00.000Z" in fault
    assert check_file(exported(server, tmp_path / "bundle.zip"), KEY).lines[0] == f"FAULT  {fault}"


def test_a_note_after_the_revocation_is_named_also_where_it_is_kept_back(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was written in a closed session, so a bundle holds its hash alone."""
    log = made_hearing()
    server.receive(log)
    server.order(HEARING, Openness.CLOSED, 10_000, 20_000)
    revoke(server.context, NODE.key_id, "clerk")
    monkeypatch.setattr("api.ingest.admitted", lambda *_: None)
    log.add(NODE, LeafKind.NOTE, {"at_sample": 15 * 48_000, "template": "free", "text": "late"})
    server.receive(log)
    [fault] = verify(server.context)
    assert "came after its key was revoked on 2026-11-22T09:00:00.000Z" in fault
    path = exported(server, tmp_path / "bundle.zip")
    assert b'"text":"late"' not in read_parts(path)["entries.jsonl"]
    told = check_file(path, KEY)
    number = fault.split()[1]
    assert told.lines[0] == (
        f"FAULT  Leaf {number} of hearing {HEARING} by key {NODE.key_id}, which was not handed out, came after its key "
        "was revoked on 2026-11-22T09:00:00.000Z."
    )


def test_a_hearing_by_a_key_that_was_enrolled_afterwards_is_named_everywhere(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = before(database, tmp_path / "court")
    enrol_own(server.context, STRANGER.public)
    with monkeypatch.context() as patch:
        receive_from_anybody(server, patch)
    enrol_own(server.context, NODE.public)
    [fault] = verify(server.context)
    assert "was recorded with a key that no entry of the log had enrolled before" in fault
    assert check_file(exported(server, tmp_path / "bundle.zip"), KEY).lines[0] == f"FAULT  {fault}"


def test_an_entry_of_the_register_that_cannot_count_is_named_everywhere(
    server: Server, node: NodeSettings, tmp_path: Path
) -> None:
    """Whoever holds the server's key enrols another key with a code that was used."""
    code = code_for(server)
    enrol_node(node, server.client(), code)
    told = node_body(
        NodeDeed.ENROL, key=public_text(NODE.public), name="x", room="Зал 1", by="clerk", code=code_hash(code)
    )
    with server.context.database.begin() as uow:
        uow.log.record(LeafKind.NODE, REGISTER, server.clock.utc, told, server.context.server_key)
    server.receive(made_hearing())
    [fault] = verify(server.context)
    assert "cannot count: its code was used before" in fault
    assert check_file(exported(server, tmp_path / "bundle.zip"), KEY).lines[0] == f"FAULT  {fault}"


def test_the_register_cannot_be_left_out_of_a_bundle_or_exchanged(server: Server, tmp_path: Path) -> None:
    server.receive(made_hearing())
    parts = read_parts(exported(server, tmp_path / "bundle.zip"))
    assert contents_of(parts)["register"] == [0]
    assert check_file(tmp_path / "bundle.zip", KEY).whole
    without = with_contents({name: one for name, one in parts.items() if name != "register.jsonl"}, register=[])
    told = check_file(write_parts(tmp_path / "without.zip", without), KEY)
    assert any("states other entries about the node than are here" in line for line in told.lines)
    assert any("with a key that no entry of the log had enrolled before" in line for line in told.lines)
    for altered in (b"", parts["register.jsonl"].replace(b"this machine", b"that machine"), b"{}\n"):
        forged = write_parts(tmp_path / f"{len(altered)}.zip", {**parts, "register.jsonl": altered})
        assert not check_file(forged, KEY).whole
