"""`courtrec verify` on a disk mounted read-only, as an expert does: it says the same, and leaves no trace."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli.evidence import list_hearings, verify_evidence
from api.errors import SettingsError
from court import exit_codes
from court.errors import InputError
from court.people import UserRole
from storage.db import copied
from storage.errors import StorageError
from tests.factories.hearing_log import HEARING
from tests.factories.objects import overwrite, path_of
from tests.factories.server import Server
from tests.services.disks import SmallDisk, small_disk
from tests.services.fixtures import or_skip


@pytest.fixture
def expert_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with or_skip(small_disk(tmp_path / "disk", 64 << 20)) as mounted:
        yield mounted


def mounted_home(disk: SmallDisk, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The court's folder as it lies there now, on the read-only disk."""
    home = disk.path / "home"
    shutil.copytree(server.context.settings.home, home, ignore=shutil.ignore_patterns("disk", "vault"))
    disk.read_only()
    with pytest.raises(OSError, match="Read-only"):
        (home / "courtrec.db").open("ab")
    monkeypatch.setenv("COURTREC_HOME", str(home))
    return home


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def size_of(server: Server) -> int:
    with server.context.database.read() as work:
        return work.log.head().size


def test_a_court_closed_in_order_is_read_as_it_is(
    small: Server, expert_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = size_of(small)
    small.context.database.dispose()
    home = mounted_home(expert_disk, small, monkeypatch)
    assert sorted(path.name for path in home.glob("courtrec.db*")) == ["courtrec.db"]
    before = files(home)
    assert verify_evidence(None) == exit_codes.OK
    note, *_, whole = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"NOTE   The home .* is read only, and nothing was written there\. A copy .* was read\.", note)
    assert f"log of {size} entries" in whole
    assert files(home) == before


def test_what_a_crash_left_in_the_write_ahead_log_is_read_too(
    small: Server, expert_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.context.database.dispose()
    small.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/0.mp4")  # an entry in the journal
    home = mounted_home(expert_disk, small, monkeypatch)
    left = home / "courtrec.db-wal"
    assert left.stat().st_size > 0, "else this proves nothing"
    assert verify_evidence(None) == exit_codes.OK
    note, *_, whole = capsys.readouterr().out.splitlines()
    assert f"with the {left.stat().st_size} bytes of changes that a crash left beside it." in note
    assert f"log of {size_of(small)} entries" in whole


def test_faults_are_found_there_as_well(
    small: Server, expert_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with small.context.database.read() as work:
        hurt = work.hearings.segments(HEARING)[0].sha256
    overwrite(path_of(small.store, hurt), b"other bytes")
    small.context.database.dispose()
    mounted_home(expert_disk, small, monkeypatch)
    assert verify_evidence(None) == exit_codes.FAULT_FOUND
    assert hurt in capsys.readouterr().out


def test_every_other_command_says_that_only_verification_works_there(
    small: Server, expert_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.context.database.dispose()
    mounted_home(expert_disk, small, monkeypatch)
    with pytest.raises(SettingsError, match="is read only for this account: of all commands only `courtrec verify`"):
        list_hearings()


def test_keys_that_this_account_may_not_look_for_are_told_of(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    key = small.context.settings.home / "keys" / "log.ed25519"
    stat = os.stat

    def locked(path: Any, **more: Any) -> os.stat_result:
        if path == key:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **more)

    monkeypatch.setattr(os, "stat", locked)
    monkeypatch.setenv("COURTREC_HOME", str(small.context.settings.home))
    with pytest.raises(InputError, match="cannot be looked for by this account"):
        verify_evidence(None)


def test_a_database_that_is_written_meanwhile_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "courtrec.db"
    path.write_bytes(b"old")
    copy = shutil.copyfile

    def slow(source: str, target: str) -> None:
        copy(source, target)
        os.utime(path, ns=(0, 0))

    monkeypatch.setattr(copied.shutil, "copyfile", slow)
    with pytest.raises(StorageError, match="was written while"), copied.copied_database(path):
        pass
