"""The power fails while a backup is restored: nothing runs on the half of it, and the same command finishes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.composition import make_context
from api.errors import SettingsError
from api.settings import Settings
from court.people import UserRole
from storage.backup.restore import Target, interrupted, restore
from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from storage.errors import BackupError
from tests.factories.backups import Vault, keys_in_files, reopened
from tests.factories.evidence import faults, filled
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server


class PowerCut(BaseException):
    """The machine is off: no code of ours runs any more."""


@contextmanager
def cut_after(steps: int) -> Iterator[None]:
    """Lets `steps` things become durable; then neither that nor tidying up happens any more."""
    done = 0
    fsync, rmtree, unlink = os.fsync, shutil.rmtree, Path.unlink

    def counted(descriptor: int) -> None:
        nonlocal done
        done += 1
        if done > steps:
            raise PowerCut
        fsync(descriptor)

    def living(act: Any) -> Any:
        def if_alive(*arguments: Any, **options: Any) -> None:
            if done > steps:
                raise PowerCut
            act(*arguments, **options)

        return if_alive

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", counted)
        patch.setattr(shutil, "rmtree", living(rmtree))
        patch.setattr(Path, "unlink", living(unlink))
        yield


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Server]:
    home = tmp_path / "home"
    keys_in_files(home)
    database = Database(f"sqlite:///{home}/courtrec.db")
    upgrade(database.engine)
    yield filled(database, home)
    database.dispose()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    (tmp_path / "vault").mkdir()
    return Vault(tmp_path / "vault")


def test_a_power_cut_at_any_step_of_a_restoration(court: Server, vault: Vault, tmp_path: Path) -> None:
    path, manifest = vault.take(court)
    court.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/1.mp4")
    other, _ = vault.take(court, "other.age")
    begun = placed = 0
    for steps in range(200):
        home = tmp_path / f"new-{steps}"
        home.mkdir()
        target = Target(home, f"sqlite:///{home}/courtrec.db")
        try:
            with cut_after(steps):
                restore(path, vault.key, target)
            break
        except PowerCut:
            pass
        if not interrupted(home) and (home / "courtrec.db").exists():
            continue  # it had ended, but for the last name's way to the disk
        if interrupted(home):
            begun += 1
            with pytest.raises(SettingsError, match="has not ended"):
                make_context(Settings(home=home))
            if (home / "courtrec.db").exists():
                placed += 1
                with pytest.raises(BackupError, match="not of this backup"):
                    restore(other, vault.key, target)
        assert restore(path, vault.key, target) == manifest
        assert not interrupted(home)
    assert begun > 10
    assert placed > 0
    shutil.copytree(court.store.folder, home / "objects")
    with reopened(home, target.database) as again:
        assert faults(again) == []
