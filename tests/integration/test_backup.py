"""Backups: what is restored is the same court, whose log goes on, whatever it did meanwhile."""

import io
import itertools
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from court.people import UserRole
from storage import durable
from storage.backup import make as make_module
from storage.backup.check import Checked, Later, check_backup
from storage.backup.database import POSTGRESQL
from storage.backup.later import end_of
from storage.backup.manifest import CHECKPOINT
from storage.backup.restore import Occasion, Target, interrupted, restore
from storage.db.migrate import upgrade
from storage.db.models import LogEntry
from storage.db.unit_of_work import Database
from storage.errors import BackupError
from storage.keyring import rotate
from storage.ledger.checkpoint import parse_checkpoint, sign_checkpoint
from storage.ledger.merkle import consistency_proof, verify_consistency
from storage.ledger.rotation import LOG
from tests.factories.backups import (
    NOBODY_KNOWS,
    ORIGIN,
    RESTORED,
    Vault,
    empty_database,
    fresh,
    keys_in_files,
    reopened,
    with_objects,
)
from tests.factories.evidence import faults, worked
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import LOG_KEY, Server, make_server
from tests.services.processes import PostgresServer

THIRD = HEARING[:-1] + "3"


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Server:
    """Two hearings, one of them signed, on either database."""
    keys_in_files(tmp_path / "home")
    return worked(database, tmp_path / "home")


@pytest.fixture
def target(request: pytest.FixtureRequest, court: Server, tmp_path: Path) -> Target:
    """An empty home and an empty database of the court's kind."""
    home = tmp_path / "new"
    home.mkdir()
    if court.context.database.engine.dialect.name == "sqlite":
        return Target(home, f"sqlite:///{home}/courtrec.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return Target(home, empty_database(server))


def test_what_is_restored_is_whole_and_its_log_goes_on(court: Server, target: Target, vault: Vault) -> None:
    path, manifest = vault.take(court)
    restored = restore(path, vault.key, target, NOBODY_KNOWS)
    assert restored == manifest
    with_objects(court, target.home)
    with reopened(target.home, target.database) as again:
        assert faults(again) == []
        with court.context.database.read() as before, again.context.database.read() as after:
            assert [one.entry for one in before.log.entries()] == [one.entry for one in after.log.entries()]
            assert before.log.head().root == after.log.head().root == bytes.fromhex(manifest.root)
        again.receive(made_hearing(THIRD))
        again.user(UserRole.JUDGE).get(f"/media/{THIRD}/mic-judge/0.mp4")
        assert faults(again) == []
        with again.context.database.read() as work:
            head = work.log.head()
            proof = consistency_proof(manifest.entries, head.size, work.log.node)
            assert head.size > manifest.entries
            old = bytes.fromhex(manifest.root)
            assert verify_consistency(manifest.entries, head.size, old, head.root, proof)


def test_the_court_works_on_while_it_is_backed_up(court: Server, target: Target, vault: Vault) -> None:
    """Whatever is appended between copying keys and database: the two agree once restored."""
    copy = make_module.copy_database

    def while_working(database: Database, file: Path) -> object:
        court.receive(made_hearing(THIRD))
        copied = copy(database, file)
        court.user(UserRole.JUDGE).get(f"/media/{THIRD}/mic-judge/0.mp4")
        return copied

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_module, "copy_database", while_working)
        path, manifest = vault.take(court)
    assert check_backup(path, vault.key, _empty(target.home.parent / "check")) == Checked(manifest, ())
    restore(path, vault.key, target, NOBODY_KNOWS)
    assert parse_checkpoint((target.home / "keys" / "log.checkpoint").read_text()) == end_of(manifest)
    with_objects(court, target.home)
    with reopened(target.home, target.database) as again:
        assert faults(again) == []
        with again.context.database.read() as work:
            assert work.hearings.get(THIRD) is not None


def test_a_key_replaced_meanwhile_is_in_the_backup(small: Server, tmp_path: Path, vault: Vault) -> None:
    copy, log_key = make_module.copy_database, small.context.settings.home / "keys" / "log.ed25519"
    rotated = []

    def rotating(database: Database, file: Path) -> object:
        if not rotated:
            rotated.append(rotate(log_key, LOG, ORIGIN, small.clock.utc))
        return copy(database, file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_module, "copy_database", rotating)
        path, manifest = vault.take(small)
    assert any(name.endswith(".rotation") for name in manifest.parts)
    target = fresh(tmp_path)
    restore(path, vault.key, target, NOBODY_KNOWS)
    assert (target.home / "keys" / "log.ed25519").read_bytes() == log_key.read_bytes()


def test_keys_that_never_keep_still_are_not_backed_up(small: Server, vault: Vault) -> None:
    copy, keys = make_module.copy_database, small.context.settings.home / "keys"

    def changing(database: Database, file: Path) -> object:
        (keys / "node.token").write_bytes((keys / "node.token").read_bytes() + b"x")
        return copy(database, file)

    (keys / "node.token").write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_module, "copy_database", changing)
        with pytest.raises(BackupError, match="kept changing"):
            vault.take(small)
    assert not (vault.folder / "one.age").exists()
    assert not (small.context.settings.home / ".backup").exists()


def test_age_itself_reads_it_without_courtrec(small: Server, vault: Vault, age_program: str) -> None:
    path, manifest = vault.take(small)
    done = subprocess.run([age_program, "--decrypt", "--identity", vault.key, path], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert archive.getnames() == ["manifest.json", *manifest.parts]
        contents = archive.extractfile("manifest.json")
        assert contents is not None
        assert json.loads(contents.read())["root"] == manifest.root


def test_nothing_in_it_can_be_read_without_the_key(small: Server, vault: Vault) -> None:
    path, _ = vault.take(small)
    content = path.read_bytes()
    for secret in (b"PRIVATE KEY", b"SQLite format 3", HEARING.encode(), b"manifest"):
        assert secret not in content
    assert path.stat().st_mode & 0o077 == 0


def test_nothing_is_written_over(court: Server, target: Target, vault: Vault) -> None:
    path, _ = vault.take(court)
    context = court.context
    with pytest.raises(BackupError, match="There is a database already"):
        restore(path, vault.key, Target(target.home, context.database.url), NOBODY_KNOWS)
    (target.home / "keys").mkdir()
    (target.home / "keys" / "server.ed25519").write_bytes(b"another")
    with pytest.raises(BackupError, match="is another one than the backup's"):
        restore(path, vault.key, target, NOBODY_KNOWS)
    assert (target.home / "keys" / "server.ed25519").read_bytes() == b"another"
    assert not interrupted(target.home)
    assert faults(court) == []


@pytest.mark.parametrize("where", ["given", "left in the home"])
def test_an_earlier_end_of_another_history_is_not_passed_over(
    court: Server, target: Target, vault: Vault, where: str
) -> None:
    """Somebody holds a checkpoint of fewer entries than the backup, which its log does not begin with."""
    path, manifest = vault.take(court)
    other = sign_checkpoint(ORIGIN, manifest.entries - 1, bytes(32), LOG_KEY)
    left = target.home / CHECKPOINT
    if where == "left in the home":
        durable.make_folder(left.parent)
        left.write_text(other)
    occasion = Occasion(RESTORED, other if where == "given" else None)
    for _ in range(2):
        with pytest.raises(BackupError, match=f"begin with the {manifest.entries - 1} entries .* two histories"):
            restore(path, vault.key, target, occasion)
    assert not (target.home / "courtrec.db").exists()
    assert interrupted(target.home) is (manifest.database == POSTGRESQL), "nothing may go on there"
    assert left.exists() is (where == "left in the home")
    assert not left.exists() or left.read_text() == other


def test_a_damaged_database_is_not_backed_up(small: Server, vault: Vault) -> None:
    file = Path(small.context.database.url.removeprefix("sqlite:///"))
    small.context.database.dispose()
    content = bytearray(file.read_bytes())
    content[40_000:60_000] = b"\xff" * 20_000
    file.write_bytes(content)
    with pytest.raises(BackupError, match="The database is damaged"):
        vault.take(small)
    assert not (vault.folder / "one.age").exists()


def test_check_finds_what_is_wrong_with_the_log_in_a_backup(small: Server, vault: Vault, tmp_path: Path) -> None:
    with small.context.database.engine.begin() as connection:
        connection.execute(sa.update(LogEntry).where(LogEntry.index == 3).values(entry=b"altered"))
    path, manifest = vault.take(small)
    found = check_backup(path, vault.key, _empty(tmp_path / "check"))
    assert found.manifest == manifest
    assert any("do not give the root" in one for one in found.faults)


def test_check_tells_what_a_restoration_would_lose(small: Server, vault: Vault, tmp_path: Path) -> None:
    older = small.context.log_checkpoint.read_text()
    small.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/1.mp4")
    path, manifest = vault.take(small)
    small.receive(made_hearing(THIRD))
    newer = small.context.log_checkpoint.read_text()
    size, numbers = parse_checkpoint(newer).size, itertools.count()

    def told(note: str, court: str) -> Checked:
        later = Later(note, court, small.context.settings.home / "keys" / "log.ed25519")
        return check_backup(path, vault.key, _empty(tmp_path / f"check-{next(numbers)}"), later)

    here, away = small.context.database.url, f"sqlite:///{tmp_path}/none.db"
    for note in (older, manifest.checkpoint):
        checked = told(note, away)
        assert checked.faults == ()
        assert checked.notes[0].endswith("entries: the backup's log begins with them.")
    lost = (
        f"A restoration would lose {size - manifest.entries} of the entries that the checkpoint tells of: "
        f"{manifest.entries} to {size - 1}."
    )
    assert told(newer, here) == Checked(manifest, (), (lost, "The checkpoint's log begins with the backup's."))
    checked = told(newer, away)
    assert (checked.faults, checked.notes[0]) == ((), lost)
    assert f"GET /api/log/consistency?old={manifest.entries}&new={size}" in checked.notes[1]

    for other in (parse_checkpoint(older).size, manifest.entries):
        forged = sign_checkpoint(ORIGIN, other, bytes(32), LOG_KEY)
        assert "do not give the root" in told(forged, away).faults[0]
    rewritten = Database(f"sqlite:///{tmp_path}/rewritten.db")
    upgrade(rewritten.engine)
    second = make_server(rewritten, tmp_path / "second")
    for hearing in (HEARING, THIRD, HEARING[:-1] + "4", HEARING[:-1] + "5", HEARING[:-1] + "6"):
        second.receive(made_hearing(hearing))
    end = second.context.log_checkpoint.read_text()
    assert parse_checkpoint(end).size > manifest.entries
    assert "they are two histories" in told(end, rewritten.url).faults[0]
    rewritten.dispose()
    with pytest.raises(BackupError, match="is not of this backup's log"):
        told("nonsense", away)


def test_one_backup_at_a_time_and_what_a_killed_one_left_is_removed(small: Server, vault: Vault) -> None:
    home = small.context.settings.home
    (home / ".backup" / "keys").mkdir(parents=True)
    (home / ".backup" / "keys" / "left").write_bytes(b"secret")
    with durable.sole_holder(home / ".backup.lock"), pytest.raises(BackupError, match="Another backup of"):
        vault.take(small)
    assert "keys/left" not in vault.take(small)[1].parts
    assert not (home / ".backup").exists()


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder
