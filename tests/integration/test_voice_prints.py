"""What voices sound like is in one table while its hearing is kept, and nowhere else: not in backups, bundles, logs."""

import base64
import json
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from sqlalchemy.exc import DBAPIError

from storage.backup.database import copy_database
from storage.db.models import VoiceVector
from storage.db.unit_of_work import Database
from tests.factories.bundles import exported
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.prints import hear, say, share_microphone, vectors, voice
from tests.factories.retention import LONG_AFTER, THIRD, approved, done, there
from tests.factories.server import Server, make_server
from transcribe.diarise.cluster import Sample

SPARE = THIRD


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path / "court")
    made.receive(made_hearing())
    share_microphone(made)
    return made


def written(vector: bytes) -> Iterator[bytes]:
    """The forms in which a print could stand in a file or a line."""
    yield vector[:64]
    yield vector[:60].hex().encode()
    yield base64.b64encode(vector[:60])
    yield repr(vector[:16])[2:-1].encode()


def holds(content: bytes, prints: list[bytes]) -> bool:
    return any(form in content for one in prints for form in written(one))


def copied(path: Path) -> bytes:
    """What stands in a copy; PostgreSQL packs its own."""
    if path.read_bytes().startswith(b"SQLite"):
        return path.read_bytes()
    return subprocess.run(["pg_restore", "--file=-", str(path)], capture_output=True, check=True).stdout


def test_a_backup_has_no_prints_and_still_knows_who_said_what(server: Server, tmp_path: Path) -> None:
    say(server, 0, [1, 2])
    prints = vectors(server)
    assert len(prints) == 2
    copy = tmp_path / "copy"
    copy_database(server.context.database, copy)
    kept = copied(copy)
    assert not holds(kept, prints)
    with server.context.database.read() as work:
        assert all(row.label.encode() in kept for row in work.voices.of(HEARING)), "whose they were is there"
    if server.context.database.engine.dialect.name == "sqlite":
        assert holds((tmp_path / "courtrec.db").read_bytes() + (tmp_path / "courtrec.db-wal").read_bytes(), prints)
        with closing(sqlite3.connect(copy)) as backup:
            assert backup.execute("SELECT count(*), max(voice) FROM voice_prints").fetchall() == [(2, 2)]
            assert backup.execute("SELECT count(*) FROM voice_vectors").fetchall() == [(0,)]
    assert len(vectors(server)) == 2, "the court itself goes on with them"


def test_postgresql_keeps_them_out_of_its_own_log(server: Server) -> None:
    """Base backups and archives of that log have no unlogged table's rows."""
    if server.context.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite's log is a file beside the database, and in no backup")
    with server.context.database.engine.begin() as connection:
        found = connection.exec_driver_sql("SELECT relpersistence FROM pg_class WHERE relname = 'voice_vectors'")
        assert found.scalar_one() == "u"


def test_a_bundle_has_none(server: Server, tmp_path: Path) -> None:
    say(server, 0, [1, 2])
    prints, path = vectors(server), exported(server, tmp_path / "bundle.zip")
    with zipfile.ZipFile(path) as bundle:
        parts = b"".join(bundle.read(one) for one in bundle.namelist())
    assert parts
    assert not holds(parts, prints)
    with server.context.database.read() as work:
        assert not holds(b"".join(row.entry for row in work.log.entries(HEARING)), prints)


def test_nothing_that_fails_writes_one_into_a_log(server: Server) -> None:
    """Errors of the database are logged and shown at the window they befell."""
    hear(server, 0, [1])
    [print_] = vectors(server)
    with (
        structlog.testing.capture_logs() as told,
        pytest.raises(DBAPIError) as failed,
        server.context.database.begin() as work,
    ):
        [row] = work.voices.heard(HEARING)
        work.session.add(VoiceVector(print_id=row.id, vector=print_))
        work.session.flush()
    assert not holds(f"{failed.value} {failed.value!r} {row!r} {json.dumps(told, default=repr)}".encode(), [print_])
    one = voice(1, 1, 0)
    assert "array" not in f"{one!r} {Sample(one.vector, 1.0)!r}"


def test_the_act_of_destruction_deletes_those_of_both_recordings(old: Server) -> None:
    old.receive(made_hearing(SPARE, spare_of=HEARING))
    old.clock.forward(LONG_AFTER.total_seconds())
    for recording in (HEARING, SPARE):
        share_microphone(old, recording)
        hear(old, 0 if recording == HEARING else 1, [1, 2], recording=recording)
    prints = vectors(old)
    assert len(prints) == 4
    done(old, approved(old))
    assert vectors(old) == []
    assert there(old) == there(old, SPARE) == set()
    hear(old, 2, [1])
    assert vectors(old) == [], "a worker that was late keeps none either"
    if old.context.database.engine.dialect.name == "sqlite":
        path = old.context.database.engine.url.database
        assert path is not None
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        assert not holds(Path(path).read_bytes(), prints), "overwritten, not only marked as free"
