"""Bytes that come after their leaf, in pieces, or never: what the court says of them and does not forgive."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from api.export import ExportRefused, Order, export
from api.verification import verify
from api.verification_notes import delivery_notes
from court.people import UserRole
from storage.db.models import StoredObjectRow
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file, print_told, read_outsiders
from storage.parts import STALE_SECONDS, Parts
from storage.worm.port import object_key
from tests.factories.hearing_log import HEARING, HearingLog, made_hearing
from tests.factories.server import Server, batch, make_server, node_entries

NOBODY = read_outsiders(None, [])
ORDER = Order(actor="clerk", role="operator", recipient="appeal", ground="request 1")


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


def objects_of(log: HearingLog, track: str) -> dict[str, bytes]:
    leaves = [parse(entry) for entry in log.entries]
    found = [one.body["sha256"] for one in leaves if one.kind is LeafKind.SEGMENT and one.body["track"] == track]
    return {sha256: log.objects[sha256] for sha256 in found}


def put(server: Server, objects: dict[str, bytes]) -> None:
    for sha256, content in objects.items():
        assert server.node().put(f"/api/ingest/objects/{sha256}", content=content).status_code in (200, 201)


@pytest.fixture
def late(server: Server) -> HearingLog:
    """A hearing of which all sound and every leaf has arrived, and none of the pictures."""
    log = made_hearing()
    put(server, objects_of(log, "mic-judge"))
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(log)))
    assert answer.status_code == 200, answer.text
    return log


def deliveries(server: Server) -> list[tuple[str, bool]]:
    with server.context.database.read() as uow:
        leaves = [parse(row.entry) for row in uow.log.entries(HEARING)]
    return [(one.body["sha256"], one.body["arrived"]) for one in leaves if one.kind is LeafKind.DELIVERY]


def test_sound_is_transcribed_while_the_pictures_are_still_on_their_way(server: Server, late: HearingLog) -> None:
    with server.context.database.read() as uow:
        assert [one.sequence for one in uow.windows.of(HEARING)] == [0, 1, 2]
    pictures = list(objects_of(late, "cam-hall"))
    assert list(verify(server.context)) == []
    (note,) = delivery_notes(server.context)
    assert note.startswith(f"The node stated of hearing {HEARING} what has not arrived yet: cam-hall (segments: 3, ")
    assert deliveries(server) == [(sha256, False) for sha256 in pictures]
    put(server, {pictures[1]: late.objects[pictures[1]]})
    assert "(segments: 2, " in next(iter(delivery_notes(server.context)))
    put(server, objects_of(late, "cam-hall"))
    assert list(delivery_notes(server.context)) == []
    assert list(verify(server.context)) == []
    assert [one for one in deliveries(server) if one[1]] == [(pictures[number], True) for number in (1, 0, 2)]


def test_what_plays_is_what_is_here(server: Server, late: HearingLog) -> None:
    judge = server.user(UserRole.JUDGE)
    assert "cam-hall" not in judge.get(f"/media/{HEARING}/master.m3u8").text
    first = next(iter(objects_of(late, "cam-hall")))
    put(server, {first: late.objects[first]})
    playlist = judge.get(f"/media/{HEARING}/cam-hall.m3u8").text
    assert playlist.count("cam-hall/0.mp4") > 0
    assert "cam-hall/1.mp4" not in playlist
    answer = judge.get(f"/media/{HEARING}/cam-hall/1.mp4")
    assert (answer.status_code, "has not arrived" in answer.json()["detail"]) == (404, True)
    tracks = {one["track"]: one for one in judge.get(f"/api/hearings/{HEARING}/timeline").json()["tracks"]}
    assert [one["playable"] for one in tracks["cam-hall"]["segments"]] == [True, False, False]


def test_sound_may_not_come_after_its_leaf(server: Server) -> None:
    answer = server.node().post("/api/ingest/leaves", json=batch(node_entries(made_hearing())))
    assert (answer.status_code, "deliver the object first" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("late_before", [True, False])
def test_removing_an_object_and_its_row_is_never_taken_for_late(server: Server, late_before: bool) -> None:
    """Neither where it came before its leaf, nor where the court had said that it was late and then that it came."""
    log = made_hearing()
    put(server, objects_of(log, "mic-judge") if late_before else log.objects)
    server.node().post("/api/ingest/leaves", json=batch(node_entries(log)))
    put(server, log.objects)
    assert list(verify(server.context)) == []
    victim = next(iter(objects_of(log, "cam-hall")))
    with server.context.database.begin() as uow:
        uow.session.delete(uow.session.get(StoredObjectRow, victim))
    (server.store.folder / object_key(victim)).unlink()
    faults = list(verify(server.context))
    assert any("is missing from the store" in one for one in faults)
    assert any("missing from the database's list" in one for one in faults)


def test_a_statement_that_comes_later_than_its_segment_excuses_nothing(server: Server) -> None:
    """Who holds the server's key cannot say years afterwards that the object had never come."""
    log = made_hearing()
    put(server, log.objects)
    server.node().post("/api/ingest/leaves", json=batch(node_entries(log)))
    victim = next(iter(objects_of(log, "cam-hall")))
    body = {"track": "cam-hall", "sequence": 0, "sha256": victim, "arrived": False}
    with server.context.database.begin() as uow:
        uow.session.delete(uow.session.get(StoredObjectRow, victim))
        uow.log.record(LeafKind.DELIVERY, HEARING, server.clock.utc, body, server.context.server_key)
    (server.store.folder / object_key(victim)).unlink()
    assert any("is missing from the store" in one for one in verify(server.context))


def test_an_incomplete_track_is_not_handed_out(server: Server, late: HearingLog, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="Not all of cam-hall has arrived"):
        export(server.context, HEARING, tmp_path / "all", ORDER)
    order = Order(**{**_fields(ORDER), "tracks": frozenset({"mic-judge"})})
    exported = export(server.context, HEARING, tmp_path / "sound", order)
    assert exported.files == 3
    put(server, objects_of(late, "cam-hall"))
    assert export(server.context, HEARING, tmp_path / "all", ORDER).files == 6
    for name in ("sound", "all"):
        assert print_told(check_file(tmp_path / name, exported.log_key, NOBODY)) == 0


def _fields(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


def piece(server: Server, content: bytes, offset: int, data: bytes) -> Any:
    sha256 = hashlib.sha256(content).hexdigest()
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(len(content))}
    return server.node().patch(f"/api/ingest/objects/{sha256}/part", content=data, headers=headers)


def test_an_object_arrives_in_pieces(server: Server) -> None:
    content = bytes(range(256)) * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    where = f"/api/ingest/objects/{sha256}/part"
    assert server.node().get(where).json() == {"received": 0, "stored": False}
    assert piece(server, content, 0, content[:1000]).json() == {"received": 1000, "stored": False}
    assert server.node().get(where).json() == {"received": 1000, "stored": False}
    refused = piece(server, content, 2000, content[2000:])
    assert (refused.status_code, refused.json()["received"]) == (409, 1000)
    again = piece(server, content, 500, content[500:5000])
    assert again.json() == {"received": 5000, "stored": False}
    assert piece(server, content, 5000, content[5000:]).json() == {"received": len(content), "stored": True}
    assert server.node().get(where).json() == {"received": 0, "stored": True}
    assert server.store.read(sha256) == content
    assert list(server.context.parts.folder.glob("*")) == []
    assert piece(server, content, 0, content).json()["stored"] is True


def test_a_part_that_was_damaged_is_refused_once_it_is_whole_and_begins_again(server: Server) -> None:
    content = b"evidence" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    piece(server, content, 0, content[:4000])
    (server.context.parts.folder / sha256).write_bytes(b"?" * 4000)
    assert piece(server, content, 4000, content[4000:]).status_code == 422
    assert server.node().get(f"/api/ingest/objects/{sha256}/part").json() == {"received": 0, "stored": False}
    assert not list(server.store.versions(sha256))
    assert piece(server, content, 0, content).json()["stored"] is True


@pytest.mark.parametrize(("offset", "size", "status"), [("0", "2", 422), ("0", str(1 << 40), 413), ("-1", "9", 422)])
def test_a_piece_that_cannot_be_is_refused(server: Server, offset: str, size: str, status: int) -> None:
    headers = {"Upload-Offset": offset, "Upload-Length": size}
    answer = server.node().patch(f"/api/ingest/objects/{'ab' * 32}/part", content=b"abc", headers=headers)
    assert answer.status_code == status


def test_parts_nobody_adds_to_are_dropped(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "parts")
    parts.write("ab" * 32, 0, b"abc")
    changed = (parts.folder / ("ab" * 32)).stat().st_mtime
    parts.drop_stale(changed + STALE_SECONDS - 1)
    assert parts.size("ab" * 32) == 3
    parts.drop_stale(changed + STALE_SECONDS + 1)
    assert parts.size("ab" * 32) == 0


def test_a_node_hears_what_is_whole(server: Server, late: HearingLog) -> None:
    """Only what an entry names, only in the version that was acknowledged, and only with the right bytes."""
    sound, pictures = list(objects_of(late, "mic-judge")), list(objects_of(late, "cam-hall"))
    unnamed = b"named by no entry"
    put(server, {hashlib.sha256(unnamed).hexdigest(): unnamed})
    altered = server.store.folder / object_key(sound[1])
    altered.chmod(0o644)
    altered.write_bytes(b"altered")
    asked = [*sound, *pictures, hashlib.sha256(unnamed).hexdigest()]
    answer = server.node().post("/api/ingest/checks", json={"objects": asked})
    assert answer.json() == {"whole": [sound[0], sound[2]]}
    with server.context.database.read() as uow:
        assert [one.sha256 for one in uow.checks.faulty("whole")] == [sound[1]]
    assert server.client().post("/api/ingest/checks", json={"objects": asked}).status_code == 401
