import os
import stat
from pathlib import Path
from typing import Any

import pytest

from storage import durable


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the kernel, in order: 'sync <name>', 'link <name>', 'rename <name>', 'folder <name>'."""
    done: list[str] = []

    def watch(module: Any, name: str, say: Any) -> None:
        real = getattr(module, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            result = real(*arguments, **options)
            done.append(say(*arguments))
            return result

        monkeypatch.setattr(module, name, watched)

    def synced(descriptor: int) -> str:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        return f"sync {name if stat.S_ISDIR(os.fstat(descriptor).st_mode) else 'file'}"

    watch(os, "fsync", synced)
    watch(os, "link", lambda source, target: f"link {Path(target).name}")
    watch(Path, "replace", lambda source, target: f"rename {Path(target).name}")
    watch(Path, "mkdir", lambda folder: f"folder {folder.name}")
    return done


def test_a_new_file_is_synced_before_it_gets_its_name(tmp_path: Path, deeds: list[str]) -> None:
    durable.write_new(tmp_path / "one", b"content", mode=0o600)
    assert deeds == ["sync file", "link one", f"sync {tmp_path.name}"]
    assert (tmp_path / "one").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["one"]  # noqa: PTH208


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"first")
    with pytest.raises(FileExistsError):
        durable.write_new(tmp_path / "one", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("one", b"first")]


def test_replacing_is_synced_before_and_after(tmp_path: Path, deeds: list[str]) -> None:
    (tmp_path / "one").write_bytes(b"first")
    durable.replace(tmp_path / "one", b"second")
    assert deeds == ["sync file", "rename one", f"sync {tmp_path.name}"]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("one", b"second")]


def test_a_failed_replacement_leaves_the_old_file_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        durable.replace(tmp_path / "folder", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write_new(tmp_path / "one", b"content")
    assert list(tmp_path.iterdir()) == []


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:3]))
    with durable.AppendFile(tmp_path / "one") as file:
        file.write(b"longer than three")
    assert (tmp_path / "one").read_bytes() == b"longer than three"


def test_folders_are_durable_down_to_the_last(tmp_path: Path, deeds: list[str]) -> None:
    assert durable.make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert deeds == [f"sync {tmp_path.parent.name}", "folder a", f"sync {tmp_path.name}", "folder b", "sync a"]
    durable.make_folder(tmp_path / "a" / "b")
    assert deeds[5:] == ["sync a"], "whoever made it may have died before it was durable"


def test_a_folder_below_one_that_is_closed_to_us_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", closed)
    assert durable.make_folder(tmp_path) == tmp_path


def test_what_is_made_once_keeps_its_first_content_and_is_durable_again(tmp_path: Path, deeds: list[str]) -> None:
    for content in (b"first", b"second"):
        durable.write_once(tmp_path / "one", lambda content=content: content, mode=0o600)
        assert deeds[-1] == f"sync {tmp_path.name}"
        deeds.clear()
    assert (tmp_path / "one").read_bytes() == b"first"


def test_an_append_file_grows_and_is_synced(tmp_path: Path, deeds: list[str]) -> None:
    with durable.AppendFile(tmp_path / "one", mode=0o444) as file:
        file.write(b"first ")
        file.sync()
        assert (tmp_path / "one").read_bytes() == b"first "
        file.write(b"second")
    file.close()
    assert deeds == [f"sync {tmp_path.name}", "sync file", "sync file"]
    assert (tmp_path / "one").read_bytes() == b"first second"
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o444
    with pytest.raises(FileExistsError):
        durable.AppendFile(tmp_path / "one")


def test_only_one_holds_a_lock_until_it_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / "home" / "worker.lock"
    with durable.sole_holder(lock) as first, durable.sole_holder(lock) as second:
        assert (first, second) == (True, False)
    with durable.sole_holder(lock) as again:
        assert again


def test_what_a_killed_program_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    dead, others = f".one.{'0' * 16}", [".one.lock", "one", f"two.{'0' * 16}", f".one.{'g' * 16}"]
    for name in (dead, *others):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / f".pipe.{'1' * 16}").mkdir()
    with durable.new_file(tmp_path / "new") as file:
        [alive] = [path for path in tmp_path.iterdir() if path.name.startswith(".new.")]
        durable.sweep(tmp_path)
        assert alive.exists(), "its program lives"
        file.write(b"whole")
    durable.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "new", f".pipe.{'1' * 16}"])
    assert (tmp_path / "new").read_bytes() == b"whole"
    durable.sweep(tmp_path / "nothing")


def test_a_file_swept_before_it_was_claimed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock, swept = durable.fcntl.flock, list[str]()

    def swept_first(descriptor: int, how: int) -> None:
        if not swept:
            swept.append("once")
            for path in tmp_path.iterdir():
                path.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(durable.fcntl, "flock", swept_first)
    durable.write_new(tmp_path / "one", b"content")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("one", b"content")]
    assert swept
