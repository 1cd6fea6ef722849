"""The power fails while a backup is restored: nothing runs on the half of it, and the same command finishes."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.composition import make_context
from api.errors import SettingsError
from api.settings import Settings
from court.people import UserRole
from storage.backup.restore import Occasion, Target, interrupted, restore
from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from storage.errors import BackupError
from tests.factories.backups import Vault, keys_in_files, reopened
from tests.factories.evidence import filled
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server
from tests.simulators.power import every_death


@pytest.fixture
def court(tmp_path: Path) -> Server:
    home = tmp_path / "home"
    keys_in_files(home)
    database = Database(f"sqlite:///{home}/courtrec.db")
    upgrade(database.engine)
    made = filled(database, home)
    database.dispose()
    return made


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    (tmp_path / "vault").mkdir()
    return Vault(tmp_path / "vault")


def target_in(home: Path) -> Target:
    return Target(home, f"sqlite:///{home}/courtrec.db")


def contents(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "keys").iterdir() if not path.name.startswith(".")}


def test_a_restoration_stopped_anywhere_is_finished_by_the_same_command(
    court: Server, vault: Vault, tmp_path: Path
) -> None:
    path, manifest = vault.take(court)
    court.user(UserRole.JUDGE).get(f"/media/{HEARING}/mic-judge/1.mp4")
    other, later = vault.take(court, "other.age")
    court.context.database.dispose()
    hours = itertools.count()  # each try has its own time, and the restoration is stated once

    def now() -> Occasion:
        return Occasion(court.clock.utc + timedelta(hours=next(hours)), later.checkpoint, "the disk died")

    def bring_back(home: Path, done: list[Any]) -> None:
        try:
            done.append(restore(path, vault.key, target_in(home), now()))
        except BackupError as error:
            if "There is a database already" not in str(error):
                raise  # a restoration that had ended, but for the last name's way to the disk

    begun = placed = 0
    for left in every_death(tmp_path / "deaths", bring_back):
        target = target_in(left.home)
        if interrupted(left.home):
            begun += 1
            assert not left.acknowledged, left.how
            with pytest.raises(SettingsError, match="has not ended"):
                make_context(Settings(home=left.home))
            if (left.home / "courtrec.db").exists():
                placed += 1
                with pytest.raises(BackupError, match="not of this backup"):
                    restore(other, vault.key, target, now())
        bring_back(left.home, [])
        assert not interrupted(left.home), left.how
        assert len([name for name in contents(left.home) if name.endswith(".restored")]) == 1, left.how
        assert {f"keys/{name}" for name in contents(left.home)} >= set(manifest.keys), left.how
        with reopened(left.home, target.database) as again, again.context.database.read() as work:
            assert (work.log.head().size, work.log.head().root.hex()) == (manifest.entries, manifest.root), left.how
    assert begun > 10
    assert placed > 0
