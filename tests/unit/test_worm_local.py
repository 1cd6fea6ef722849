import hashlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.errors import DiskFull, ObjectAltered, WrongHash
from storage.worm.local import LocalStore

CONTENT = b"evidence" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
UNTIL = datetime(2031, 11, 2, tzinfo=UTC)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_object_is_one_read_only_file_named_by_its_hash(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects")
    stored = store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    path = store.folder / stored.key
    assert files(store.folder) == [stored.key] == [f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"]
    assert path.read_bytes() == CONTENT
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_nothing_is_acknowledged_before_file_and_folders_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "objects")
    deeds: list[str] = []
    fsync, link = os.fsync, os.link

    def watched_fsync(descriptor: int) -> None:
        fsync(descriptor)
        deeds.append(Path(f"/proc/self/fd/{descriptor}").readlink().name.removeprefix(".").partition(".")[0])

    def watched_link(source: Path, target: Path) -> None:
        link(source, target)
        deeds.append("link")

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "link", watched_link)
    store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    assert {SHA256, tmp_path.name, "objects", SHA256[:2]} <= {*deeds[: deeds.index("link")]}
    assert deeds[deeds.index("link") + 1 :] == [SHA256[2:4]]


def test_wrong_bytes_leave_nothing_behind(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects")
    with pytest.raises(WrongHash):
        store.put(SHA256, CONTENT + b"!", len(CONTENT) + 1, UNTIL)
    assert files(tmp_path) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path / "objects")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(DiskFull, match="make room"):
            store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    assert files(tmp_path) == []
    assert store.put(SHA256, CONTENT, len(CONTENT), UNTIL).size == len(CONTENT)


def test_a_changed_file_is_not_taken_for_the_object(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects")
    path = store.folder / store.put(SHA256, CONTENT, len(CONTENT), UNTIL).key
    path.chmod(0o644)
    path.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(ObjectAltered, match=SHA256):
        store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    assert path.read_bytes() == CONTENT[:-1] + b"!"


def test_short_reads_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path / "objects")
    store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda descriptor, length, offset: pread(descriptor, min(length, 700), offset))
    assert store.read(SHA256) == CONTENT
    assert store.read(SHA256, 10, 1500) == CONTENT[10:1510]


def test_the_hold_is_a_mark_beside_the_object(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects")
    key = store.put(SHA256, CONTENT, len(CONTENT), UNTIL).key
    store.hold(SHA256, True)
    assert files(store.folder) == [key, f"{key}.hold"]
    assert LocalStore(store.folder).held(SHA256)
