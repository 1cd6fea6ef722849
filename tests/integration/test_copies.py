"""Copies as they are ordered, made, stated, verified and handed out."""

import hashlib
import io
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from api import copying
from api.composition import make_worker_queue
from api.copy_handing import require_handed_out
from api.copy_orders import Wish, put_order
from api.errors import ApiError
from api.gate import shown_hearing
from api.verification import verify
from court.openness import Openness
from storage.db.copies import FAILED, ORDERED, READY
from storage.db.unit_of_work import Database
from storage.ledger.checkpoint import verifier_key
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file
from storage.queue import MAKE_COPY, EmbeddedWorker, make_queue, register_task
from tests.factories.copies import (
    BY,
    CLOSED_NOTE,
    CLOSED_WORDS,
    OPEN_NOTE,
    OPEN_WORDS,
    delivered,
    ordered,
)
from tests.factories.hearing_log import made_hearing
from tests.factories.queues import empty_embedded_broker
from tests.factories.server import LOG_KEY, Server, make_server
from tests.factories.waiting import SECONDS, until
from transcribe.claims import Drain

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
KEY = verifier_key("courtrec", LOG_KEY.public)
WISH = Wish("Ким А. Б.", "ходатайство от 20.11.2026")


def folder(server: Server) -> Path:
    return server.context.settings.home / "out" / "copies"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


def test_a_worker_makes_what_was_ordered(server: Server) -> None:
    hearing = delivered(server)
    with server.context.database.begin() as work:
        number = put_order(server.context, work, shown_hearing(work, hearing), WISH, BY)
    half = folder(server) / f"{number}.making"  # an attempt that was cut off
    half.mkdir(parents=True)
    (half / "recording.mp4").write_bytes(b"half a film")
    make_worker_queue(server.context, Drain()).tasks[MAKE_COPY](number)
    until(lambda: state(server, number) != ORDERED)
    assert state(server, number) == READY
    until(lambda: [one.name for one in folder(server).iterdir()] == [f"{number}.zip"])


def state(server: Server, number: int) -> str:
    with server.context.database.read() as work:
        row = work.copies.get(number)
    assert row is not None
    return row.state


def test_a_copy_in_the_making_keeps_no_other_task_waiting(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    done, going = threading.Event(), threading.Event()
    monkeypatch.setattr(copying, "make_copy", lambda context, number: going.wait(SECONDS))
    empty_embedded_broker()
    queue = make_queue()
    copying.register(queue, server.context)
    register_task(queue, "short", done.set)
    worker = EmbeddedWorker(queue)
    worker.start()
    try:
        queue.send_task(MAKE_COPY, args=[1])
        queue.send_task("short")
        assert done.wait(SECONDS)
    finally:
        going.set()
        worker.stop()


def test_a_copy_holds_what_was_open_states_what_it_is_and_verifies(server: Server, tmp_path: Path) -> None:
    hearing = delivered(server)
    before = list(verify(server.context))
    row = ordered(server, hearing, WISH)
    assert (row.state, row.reason) == (READY, "")
    path = folder(server) / f"{row.id}.zip"
    assert [one.name for one in folder(server).iterdir()] == [path.name]
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert sorted(parts) == [
        "README.txt", "courtrec-verify.pyz", "proof.zip", "recording.mp4", "transcript.vtt",
    ]  # fmt: skip
    readme = parts["README.txt"].decode()
    assert "Ким А. Б." in readme
    assert "ГД 4405/24-Б2" in readme
    assert OPEN_WORDS in parts["transcript.vtt"].decode()
    assert "00:00:12.000 --> 00:00:14.000" in parts["transcript.vtt"].decode()
    assert OPEN_NOTE.encode() in parts["recording.mp4"]
    for closed in (CLOSED_WORDS, CLOSED_NOTE, "на границе"):
        assert not any(closed.encode() in content for content in parts.values()), closed
        with zipfile.ZipFile(io.BytesIO(parts["proof.zip"])) as proof:
            assert not any(closed.encode() in proof.read(name) for name in proof.namelist())
    told = check_file(path, KEY)
    assert told.whole, told.lines
    film = hashlib.sha256(parts["recording.mp4"]).hexdigest()
    verdict = server.client("203.0.113.9").get(f"/api/verify/{film}").json()
    assert (verdict["verdict"], verdict["what"], verdict["number"]) == ("genuine", "copy", row.id)
    assert told.lines[1].startswith(f"Copy No. {row.id} is what the court handed out: ")
    with server.context.database.read() as work:
        [leaf] = [one for one in map(parse, (e.entry for e in work.log.entries(hearing))) if one.kind is LeafKind.COPY]
    assert leaf.body["recipient"] == "Ким А. Б."
    assert leaf.body["spans_ms"] == [[0, 13_334], [27_777, 40_000]]
    assert {one["name"] for one in leaf.body["given"]} == set(parts) - {"proof.zip"}
    assert list(verify(server.context)) == before  # the factory's notes and words stand in no entry
    _tampered(path, tmp_path, parts)


def _tampered(path: Path, place: Path, parts: dict[str, bytes]) -> None:
    unpacked = place / "unpacked"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(unpacked)
    assert check_file(unpacked, KEY).whole
    (unpacked / "recording.mp4").write_bytes(parts["recording.mp4"][:-1] + b"!")
    assert "recording.mp4 is not what the court handed out" in check_file(unpacked, KEY).lines[0]
    (unpacked / "recording.mp4").unlink()
    assert "recording.mp4 of the copy is missing" in check_file(unpacked, KEY).lines[0]
    (unpacked / "recording.mp4").write_bytes(parts["recording.mp4"])
    (unpacked / "more.txt").write_text("!")
    assert "more.txt is none that the court handed out" in check_file(unpacked, KEY).lines[0]
    (unpacked / "more.txt").unlink()
    (unpacked / "proof.zip").write_bytes(parts["proof.zip"][:-30])
    assert not check_file(unpacked, KEY).whole
    shutil.rmtree(unpacked)


def test_what_cannot_be_copied_is_said_in_one_sentence(server: Server) -> None:
    log = made_hearing()
    server.receive(log)
    for wish, sentence in (
        (Wish("", "x"), "Say who gets the copy"),
        (Wish("A", " "), "Say who gets the copy"),
        (Wish("A", "x", frozenset({"mic-9"})), "has no track mic-9"),
        (Wish("A", "x", frozenset({"cam-hall"})), "A copy needs sound"),
    ):
        with pytest.raises(ApiError, match=sentence):
            ordered(server, log.hearing, wish)
    server.order(log.hearing, Openness.CLOSED)
    with pytest.raises(ApiError, match="No part of this hearing is open"):
        ordered(server, log.hearing, WISH)
    assert not folder(server).exists()


def test_a_copy_that_fails_leaves_its_reason_and_no_file(server: Server) -> None:
    log = made_hearing()
    server.receive(log)  # its segments are no sound
    row = ordered(server, log.hearing, WISH)
    assert row.state == FAILED
    assert row.reason.endswith(".")
    assert "Errno" not in row.reason
    assert [one.suffix for one in folder(server).iterdir()] == [".lock"]


def test_what_is_closed_afterwards_is_handed_out_no_more(server: Server) -> None:
    hearing = delivered(server, closed=False)
    row = ordered(server, hearing, Wish("A", "x", frozenset({"mic-judge"})))
    assert row.state == READY, row.reason
    with server.context.database.read() as work:
        require_handed_out(server.context, work, row)
    server.order(hearing, Openness.CLOSED, 30_000, 31_000)
    with server.context.database.read() as work, pytest.raises(ApiError, match="closed a part"):
        require_handed_out(server.context, work, row)
