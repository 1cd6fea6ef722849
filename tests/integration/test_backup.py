"""Backups: what is restored is the same court, whose log goes on; what cannot be restored says so."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.losses import loss_notes
from court.people import UserRole
from storage import durable
from storage.backup import make as make_module
from storage.backup.check import check_backup
from storage.backup.make import Source, make_backup
from storage.backup.restore import Accepted, Target, interrupted, restore
from storage.db.models import LogEntry
from storage.db.unit_of_work import Database
from storage.errors import BackupError
from storage.keyring import LOG, rotate
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.merkle import consistency_proof, verify_consistency
from tests.factories.backups import ORIGIN, Vault, empty_database, keys_in_files, reopened
from tests.factories.evidence import faults, worked
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import LOG_KEY, Server
from tests.services.processes import PostgresServer

THIRD = HEARING[:-1] + "3"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    folder = tmp_path / "vault"
    folder.mkdir()
    return Vault(folder)


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Server:
    """Two hearings, one of them signed, on either database."""
    keys_in_files(tmp_path / "home")
    return worked(database, tmp_path / "home")


@pytest.fixture
def small(tmp_path: Path, copied: Server) -> Server:
    """The same on SQLite, quickly."""
    keys_in_files(copied.context.settings.home)
    return copied


@pytest.fixture
def target(request: pytest.FixtureRequest, court: Server, tmp_path: Path) -> Target:
    """An empty home and an empty database of the court's kind."""
    home = tmp_path / "new"
    home.mkdir()
    if court.context.database.engine.dialect.name == "sqlite":
        return Target(home, f"sqlite:///{home}/courtrec.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return Target(home, empty_database(server))


def fresh(tmp_path: Path, name: str = "fresh") -> Target:
    home = tmp_path / name
    home.mkdir()
    return Target(home, f"sqlite:///{home}/courtrec.db")


def with_objects(server: Server, home: Path) -> None:
    """Recordings are not in a backup: they come from the write-once store, or its copy."""
    shutil.copytree(server.store.folder, home / "objects")


def test_what_is_restored_is_whole_and_its_log_goes_on(court: Server, target: Target, vault: Vault) -> None:
    path, manifest = vault.take(court)
    restored = restore(path, vault.key, target)
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
    assert check_backup(path, vault.key, _empty(target.home.parent / "check")) == (manifest, [])
    restore(path, vault.key, target)
    assert (target.home / "keys" / "log.checkpoint").read_text() == manifest.checkpoint
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
    restore(path, vault.key, target)
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


def other_key(vault: Vault, path: Path) -> tuple[Path, Path]:
    folder = path.parent / "other"
    folder.mkdir()
    return path, Vault(folder).key


def damaged(change: Callable[[bytes], bytes]) -> Callable[[Vault, Path], tuple[Path, Path]]:
    def change_it(vault: Vault, path: Path) -> tuple[Path, Path]:
        path.write_bytes(change(path.read_bytes()))
        return path, vault.key

    return change_it


def flipped(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def holding(**parts: bytes) -> Callable[[Vault, Path], tuple[Path, Path]]:
    def pack(vault: Vault, path: Path) -> tuple[Path, Path]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in parts.items():
                entry = tarfile.TarInfo(name.replace("_json", ".json"))
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return vault.repack(packed.getvalue(), "made.age"), vault.key

    return pack


X = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}


def manifest_of(**fields: object) -> bytes:
    known: dict[str, object] = {
        "format": "courtrec backup 1", "made_at": "2026-11-25T09:00:00.000Z", "origin": "courtrec", "entries": 0,
        "root": "0" * 64, "checkpoint": "", "database": "sqlite", "parts": {"database": X, "keys/log.ed25519": X},
    }  # fmt: skip
    return json.dumps(known | fields).encode()


BAD = {
    "another key": (other_key, "made for other keys"),
    "cut short": (damaged(lambda content: content[:-1]), "damaged or cut short"),
    "cut at its beginning": (damaged(lambda content: content[:100]), "is no file of age"),
    "empty": (damaged(lambda content: b""), "is no file of age"),
    "a flipped bit": (damaged(flipped), "damaged or cut short"),
    "no archive": (lambda vault, path: (vault.repack(b"not a tar", "made.age"), vault.key), "holds is no archive"),
    "no list of contents": (holding(other=b"x"), "manifest.json is missing"),
    "a list that is none": (holding(manifest_json=b"{"), "is not JSON"),
    "a later format": (holding(manifest_json=manifest_of(format="courtrec backup 2")), "knows 'courtrec backup 1'"),
    "a field of another kind": (holding(manifest_json=manifest_of(entries=-1)), "under 'entries'"),
    "a part that is not there": (holding(manifest_json=manifest_of()), "Its part database is missing"),
    "a part with other bytes": (
        holding(manifest_json=manifest_of(), database=b"y"), "is not the one that its list of contents names",
    ),
    "a part outside": (
        holding(manifest_json=manifest_of(parts={"database": X, "keys/log.ed25519": X, "../../evil": X}),
        **{"database": b"x", "keys/log.ed25519": b"x", "../../evil": b"x"}), "would lie outside the folder",
    ),
    "no database in it": (holding(manifest_json=manifest_of(parts={"keys/log.ed25519": X})), "holds no database"),
    "no log's key in it": (holding(manifest_json=manifest_of(parts={"database": X})), "holds no keys/log.ed25519"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "sentence"), BAD.values(), ids=BAD.keys())
def test_what_is_no_backup_is_named_and_nothing_is_put_in_place(
    small: Server,
    vault: Vault,
    tmp_path: Path,
    spoil: Callable[[Vault, Path], tuple[Path, Path]],
    sentence: str,
) -> None:
    path, key = spoil(vault, vault.take(small)[0])
    target = fresh(tmp_path)
    with pytest.raises(BackupError, match=sentence):
        restore(path, key, target)
    assert [one.name for one in target.home.iterdir()] == [".restore.lock"]
    assert not (tmp_path / "evil").exists()


def test_keys_to_read_and_to_write_with_are_checked(small: Server, vault: Vault, tmp_path: Path) -> None:
    source = Source(small.context.database, small.context.settings.home / "keys", ORIGIN)
    for readers, sentence in (([], "Nobody could read"), (["age1oops"], "'age1oops' is no age key")):
        with pytest.raises(BackupError, match=sentence):
            make_backup(source, vault.folder / "one.age", readers, small.clock.utc)
    (tmp_path / "empty.txt").write_text("# nothing\n")
    path, _ = vault.take(small)
    for key in (tmp_path / "empty.txt", tmp_path / "none.txt"):
        with pytest.raises(BackupError, match="holds no key of age"):
            restore(path, key, fresh(tmp_path, key.stem))
    with pytest.raises(BackupError, match="exists already and is not written over"):
        vault.take(small)


def test_what_a_dead_database_left_is_not_mixed_in(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, target = vault.take(small)[0], fresh(tmp_path)
    for ending in ("-wal", "-shm"):
        left = target.home / f"courtrec.db{ending}"
        left.write_bytes(b"pages of another database")
        with pytest.raises(BackupError, match="is left of a database that is gone"):
            restore(path, vault.key, target)
        left.unlink()


def test_nothing_is_written_over(court: Server, target: Target, vault: Vault) -> None:
    path, _ = vault.take(court)
    context = court.context
    with pytest.raises(BackupError, match="There is a database already"):
        restore(path, vault.key, Target(target.home, context.database.url))
    (target.home / "keys").mkdir()
    (target.home / "keys" / "server.ed25519").write_bytes(b"another")
    with pytest.raises(BackupError, match="is another one than the backup's"):
        restore(path, vault.key, target)
    assert (target.home / "keys" / "server.ed25519").read_bytes() == b"another"
    assert not interrupted(target.home)
    assert faults(court) == []


def test_a_backup_goes_back_into_the_kind_of_database_it_was_made_of(
    small: Server, vault: Vault, postgres: PostgresServer, tmp_path: Path
) -> None:
    path, _ = vault.take(small)
    (tmp_path / "new").mkdir()
    with pytest.raises(BackupError, match="is of a sqlite database"):
        restore(path, vault.key, Target(tmp_path / "new", empty_database(postgres)))


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
    found, told = check_backup(path, vault.key, _empty(tmp_path / "check"))
    assert found == manifest
    assert any("do not give the root" in one for one in told)


def later_checkpoint(server: Server) -> str:
    """The court works on after the backup, and somebody keeps the newest checkpoint."""
    server.receive(made_hearing(THIRD))
    with server.context.database.read() as work:
        newest = work.log.newest_checkpoint()
    assert newest is not None
    return newest.note


def test_entries_lost_since_the_backup_are_never_passed_over(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, manifest = vault.take(small)
    later = later_checkpoint(small)
    target = fresh(tmp_path)
    with pytest.raises(BackupError, match=f"the backup of .* has {manifest.entries}"):
        restore(path, vault.key, target, later)
    kept = target.home / "keys" / "log.checkpoint"
    kept.parent.mkdir()
    kept.write_text(later)  # the keys outlived the disk of the database
    with pytest.raises(BackupError, match="give --accept-loss"):
        restore(path, vault.key, target)

    restore(path, vault.key, target, accepted=Accepted("the disk died", small.clock.utc))
    with_objects(small, target.home)
    with reopened(target.home, target.database) as again:
        assert faults(again) == []
        [note] = loss_notes(again.context)
        assert note.startswith(f"The log lost its entries {manifest.entries} to ")
        assert note.endswith("the disk died")
        again.receive(made_hearing(THIRD))  # the node still has it
        assert faults(again) == []
        [statement] = (target.home / "keys").glob("*.loss")
        statement.write_text(statement.read_text().replace("the disk died", "nothing"))
        [fault] = faults(again)
        assert "of lost entries cannot be believed" in fault


def test_a_loss_is_only_believed_where_the_log_continues_what_was_kept(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    path, _ = vault.take(small)
    target = fresh(tmp_path)
    restore(path, vault.key, target, later_checkpoint(small), Accepted("the disk died", small.clock.utc))
    with reopened(target.home, target.database) as again:
        with again.context.database.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM merkle_nodes"))
        assert any("does not continue the" in one for one in faults(again))


def test_a_later_checkpoint_of_another_log_is_refused(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, _ = vault.take(small)
    for note, sentence in (
        ("nonsense", "no.* signed note"),
        (later_checkpoint(small).replace("courtrec", "other"), "other"),
    ):
        with pytest.raises(BackupError, match=sentence):
            restore(path, vault.key, fresh(tmp_path, sentence[:3]), note)


def test_a_checkpoint_of_another_history_is_not_passed_over(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, manifest = vault.take(small)
    other = sign_checkpoint(ORIGIN, manifest.entries, bytes(32), LOG_KEY)
    with pytest.raises(BackupError, match="with another root than the backup has"):
        restore(path, vault.key, fresh(tmp_path), other, Accepted("never mind", small.clock.utc))


def test_one_backup_at_a_time_and_what_a_killed_one_left_is_removed(small: Server, vault: Vault) -> None:
    home = small.context.settings.home
    (home / ".backup" / "keys").mkdir(parents=True)
    (home / ".backup" / "keys" / "left").write_bytes(b"secret")
    with durable.sole_holder(home / ".backup.lock"), pytest.raises(BackupError, match="Another backup of"):
        vault.take(small)
    assert "keys/left" not in vault.take(small)[1].parts
    assert not (home / ".backup").exists()


def test_only_one_program_restores_into_a_home(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, target = vault.take(small)[0], fresh(tmp_path)
    with (
        durable.sole_holder(target.home / ".restore.lock"),
        pytest.raises(BackupError, match="Another program restores"),
    ):
        restore(path, vault.key, target)


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder
