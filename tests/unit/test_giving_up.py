"""What a node's disk lost is given up by a person, and that alone; put back whole it is sent after all."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from recorder.clearing import cleared
from recorder.delivery import CLEAR_EVERY, node_uplink
from recorder.errors import NotGivenUp, Refused, SpoolError
from recorder.giving_up import give_up, take_back
from recorder.settings import NodeSettings
from recorder.spool import Attachment, HearingRow, Spool
from recorder.uplink import Uplink
from tests.factories.server import SetClock

HEARING = "0198c5a0-0000-7000-8000-000000000001"
SOUND, PICTURES = f"{HEARING}/mic-judge-00000.mp4", f"{HEARING}/cam-hall-00000.mp4"
DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "short": lambda path: path.write_bytes(path.read_bytes()[:500]),
    "empty": lambda path: path.write_bytes(b""),
    "altered": lambda path: path.write_bytes(b"?" + path.read_bytes()[1:]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"?"),
    "unreadable": lambda path: (path.unlink(), path.mkdir()),
}


def content(file: str) -> bytes:
    return file.encode() * 50


def sha256(file: str) -> str:
    return hashlib.sha256(content(file)).hexdigest()


def keep(spool: Spool, file: str) -> None:
    """The next entry of the hearing, and the segment it states."""
    (spool.folder / file).write_bytes(content(file))
    seq = len(spool.entries(HEARING))
    track = Attachment(file, sha256(file), len(content(file)))
    spool.append(HEARING, seq, f"{seq}:{sha256(file)}".encode(), 0.0, (track.track, track))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """The opening, a microphone's segment, a camera's, and the end."""
    made = Spool(tmp_path)
    made.begin(HearingRow(HEARING, "", "fast", scripted=False))
    made.append(HEARING, 0, b"0:", 0.0)
    keep(made, SOUND)
    keep(made, PICTURES)
    made.append(HEARING, 3, b"3:", 0.0)
    made.end(HEARING)
    yield made
    made.close()


class Server:
    """The ingest API as the contract has it, of segments that fit into one piece."""

    def __init__(self) -> None:
        self.objects: set[str] = set()
        self.leaves: list[bytes] = []
        self.bodies: list[dict[str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        if request.url.path.endswith("/part"):
            return self._part(request, body)
        told = json.loads(body)
        self.bodies.append(told)
        for entry in map(base64.b64decode, told["entries"]):
            seq, needs = entry.decode().split(":")
            if int(seq) > len(self.leaves):
                return httpx.Response(409, json={"detail": "One is missing.", "expected_seq": len(self.leaves)})
            if needs == sha256(SOUND) and needs not in self.objects and needs not in told.get("given_up", ()):
                return httpx.Response(422, json={"detail": "The segment is not stored."})
            if int(seq) == len(self.leaves):
                self.leaves.append(entry)
        return httpx.Response(200, json={})

    def _part(self, request: httpx.Request, body: bytes) -> httpx.Response:
        name, size = request.url.path.split("/")[4], int(request.headers.get("upload-length", 0))
        if request.method == "PATCH" and len(body) >= size:
            if hashlib.sha256(body).hexdigest() != name:
                return httpx.Response(422, json={"detail": "The bytes are not what their name says."})
            self.objects.add(name)
        return httpx.Response(200, json={"received": len(body), "stored": name in self.objects})

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url="http://server", transport=httpx.MockTransport(self))


def deliver(spool: Spool, server: Server) -> None:
    Uplink(spool, server.client, b"key").deliver()


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_the_disk_lost_holds_its_hearing_up_until_it_is_given_up(spool: Spool, damage: str) -> None:
    server = Server()
    DAMAGE[damage](spool.folder / SOUND)
    with pytest.raises(Refused, match=rf"put it back there, or give it up with `courtrec node give-up {SOUND}`\.$"):
        deliver(spool, server)
    assert server.leaves == [b"0:"]
    give_up(spool.folder, SOUND)
    deliver(spool, server)
    assert server.leaves == [one.entry for one in spool.entries(HEARING)]
    assert server.objects == {sha256(PICTURES)}
    assert server.bodies[-1]["given_up"] == [sha256(SOUND)]
    assert all("given_up" not in one for one in server.bodies[:-1])
    assert spool.backlog().count == 0


def test_what_is_lost_of_a_camera_names_no_such_way_out(spool: Spool) -> None:
    (spool.folder / PICTURES).unlink()
    with pytest.raises(Refused, match=r"put it back there\.$"):
        deliver(spool, Server())


def test_it_is_remembered_for_a_server_that_loses_its_leaves(spool: Spool) -> None:
    server = Server()
    (spool.folder / SOUND).unlink()
    give_up(spool.folder, SOUND)
    deliver(spool, server)
    del server.leaves[1:]
    spool.append(HEARING, 4, b"4:", 0.0)
    deliver(spool, server)
    assert server.leaves == [one.entry for one in spool.entries(HEARING)]


def test_only_what_this_disk_lost_of_a_microphone_is_given_up(spool: Spool, tmp_path: Path) -> None:
    for file, why in (
        (SOUND, "is whole on this disk: nothing of it needs to be given up"),
        (PICTURES, "is no microphone's, so nothing waits for it"),
        (f"{HEARING}/mic-judge-00007.mp4", "There is no segment .*mic-judge-00007.mp4 in the spool"),
        ("", "There is no segment"),
    ):
        with pytest.raises(NotGivenUp, match=why):
            give_up(spool.folder, file)
    deliver(spool, Server())
    (spool.folder / SOUND).unlink()
    with pytest.raises(NotGivenUp, match="does not wait for delivery: the server has it"):
        give_up(spool.folder, SOUND)
    with pytest.raises(SpoolError, match="cannot be used"):
        give_up(tmp_path / "none", SOUND)


def test_it_is_given_up_once(spool: Spool) -> None:
    (spool.folder / SOUND).unlink()
    give_up(spool.folder, SOUND)
    with pytest.raises(NotGivenUp, match="was given up before"):
        give_up(spool.folder, SOUND)
    assert cleared(spool).count == spool.send_again(0.0)[1].count == 0, "nothing was deleted since the server has it"


def test_put_back_whole_it_is_sent_after_all(spool: Spool) -> None:
    server = Server()
    (spool.folder / SOUND).unlink()
    give_up(spool.folder, SOUND)
    deliver(spool, server)
    for wrong in (b"", b"?" * len(content(SOUND))):
        (spool.folder / SOUND).write_bytes(wrong)
        assert take_back(spool) == 0
    (spool.folder / SOUND).write_bytes(content(SOUND))
    assert take_back(spool) == 1
    assert [one.bytes_wait for one in spool.waiting()] == [True]
    deliver(spool, server)
    assert server.objects == {sha256(SOUND), sha256(PICTURES)}
    assert take_back(spool) == spool.backlog().count == 0


def test_the_node_looks_hourly_and_never_while_it_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, clock = Server(), SetClock()
    monkeypatch.setattr("recorder.delivery.ingest_client", lambda *_: server.client)
    spool = Spool(tmp_path / "spool")
    spool.begin(HearingRow(HEARING, "", "fast", scripted=False))
    spool.append(HEARING, 0, b"0:", 0.0)
    keep(spool, SOUND)
    (spool.folder / SOUND).unlink()
    give_up(spool.folder, SOUND)
    between = node_uplink(NodeSettings(home=tmp_path), spool, "token", b"key", clock)._between
    between()
    (spool.folder / SOUND).write_bytes(content(SOUND))
    clock.forward(CLEAR_EVERY)
    between()
    assert [one.given_up for one in spool.entries(HEARING)] == [False, True]
    spool.end(HEARING)
    between()
    assert [one.given_up for one in spool.entries(HEARING)] == [False, True]
    clock.forward(CLEAR_EVERY)
    between()
    assert [one.given_up for one in spool.entries(HEARING)] == [False, False]
    spool.close()
