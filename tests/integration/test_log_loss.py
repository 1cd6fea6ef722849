"""Entries that a restoration does not bring back: refused, or stated by the log itself."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from api.losses import loss_notes
from storage.backup.restore import Accepted, restore
from storage.errors import BackupError
from storage.ledger.checkpoint import sign_checkpoint
from tests.factories.backups import ORIGIN, Vault, fresh, reopened, with_objects
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import LOG_KEY, Server

THIRD = HEARING[:-1] + "3"


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
