"""A node is enrolled by a one-time code, delivers with a token of its own, and is revoked; the log tells of it all."""

import base64
import stat
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.errors import Unusable
from api.nodes import enrol_own, make_code, nodes, revoke
from api.recorders import recorder_notes
from api.verification import verify
from recorder.enrolment import enrol_node, enrolment_client
from recorder.errors import NotEnrolled
from recorder.settings import NodeSettings, NodeSettingsError, load_node_settings
from storage.db.unit_of_work import Database
from storage.enrolment import enrolment_message, node_token
from storage.keys import load
from storage.ledger.checkpoint import verifier_key
from storage.ledger.leaf import LeafKind
from storage.offline import check_file
from tests.factories.bundles import exported
from tests.factories.enrolment import before, code_for, receive_from_anybody, shown
from tests.factories.hearing_log import HEARING, NODE, STRANGER, HearingLog, made_hearing
from tests.factories.server import LOG_KEY, Server, batch, make_server, node_entries

OTHER = HEARING[:-1] + "2"
KEY = verifier_key("courtrec", LOG_KEY.public)
ROOM = 'name = "Зал 1"\n[[input]]\nid = "a"\nsource = "simulated"\nfiles = ["a.flac"]\n'
ROOM += '[[microphone]]\nrole = "judge"\ninput = "a"\nchannel = 0\n'


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path / "court")


@pytest.fixture
def node(tmp_path: Path) -> NodeSettings:
    return NodeSettings(home=tmp_path / "node", name="node-1")


def log_size(server: Server) -> int:
    with server.context.database.read() as uow:
        return uow.log.head().size


def test_a_code_gives_a_node_its_key_token_and_room(server: Server, node: NodeSettings) -> None:
    rooms = server.context.settings.home / "rooms"
    rooms.mkdir()
    (rooms / "broken.toml").write_text("name = ")
    (rooms / "one.toml").write_text(ROOM)
    made = enrol_node(node, server.client(), code_for(server))
    key = load(node.key_file)
    assert (made.node, made.room, made.log_key, made.again) == (key.key_id, "Зал 1", KEY, False)
    assert (node.home / "room.toml").read_text() == ROOM
    assert (node.home / "keys" / "log.verifier-key").read_text() == f"{KEY}\n"
    for path in (node.key_file, node.token_file, node.home / "room.toml"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    known = nodes(server.context)[key.key_id]
    assert (known.name, known.room, known.by) == ("node-1", "Зал 1", "clerk")
    assert shown(server, node).get("/api/nodes/me").json() == {"node": key.key_id, "room": "Зал 1"}
    assert list(verify(server.context)) == []


def test_a_second_run_says_that_it_is_enrolled_and_states_nothing(server: Server, node: NodeSettings) -> None:
    code = code_for(server)
    enrol_node(node, server.client(), code)
    before, files = log_size(server), {path: path.read_bytes() for path in (node.key_file, node.token_file)}
    for again in (code, "whatever"):
        made = enrol_node(node, server.client(), again)
        assert (made.again, made.room) == (True, "Зал 1")
    assert (log_size(server), {path: path.read_bytes() for path in files}) == (before, files)


def test_an_answer_that_was_lost_is_given_again_and_enrols_nobody_twice(server: Server, node: NodeSettings) -> None:
    """The server has done its part, and the line broke: the node has nothing, and the same command does the rest."""
    code, visitor = code_for(server), server.client()

    def lose(request: httpx.Request) -> httpx.Response:
        visitor.request(request.method, request.url.path, content=request.content, headers=request.headers)
        raise httpx.ReadError("the line broke", request=request)

    broken = httpx.Client(base_url="http://court.test", transport=httpx.MockTransport(lose))
    with pytest.raises(NotEnrolled, match=r"cannot be reached \(the line broke\): give the same command again"):
        enrol_node(node, broken, code)
    assert not node.token_file.exists()
    size = log_size(server)
    assert enrol_node(node, server.client(), code).node == load(node.key_file).key_id
    assert log_size(server) == size


def test_a_code_is_of_one_node_and_of_its_time(server: Server, node: NodeSettings, tmp_path: Path) -> None:
    code, late = code_for(server), code_for(server, minutes=5)
    enrol_node(node, server.client(), code)
    other = NodeSettings(home=tmp_path / "other", name="node-2")
    server.clock.forward(301)
    for wrong in (code, late, "AAAA-BBBB-CCCC-DDDD"):
        with pytest.raises(NotEnrolled, match="The code is not known, was used by another node, or is no longer valid"):
            enrol_node(other, server.client(), wrong)
    assert not other.token_file.exists()
    typed = code_for(server).lower().replace("-", " ")
    assert enrol_node(other, server.client(), typed).room == "Зал 1"


def test_guessing_is_slowed_down(server: Server, node: NodeSettings) -> None:
    code = code_for(server)
    for _ in range(5):
        with pytest.raises(NotEnrolled, match="The code is not known"):
            enrol_node(node, server.client(), "AAAA-BBBB-CCCC-DDDD")
    with pytest.raises(NotEnrolled, match="Too many failed attempts: try again in 301 seconds"):
        enrol_node(node, server.client(), code)
    server.clock.forward(300)
    assert enrol_node(node, server.client(), code).room == "Зал 1"


def test_a_key_is_enrolled_by_who_has_it(server: Server) -> None:
    """Who overhears a public key cannot enrol it, nor with a proof that was made for another code."""
    code, public = code_for(server), base64.b64encode(NODE.public).decode()
    for proof in (STRANGER.sign(enrolment_message(code, "x")), NODE.sign(enrolment_message("AAAA", "x"))):
        asked = {"name": "x", "code": code, "public_key": public, "proof": base64.b64encode(proof).decode()}
        answer = server.client().post("/api/nodes/enrol", json=asked)
        assert (answer.status_code, "not signed with the key" in answer.json()["detail"]) == (422, True)
        server.context.throttle.succeeded("node code", "10.1.2.3")
    assert server.client().post("/api/nodes/enrol", json=asked | {"proof": "?"}).status_code == 422


def test_who_has_a_token_delivers_with_its_own_key_alone(server: Server, node: NodeSettings) -> None:
    enrol_node(node, server.client(), code_for(server))
    entries = node_entries(made_hearing())
    answer = shown(server, node).post("/api/ingest/leaves", json=batch(entries))
    assert (answer.status_code, "the entries are of key" in answer.json()["detail"]) == (403, True)
    forged = f"{NODE.key_id}.{node.read_token().partition('.')[2]}"
    stolen = server.client().get("/api/nodes/me", headers={"Authorization": f"Bearer {forged}"})
    assert stolen.status_code == 401


def test_what_a_node_signed_with_a_key_it_no_longer_has_names_that_key(server: Server) -> None:
    log = HearingLog()
    log.add(STRANGER, LeafKind.NOTE, {"at_sample": 1, "template": "free", "text": ""})
    answer = server.node().post("/api/ingest/leaves", json=batch(log.entries))
    said = f"is of the key {STRANGER.key_id}, and the node now has {NODE.key_id}: put the first key back"
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True)


def test_a_token_is_made_when_its_entry_is_committed(
    server: Server, node: NodeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no node ever has a token that the log does not know of: another reader sees the entry by then."""
    seen = []

    def made(secret: str, named: str) -> str:
        seen.append(named in nodes(server.context))
        return node_token(secret, named)

    monkeypatch.setattr("api.nodes.node_token", made)
    enrol_node(node, server.client(), code_for(server))
    assert seen == [True]


def test_a_home_from_before_takes_its_keys_over_and_says_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was: the key became known on its first use, and no entry told of it."""
    server = before(database, tmp_path / "court")
    context = server.context
    with monkeypatch.context() as patch:
        receive_from_anybody(server, patch)
    assert check_file(exported(server, tmp_path / "old.zip"), KEY).whole
    for _ in range(2):
        create_app(context)  # the new program starts, and starts again
    assert [one.by for one in nodes(context).values()] == [""]
    server.receive(made_hearing(OTHER))
    assert list(verify(context)) == []
    notes = list(recorder_notes(context))
    assert [("before the log had entries about that" in one, hearing in one) for one, hearing in zip(
        sorted(notes), (HEARING, OTHER), strict=True)] == [(True, True)] * 2  # fmt: skip
    told = check_file(exported(server, tmp_path / "new.zip"), KEY)
    assert (told.whole, sorted(notes)[0] in told.lines) == (True, True)
    with context.database.begin() as uow:
        uow.log.enrol_key(STRANGER.key_id, STRANGER.public, "node")
    create_app(context)
    assert STRANGER.key_id not in nodes(context), "only once, when the register begins"
    enrol_own(context, NODE.public)
    assert nodes(context)[NODE.key_id].by == "this machine"


def test_this_machines_own_node_is_enrolled_at_its_first_start_alone(server: Server) -> None:
    size = log_size(server)
    enrol_own(server.context, NODE.public)
    assert log_size(server) == size
    revoke(server.context, NODE.key_id, "clerk")
    enrol_own(server.context, NODE.public)
    assert log_size(server) == size + 1, "the revocation stands, whoever starts the server again"
    assert nodes(server.context)[NODE.key_id].revoked == size


def test_a_courts_own_home_is_not_enrolled_elsewhere(server: Server, tmp_path: Path) -> None:
    home = tmp_path / "both"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "log.ed25519").write_text("")
    with pytest.raises(NotEnrolled, match="its own node is enrolled when it starts"):
        enrol_node(NodeSettings(home=home), server.client(), code_for(server))
    assert [path.name for path in (home / "keys").iterdir()] == ["log.ed25519"]


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json={"node": 1})])
def test_what_is_no_courtrec_server_is_said_so(node: NodeSettings, answer: httpx.Response) -> None:
    client = httpx.Client(base_url="http://court.test", transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(NotEnrolled, match="not that of a courtrec server"):
        enrol_node(node, client, "AAAA")
    assert not node.token_file.exists()


@pytest.mark.parametrize("address", ["court.example", "ftp://court.example", "http://", "http://[::1", "http://a:b"])
def test_an_address_that_is_none_is_said_so(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotEnrolled, match=r"cannot be used: it .* https://"):
        enrolment_client(address)
    monkeypatch.setenv("COURTREC_NODE_SERVER_URL", address)
    with pytest.raises(NodeSettingsError, match=r"server_url: .* https://"):
        load_node_settings()


@pytest.mark.parametrize(("code", "name"), [("ABCD\udcff", "node-1"), ("АВСД", "node-1"), ("ABCD", "node\udcff")])
def test_what_no_code_and_no_name_can_be_is_said_before_anything_is_made(
    node: NodeSettings, code: str, name: str
) -> None:
    """Bytes that are no text in the terminal's encoding, or Cyrillic letters that look like a code's."""
    with pytest.raises(NotEnrolled, match=r"no code has|does not print"):
        enrol_node(node.model_copy(update={"name": name}), httpx.Client(), code)
    assert not node.home.exists()


def test_days_are_the_longest_that_a_code_is_valid(server: Server) -> None:
    _, until = make_code(server.context, "Зал 1", "clerk", 7 * 24 * 60)
    assert until == server.clock.utc + timedelta(days=7)
    for room, minutes in (("", 60), ("a\nb", 60), ("Зал 1", 0), ("Зал 1", 7 * 24 * 60 + 1)):
        with pytest.raises(Unusable, match=r"characters|minutes"):
            make_code(server.context, room, "clerk", minutes)
