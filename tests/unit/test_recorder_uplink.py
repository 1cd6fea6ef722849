"""Delivery: in order, each segment before its leaf, again after every failure, never a byte lost."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from recorder.errors import Refused, Undelivered
from recorder.spool import Attachment, HearingRow, Spool
from recorder.uplink import PIECE, Uplink
from tests.factories.waiting import until

HEARING = "0198c5a0-0000-7000-8000-000000000001"
OTHER = "0198c5a0-0000-7000-8000-000000000002"


class Server:
    """The ingest API as the contract has it, with a line that may be cut."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.leaves: list[bytes] = []
        self.answers_left = 10**6
        self.bytes_left: int | None = None
        self.parts: dict[str, bytes] = {}
        self.may_be_late: set[str] = set()
        self.pieces: list[tuple[int, int]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.answers_left == 0:
            raise httpx.ConnectError("the line is cut", request=request)
        self.answers_left -= 1
        body = request.read()
        if request.url.path.endswith("/part"):
            return self._part(request, request.url.path.split("/")[4], body)
        return self._leaves(json.loads(body))

    def _part(self, request: httpx.Request, name: str, body: bytes) -> httpx.Response:
        self.parts.setdefault(name, b"")
        if request.method == "PATCH":
            offset, size = int(request.headers["upload-offset"]), int(request.headers["upload-length"])
            self.pieces.append((offset, len(body)))
            if offset > len(self.parts[name]):
                return httpx.Response(409, json={"detail": "There is less.", "received": len(self.parts[name])})
            kept = body if self.bytes_left is None else body[: self.bytes_left]
            self.parts[name] = self.parts[name][:offset] + kept
            if kept != body:
                self.bytes_left = None
                raise httpx.ReadError("the line broke", request=request)
            if len(self.parts[name]) == size:
                if hashlib.sha256(self.parts[name]).hexdigest() != name:
                    del self.parts[name]
                    return httpx.Response(422, json={"detail": "The bytes are not what their name says."})
                self.objects[name] = self.parts.pop(name)
        stored = name in self.objects
        return httpx.Response(200, json={"received": 0 if stored else len(self.parts[name]), "stored": stored})

    def _leaves(self, body: dict[str, object]) -> httpx.Response:
        entries = body["entries"]
        assert isinstance(entries, list)
        assert body["public_key"] == base64.b64encode(b"key").decode()
        for entry in map(base64.b64decode, entries):
            seq, needs = entry.decode().split(":")
            if int(seq) < len(self.leaves):
                continue
            if int(seq) > len(self.leaves):
                answer = {"detail": "A leaf is missing.", "expected_seq": len(self.leaves)}
                return httpx.Response(409, json=answer)
            if needs and needs not in self.objects and needs not in self.may_be_late:
                return httpx.Response(422, json={"detail": "The segment is not stored."})
            self.leaves.append(entry)
        return httpx.Response(200, json={"next_seq": {HEARING: len(self.leaves)}})


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Ten leaves, every third with a segment."""
    made = Spool(tmp_path)
    made.begin(HearingRow(HEARING, "", "fast", scripted=False))
    for seq in range(10):
        if seq % 3:
            made.append(HEARING, seq, f"{seq}:".encode(), 0.0)
            continue
        content = bytes([seq]) * 100_000
        digest = hashlib.sha256(content).hexdigest()
        file = f"{HEARING}/{seq}.mp4"
        (tmp_path / file).write_bytes(content)
        made.append(HEARING, seq, f"{seq}:{digest}".encode(), 0.0, ("mic", Attachment(file, digest, len(content))))
    yield made
    made.close()


def uplink(spool: Spool, server: Server) -> Uplink:
    return Uplink(spool, httpx.Client(base_url="http://server", transport=httpx.MockTransport(server)), b"key")


def check_delivered(spool: Spool, server: Server) -> None:
    assert server.leaves == [entry.entry for entry in spool.entries(HEARING)]
    assert sorted(server.objects) == sorted(e.attachment.sha256 for e in spool.entries(HEARING) if e.attachment)
    assert spool.backlog().count == 0


def test_everything_arrives_once_and_in_order(spool: Spool) -> None:
    server = Server()
    assert uplink(spool, server).deliver() == 10
    check_delivered(spool, server)
    assert uplink(spool, server).deliver() == 0


def test_a_line_cut_after_any_answer_delays_and_loses_nothing(spool: Spool) -> None:
    server = Server()
    for answers in range(6):
        server.answers_left = answers
        try:
            uplink(spool, server).deliver()
        except Undelivered as error:
            assert str(error) == "The server cannot be reached (the line is cut)."
    server.answers_left = 100
    uplink(spool, server).deliver()
    check_delivered(spool, server)


def test_a_server_that_lost_leaves_gets_them_again(spool: Spool) -> None:
    server = Server()
    uplink(spool, server).deliver()
    del server.leaves[4:]
    spool.append(HEARING, 10, b"10:", 0.0)
    uplink(spool, server).deliver()
    check_delivered(spool, server)


def test_a_file_that_changed_is_not_taken_for_the_segment(spool: Spool) -> None:
    (spool.folder / HEARING / "3.mp4").write_bytes(b"altered".ljust(100_000))
    server = Server()
    with pytest.raises(
        Refused, match=r"3.mp4 in the spool is not what its leaf says: put it back there, or give it up"
    ):
        uplink(spool, server).deliver()
    assert [one.seq for one in spool.waiting() if one.leaf_waits] == list(range(3, 10))


def test_a_segment_that_is_gone_is_named(spool: Spool) -> None:
    (spool.folder / HEARING / "6.mp4").unlink()
    server = Server()
    with pytest.raises(Refused, match=r"6\.mp4 cannot be read from the spool \(No such file or directory\): put"):
        uplink(spool, server).deliver()
    assert len(server.leaves) == 6


def test_a_refused_hearing_does_not_hold_up_another(spool: Spool) -> None:
    (spool.folder / HEARING / "0.mp4").write_bytes(b"altered")
    spool.begin(HearingRow(OTHER, "", "fast", scripted=False))
    for seq in range(3):
        spool.append(OTHER, seq, f"{seq}:".encode(), 0.0)
    server = Server()
    with pytest.raises(Refused, match=r"0\.mp4"):
        uplink(spool, server).deliver()
    assert server.leaves == [b"0:", b"1:", b"2:"]
    assert {one.hearing for one in spool.waiting()} == {HEARING}


def add(spool: Spool, track: str, size: int, hearing: str = HEARING) -> str:
    """A segment at the end of a hearing's chain; its SHA-256."""
    seq = len(spool.entries(hearing))
    content = bytes([seq % 256]) * size
    digest = hashlib.sha256(content).hexdigest()
    file = f"{hearing}/{track}-{seq:05d}.mp4"
    (spool.folder / file).write_bytes(content)
    spool.append(hearing, seq, f"{seq}:{digest}".encode(), 0.0, (track, Attachment(file, digest, size)))
    return digest


def test_a_large_segment_arrives_over_a_line_that_keeps_breaking(spool: Spool) -> None:
    """What came before each break is not sent again."""
    server = Server()
    uplink(spool, server).deliver()
    server.pieces.clear()
    digest = add(spool, "cam-hall", 3 * PIECE + 1000)
    server.may_be_late.add(digest)
    sender = uplink(spool, server)
    for came in (PIECE // 2, PIECE // 4, 0):
        server.bytes_left = came
        with pytest.raises(Undelivered, match="the line broke"):
            sender.deliver()
    sender.deliver()
    starts = [0, PIECE // 2, 3 * PIECE // 4, 3 * PIECE // 4, 7 * PIECE // 4, 11 * PIECE // 4]
    assert [offset for offset, _ in server.pieces] == starts
    assert len(server.objects[digest]) == 3 * PIECE + 1000
    assert spool.backlog().count == 0


def test_a_server_that_lost_its_part_gets_the_segment_from_the_beginning(spool: Spool) -> None:
    server = Server()
    uplink(spool, server).deliver()
    server.pieces.clear()
    digest = add(spool, "cam-hall", 2 * PIECE)
    server.may_be_late.add(digest)
    real = server._part

    def losing(request: httpx.Request, name: str, body: bytes) -> httpx.Response:
        answer = real(request, name, body)
        if len(server.pieces) == 1:
            server.parts.clear()
        return answer

    server._part = losing  # type: ignore[method-assign]
    uplink(spool, server).deliver()
    assert [offset for offset, _ in server.pieces] == [0, PIECE, 0, PIECE]
    assert len(server.objects[digest]) == 2 * PIECE


def test_speech_overtakes_a_picture_between_two_of_its_pieces(spool: Spool) -> None:
    server = Server()
    uplink(spool, server).deliver()
    server.pieces.clear()
    picture = add(spool, "cam-hall", 4 * PIECE)
    server.may_be_late.add(picture)
    speech: list[str] = []

    def metered(size: int) -> None:
        if len(server.pieces) == 1 and not speech:
            speech.append(add(spool, "mic-judge", 1000))

    client = httpx.Client(base_url="http://server", transport=httpx.MockTransport(server))
    Uplink(spool, client, b"key", metered).deliver()
    assert list(server.objects)[-2:] == [speech[0], picture]
    assert len(server.pieces) == 5


def test_a_server_that_takes_nothing_at_all_is_not_asked_for_each_segment(spool: Spool) -> None:
    asked = []

    def full(request: httpx.Request) -> httpx.Response:
        asked.append(request.read())
        return httpx.Response(507, json={"detail": "The disk is full."})

    sender = Uplink(spool, httpx.Client(base_url="http://server", transport=httpx.MockTransport(full)), b"key")
    with pytest.raises(Undelivered, match=r"The disk is full. \(status 507\)"):
        sender.deliver()
    assert len(asked) == 1


def test_in_the_background_it_outlives_any_error(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "waiting", failing)
        sender = uplink(spool, server)
        sender.start()
        until(lambda: sender.trouble == "Delivery failed: no such page")
    until(lambda: spool.backlog().count == 0)
    until(lambda: sender.trouble == "")
    sender.close()
    check_delivered(spool, server)


def failing(*_: object) -> None:
    raise RuntimeError("no such page")


def test_in_the_background_refusals_delay_nothing_else(spool: Spool) -> None:
    content = (spool.folder / HEARING / "0.mp4").read_bytes()
    (spool.folder / HEARING / "0.mp4").unlink()
    server = Server()
    sender = uplink(spool, server)
    sender.start()
    until(lambda: "0.mp4 cannot be read" in sender.trouble)
    spool.begin(HearingRow(OTHER, "", "fast", scripted=False))
    spool.append(OTHER, 0, b"0:", 0.0)
    until(lambda: server.leaves == [b"0:"])
    server.leaves.clear()
    (spool.folder / HEARING / "0.mp4").write_bytes(content)
    until(lambda: spool.backlog().count == 0)
    sender.close()
    check_delivered(spool, server)


def test_in_the_background_it_waits_for_the_server_and_for_news(spool: Spool) -> None:
    server = Server()
    server.answers_left = 0
    sender = uplink(spool, server)
    sender.start()
    until(lambda: sender.trouble != "")
    server.answers_left = 100
    until(lambda: spool.backlog().count == 0)
    until(lambda: sender.trouble == "")
    spool.append(HEARING, 10, b"10:", 0.0)
    until(lambda: len(server.leaves) == 11)
    sender.close()
    check_delivered(spool, server)
