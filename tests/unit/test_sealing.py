"""Sealing: what the kernel is asked for and in which order, and on a file system that has it, that it holds."""

import errno
import os
import stat
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.composition import make_context
from api.settings import Settings
from storage.worm.local import LocalStore
from storage.worm.sealing import (
    ENABLE_VERITY,
    GET_FLAGS,
    IMMUTABLE,
    SET_FLAGS,
    VERITY,
    NotSealed,
    Seal,
    Sealing,
    is_immutable,
    seal,
    unseal,
)
from tests.factories.objects import UNTIL, content_of, hash_of, overwrite, path_of, unseal_all

EXTENTS = 0x80000
CONTENT, SHA256 = content_of(1), hash_of(1)


@dataclass
class Kernel:
    """A kernel that keeps flags per inode; `refuses` says which requests fail, and how."""

    refuses: dict[int, int] = field(default_factory=dict)
    flags: dict[int, int] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        status = os.fstat(descriptor)
        self.asked.append((request, stat.S_IMODE(status.st_mode)))
        if request in self.refuses:
            raise OSError(self.refuses[request], os.strerror(self.refuses[request]))
        flags = self.flags.setdefault(status.st_ino, EXTENTS)
        if request == GET_FLAGS:
            return struct.pack("=ii", flags, 0)
        if request == ENABLE_VERITY:
            assert len(argument) == 128
            assert struct.unpack_from("=4I", argument) == (1, 1, 4096, 0)
            self.flags[status.st_ino] = flags | VERITY
        else:
            assert request == SET_FLAGS
            self.flags[status.st_ino] = struct.unpack("=ii", argument)[0]
        return argument

    def flags_of(self, path: Path) -> int:
        return self.flags[path.stat().st_ino]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "object"
    made.write_bytes(b"evidence")
    yield made
    unseal_all(tmp_path)


@pytest.fixture
def flagged(file: Path) -> Path:
    """A file on a file system that has the flag, with the right to set it."""
    got = seal(file, Sealing.AUTO)
    unseal(file)
    if got.no_flag:
        pytest.skip(f"The immutable flag cannot be set here ({got.no_flag}): needs CAP_LINUX_IMMUTABLE.")
    return file


def test_verity_comes_before_read_only_and_that_before_the_flag(file: Path) -> None:
    kernel = Kernel()
    assert seal(file, Sealing.REQUIRE, kernel.ioctl) == Seal("", "")
    assert kernel.flags_of(file) == EXTENTS | VERITY | IMMUTABLE
    assert [one for one in kernel.asked if one[0] != GET_FLAGS] == [(ENABLE_VERITY, 0o644), (SET_FLAGS, 0o444)]
    kernel.asked.clear()
    assert seal(file, Sealing.REQUIRE, kernel.ioctl) == Seal("", "")
    assert {request for request, _ in kernel.asked} == {GET_FLAGS}, "what is sealed is left alone"
    unseal(file, kernel.ioctl)
    assert kernel.flags_of(file) == EXTENTS | VERITY


@pytest.mark.parametrize("number", [errno.ENOTTY, errno.EOPNOTSUPP, errno.EPERM])
def test_what_is_not_to_be_had_fails_nothing_unless_required(file: Path, number: int) -> None:
    kernel = Kernel(refuses={SET_FLAGS: number, ENABLE_VERITY: number})
    reason = os.strerror(number)
    assert seal(file, Sealing.AUTO, kernel.ioctl) == Seal(reason, reason)
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    with pytest.raises(NotSealed, match=f"{reason}.*CAP_LINUX_IMMUTABLE"):
        seal(file, Sealing.REQUIRE, kernel.ioctl)


def test_a_file_system_without_flags_or_a_kernel_without_verity_is_told_apart(file: Path) -> None:
    nothing = Kernel(refuses=dict.fromkeys((GET_FLAGS, SET_FLAGS, ENABLE_VERITY), errno.ENOTTY))
    assert seal(file, Sealing.AUTO, nothing.ioctl).no_flag
    unseal(file, nothing.ioctl)
    half = Kernel(refuses={ENABLE_VERITY: errno.EOPNOTSUPP})
    assert seal(file, Sealing.REQUIRE, half.ioctl) == Seal("", os.strerror(errno.EOPNOTSUPP))


def test_a_disk_that_fails_is_not_taken_for_a_refusal(file: Path) -> None:
    kernel = Kernel(refuses={SET_FLAGS: errno.EIO})
    with pytest.raises(OSError, match="Input/output"):
        seal(file, Sealing.AUTO, kernel.ioctl)


def test_a_sealed_file_resists_root(flagged: Path) -> None:
    seal(flagged, Sealing.REQUIRE)
    assert is_immutable(flagged)
    for attempt in (flagged.unlink, lambda: flagged.write_bytes(b"x"), lambda: flagged.rename(flagged.parent / "y")):
        with pytest.raises(PermissionError):
            attempt()
    unseal(flagged)
    assert not is_immutable(flagged)
    flagged.unlink()


def test_the_store_seals_what_it_has_read_back(flagged: Path, tmp_path: Path) -> None:
    assert flagged
    store = LocalStore(tmp_path / "objects", Sealing.REQUIRE)
    for _ in range(2):
        store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
        assert is_immutable(path_of(store, SHA256))
    assert list((store.folder / "incoming").iterdir()) == []
    store.hold(SHA256, True)
    store.hold(SHA256, False)
    assert "immutable until root undoes it" in store.describe()
    assert list((store.folder / "incoming").iterdir()) == [], "the try leaves nothing"


def test_what_was_stored_unsealed_is_sealed_when_it_is_delivered_again(flagged: Path, tmp_path: Path) -> None:
    assert flagged
    path = path_of(LocalStore(tmp_path / "objects"), SHA256)
    for sealing in (Sealing.OFF, Sealing.AUTO):
        LocalStore(tmp_path / "objects", sealing).put(SHA256, CONTENT, len(CONTENT), UNTIL)
        assert is_immutable(path) is (sealing is Sealing.AUTO)


def test_many_puts_and_repairs_at_once_never_meet_each_others_seal(flagged: Path, tmp_path: Path) -> None:
    assert flagged
    store = LocalStore(tmp_path / "objects", Sealing.REQUIRE)
    with ThreadPoolExecutor(8) as pool:
        for number in range(10):
            content, sha256 = content_of(number), hash_of(number)
            deeds = [store.put, store.put, store.restore, store.put] * 2
            tasks = [pool.submit(deed, sha256, content, len(content), UNTIL) for deed in deeds]
            assert {task.result().sha256 for task in tasks} == {sha256}
            assert is_immutable(path_of(store, sha256))
    assert list((store.folder / "incoming").iterdir()) == []


def test_a_sealed_file_that_was_altered_all_the_same_is_kept_sealed_aside(flagged: Path, tmp_path: Path) -> None:
    assert flagged
    store = LocalStore(tmp_path / "objects", Sealing.REQUIRE)
    path = path_of(store, SHA256)
    store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    unseal(path)
    overwrite(path, b"forged")
    seal(path, Sealing.REQUIRE)
    store.restore(SHA256, CONTENT, len(CONTENT), UNTIL)
    aside = store.folder / "quarantine" / f"{SHA256}.1"
    assert (path.read_bytes(), aside.read_bytes()) == (CONTENT, b"forged")
    assert is_immutable(path)
    assert is_immutable(aside)


def test_where_sealing_is_required_and_refused_nothing_is_acknowledged(tmp_path: Path) -> None:
    kernel = Kernel(refuses={SET_FLAGS: errno.EPERM})
    store = LocalStore(tmp_path / "objects", Sealing.REQUIRE, kernel.ioctl)
    with pytest.raises(NotSealed):
        store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    with pytest.raises(NotSealed):
        store.try_sealing()
    assert "takes no objects now" in store.describe()
    lenient = LocalStore(tmp_path / "objects", Sealing.AUTO, kernel.ioctl)
    assert lenient.put(SHA256, CONTENT, len(CONTENT), UNTIL).size == len(CONTENT)
    assert "not immutable (Operation not permitted)" in lenient.describe()


def test_a_server_that_must_seal_and_cannot_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(refuses={SET_FLAGS: errno.EPERM})
    monkeypatch.setattr(LocalStore.__init__, "__defaults__", (Sealing.OFF, kernel.ioctl))
    with pytest.raises(NotSealed, match="COURTREC_STORE_SEALING"):
        make_context(Settings(home=tmp_path, store_sealing=Sealing.REQUIRE))
    assert make_context(Settings(home=tmp_path, store_sealing=Sealing.AUTO))


def test_unless_asked_nothing_is_sealed(tmp_path: Path) -> None:
    kernel = Kernel()
    store = LocalStore(tmp_path / "objects", ioctl=kernel.ioctl)
    store.put(SHA256, CONTENT, len(CONTENT), UNTIL)
    assert kernel.asked == []
    assert "can still remove" in store.describe()
    assert Settings(home=tmp_path).store_sealing is Sealing.OFF
