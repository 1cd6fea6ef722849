"""What cannot be restored says so in a sentence, and nothing is put in place."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import durable
from storage.backup.make import Source, make_backup
from storage.backup.restore import Target, restore
from storage.errors import BackupError
from tests.factories.backups import NOBODY_KNOWS, ORIGIN, Vault, empty_database, fresh
from tests.factories.objects import OTHERS
from tests.factories.server import Server
from tests.services.processes import PostgresServer


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
        restore(path, key, target, NOBODY_KNOWS)
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
            restore(path, key, fresh(tmp_path, key.stem), NOBODY_KNOWS)
    with pytest.raises(BackupError, match="exists already and is not written over"):
        vault.take(small)


def test_what_a_dead_database_left_is_not_mixed_in(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, target = vault.take(small)[0], fresh(tmp_path)
    for ending in ("-wal", "-shm"):
        left = target.home / f"courtrec.db{ending}"
        left.write_bytes(b"pages of another database")
        with pytest.raises(BackupError, match="is left of a database that is gone"):
            restore(path, vault.key, target, NOBODY_KNOWS)
        left.unlink()


def test_a_backup_goes_back_into_the_kind_of_database_it_was_made_of(
    small: Server, vault: Vault, postgres: PostgresServer, tmp_path: Path
) -> None:
    path, _ = vault.take(small)
    (tmp_path / "new").mkdir()
    with pytest.raises(BackupError, match="is of a sqlite database"):
        restore(path, vault.key, Target(tmp_path / "new", empty_database(postgres)), NOBODY_KNOWS)


def test_only_one_program_restores_into_a_home(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, target = vault.take(small)[0], fresh(tmp_path)
    with (
        durable.sole_holder(target.home / ".restore.lock"),
        pytest.raises(BackupError, match="Another program restores"),
    ):
        restore(path, vault.key, target, NOBODY_KNOWS)


@pytest.mark.parametrize("name", ["log.ed25519", "log.checkpoint", "server.ed25519.pub"])
def test_what_is_no_file_among_the_keys_is_named_and_never_waited_for(
    small: Server, vault: Vault, tmp_path: Path, name: str
) -> None:
    path = vault.take(small)[0]
    for what in ("a named pipe", "a socket", "a folder"):
        target = fresh(tmp_path, what)
        (target.home / "keys").mkdir()
        OTHERS[what](target.home / "keys" / name)
        with pytest.raises(BackupError, match=f"{name} cannot be read .it is {what}, not a file.: take it away"):
            restore(path, vault.key, target, NOBODY_KNOWS)
