"""Restoring a backup is stated by the log itself, for good, whether or not somebody knows what it lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.errors import Unusable
from api.restorations import restoration_notes
from api.witnesses import take_cosignatures
from storage.backup.make import Source, make_backup
from storage.backup.restore import Occasion, restore
from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from storage.errors import BackupError
from storage.keyring import rotate
from storage.ledger.checkpoint import parse_checkpoint, sign_checkpoint, verifier_key, verify_checkpoint
from storage.ledger.restoration import named_restorations
from storage.ledger.rotation import LOG, SERVER
from storage.ledger.witness import cosign
from storage.offline import check_file
from tests.factories.backups import NOBODY_KNOWS, ORIGIN, RESTORED, Vault, fresh, reopened, with_objects
from tests.factories.bundles import contents_of, exported, read_parts, with_contents, write_parts
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import LOG_KEY, Server
from tests.factories.stamped_bundles import WITNESS, WITNESS_KEY

THIRD = HEARING[:-1] + "3"
KEY = verifier_key(ORIGIN, LOG_KEY.public)


def later_checkpoint(server: Server) -> str:
    """The court works on after the backup, and somebody keeps the newest checkpoint."""
    server.receive(made_hearing(THIRD))
    return newest(server)


def newest(server: Server) -> str:
    with server.context.database.read() as work:
        found = work.log.newest_checkpoint()
    assert found is not None
    return found.note


def statement_in(home: Path) -> Path:
    [found] = (home / "keys").glob("log.*.restored")
    return found


@contextmanager
def brought_back(small: Server, vault: Vault, folder: Path, occasion: Occasion = NOBODY_KNOWS) -> Iterator[Server]:
    target = fresh(folder)
    restore(vault.take(small)[0], vault.key, target, occasion)
    with_objects(small, target.home)
    with reopened(target.home, target.database) as again:
        yield again


def test_where_nobody_knows_of_a_later_end_the_log_says_so_ever_after(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    with brought_back(small, vault, tmp_path) as again:
        before = newest(again)
        sentence = (
            f"The log was restored from a backup on 2026-11-25 08:30 UTC to its first {parse_checkpoint(before).size} "
            "entries; whether entries after that existed is not known."
        )
        assert (faults(again), list(restoration_notes(again.context))) == ([], [sentence])
        assert named_restorations(parse_checkpoint(before)) == frozenset()
        again.receive(made_hearing(THIRD))
        named = named_restorations(parse_checkpoint(newest(again)))
        assert len(named) == 1
        assert again.context.log_checkpoint.read_text() == newest(again)
        path = exported(again, tmp_path / "bundle.zip")
        assert named_restorations(parse_checkpoint(newest(again))) == named
        told = check_file(path, KEY)
        assert told.whole
        assert sentence in told.lines
        assert sentence in check_file(path).lines
        assert faults(again) == []


def test_what_is_served_before_the_log_grows_again_names_the_restoration_already(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    with brought_back(small, vault, tmp_path) as again:
        old, [stated] = newest(again), again.context.log_keys.restorations
        served = again.client().get("/api/log/checkpoint").json()["checkpoint"]
        told = verify_checkpoint(served, ORIGIN, [LOG_KEY.public])
        assert (told, named_restorations(told)) == (parse_checkpoint(old), {stated.sha256})
        assert served == again.context.log_checkpoint.read_text()
        assert newest(again) == old, "tokens and cosignatures are of its text"
        context = replace(again.context, settings=again.context.settings.model_copy(update={"witnesses": (WITNESS,)}))
        with pytest.raises(Unusable, match="was restored and has not grown since: cosign its next checkpoint"):
            take_cosignatures(context, cosign(served, WITNESS.name, 1_600_000_000, WITNESS_KEY).encode())
        statement = statement_in(again.context.settings.home)
        content = statement.read_bytes()
        statement.unlink()
        [fault] = faults(again)
        assert fault.startswith("The statement of a restoration that the log's checkpoint of ")
        statement.write_bytes(content)
        again.receive(made_hearing(THIRD))
        assert again.client().get("/api/log/checkpoint").json()["checkpoint"] == newest(again)
        assert faults(again) == []


def test_a_head_that_was_altered_is_not_signed_anew_for_a_restoration(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    with brought_back(small, vault, tmp_path) as again:
        with again.context.database.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM merkle_nodes"))
        assert again.client().get("/api/log/checkpoint").status_code == 500


def test_an_empty_log_restored_over_a_checkpoint_that_outlived_it_is_signed_on(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    target, keys, path = fresh(tmp_path), small.context.settings.home / "keys", vault.folder / "empty.age"
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    upgrade(empty.engine)
    make_backup(Source(empty, keys, ORIGIN), path, [vault.recipient], small.clock.utc)
    empty.dispose()
    size = parse_checkpoint(newest(small)).size
    keys.rename(target.home / "keys")
    with pytest.raises(BackupError, match=f"The log had {size} entries, the backup of .* has 0"):
        restore(path, vault.key, target, NOBODY_KNOWS)
    restore(path, vault.key, target, Occasion(RESTORED, reason="no other backup"))
    kept = parse_checkpoint((target.home / "keys" / "log.checkpoint").read_text())
    assert (kept.size, len(named_restorations(kept))) == (0, 1)
    with reopened(target.home, target.database) as again:
        again.receive(made_hearing(THIRD))
        assert again.context.log_checkpoint.read_text() == newest(again)
        assert named_restorations(parse_checkpoint(newest(again))) == named_restorations(kept)
        assert faults(again) == []
        [note] = restoration_notes(again.context)
        assert f"its first 0 entries: it lost its entries 0 to {size - 1}. Reason: no other backup" in note


def test_a_statement_that_is_taken_away_is_missed_and_still_named(small: Server, vault: Vault, tmp_path: Path) -> None:
    with brought_back(small, vault, tmp_path) as again:
        again.receive(made_hearing(THIRD))
        home, address = again.context.settings.home, again.context.database.url
    named = named_restorations(parse_checkpoint(newest(again)))
    statement = statement_in(home)
    content = statement.read_bytes()
    statement.unlink()
    with reopened(home, address) as without:
        [fault] = faults(without)
        assert fault.startswith("The statement of a restoration that the log's checkpoint of ")
        assert fault.endswith("put it back into the folder keys, from a backup or a bundle.")
        path = exported(without, tmp_path / "bundle.zip")
        assert named_restorations(parse_checkpoint(newest(without))) == named
        told = check_file(path, KEY)
        assert not told.whole
        assert next(iter(named)) in told.lines[0]
        assert "is not in the bundle" in told.lines[0]
    statement.write_bytes(content.replace(b"08:30", b"08:31"))
    with reopened(home, address) as altered:
        found = faults(altered)
        assert len(found) == 2
        assert "of a restoration cannot be believed" in found[0]
    statement.write_bytes(content)
    with reopened(home, address) as again:
        assert faults(again) == []


def test_a_checkpoint_that_passes_the_restoration_over_is_a_fault(small: Server, vault: Vault, tmp_path: Path) -> None:
    """By whoever has the log's key and takes the line out of what was signed since."""
    with brought_back(small, vault, tmp_path) as again:
        again.receive(made_hearing(THIRD))
        with again.context.database.begin() as work:
            for row in work.log.checkpoints():
                row.note = sign_checkpoint(ORIGIN, row.size, row.root, LOG_KEY)
        found = faults(again)
        assert len(found) == 1
        assert "does not name the restoration of 2026-11-25" in found[0]


def test_entries_lost_since_the_backup_are_never_passed_over(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, manifest = vault.take(small)
    later = later_checkpoint(small)
    target = fresh(tmp_path)
    with pytest.raises(BackupError, match=f"the backup of .* has {manifest.entries}"):
        restore(path, vault.key, target, Occasion(RESTORED, later))
    kept = target.home / "keys" / "log.checkpoint"
    kept.parent.mkdir()
    kept.write_text(later)  # the keys outlived the disk of the database
    with pytest.raises(BackupError, match="give --accept-loss"):
        restore(path, vault.key, target, NOBODY_KNOWS)
    with pytest.raises(BackupError, match="reason for the loss is too long"):
        restore(path, vault.key, target, Occasion(RESTORED, reason="x" * 70_000))

    restore(path, vault.key, target, Occasion(RESTORED, reason="the disk\n\x1bdied"))
    with_objects(small, target.home)
    with reopened(target.home, target.database) as again:
        assert faults(again) == []
        [note] = restoration_notes(again.context)
        size = parse_checkpoint(later).size
        assert f"it lost its entries {manifest.entries} to {size - 1}. Reason: the disk died" in note
        again.receive(made_hearing(THIRD))  # the node still has it
        assert faults(again) == []


def test_a_restoration_is_only_believed_where_the_log_continues_what_was_kept(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    with brought_back(small, vault, tmp_path) as again:
        with again.context.database.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM merkle_nodes"))
        assert any("does not continue the" in one for one in faults(again))


def test_a_log_restored_to_before_an_earlier_restoration_tells_of_both(
    small: Server, vault: Vault, tmp_path: Path
) -> None:
    first, manifest = vault.take(small)
    small.receive(made_hearing(THIRD))
    with brought_back(small, Vault(_folder(tmp_path / "other")), tmp_path) as again:
        exported(again, tmp_path / "one.zip")
        home, end = again.context.settings.home, newest(again)
    target = fresh(tmp_path, "third")
    (home / "keys").rename(target.home / "keys")
    later = Occasion(RESTORED.replace(hour=9), reason="both disks died")
    restore(first, vault.key, target, later)
    with_objects(small, target.home)
    with reopened(target.home, target.database) as last:
        notes = list(restoration_notes(last.context))
        assert len(notes) == 2
        assert any(f"lost its entries {manifest.entries} to {parse_checkpoint(end).size - 1}" in one for one in notes)
        assert faults(last) == []
        told = check_file(exported(last, tmp_path / "two.zip"), KEY)
        assert told.whole
        assert [line for line in told.lines if "was restored from a backup" in line] == sorted(notes)
        assert faults(last) == []


def test_a_later_checkpoint_of_another_log_is_refused(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, _ = vault.take(small)
    for note, sentence in (
        ("nonsense", "no.* signed note"),
        (later_checkpoint(small).replace("courtrec", "other"), "other"),
    ):
        with pytest.raises(BackupError, match=sentence):
            restore(path, vault.key, fresh(tmp_path, sentence[:3]), Occasion(RESTORED, note))


def test_a_checkpoint_of_another_history_is_not_passed_over(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, manifest = vault.take(small)
    other = sign_checkpoint(ORIGIN, manifest.entries, bytes(32), LOG_KEY)
    with pytest.raises(BackupError, match="with another root than the backup has"):
        restore(path, vault.key, fresh(tmp_path), Occasion(RESTORED, other, "never mind"))


def replaced(small: Server) -> str:
    """Log and server key are replaced after the backup, and the new key signs; the newest checkpoint."""
    home = small.context.settings.home
    for purpose in (LOG, SERVER):
        rotate(home / "keys" / f"{purpose}.ed25519", purpose, ORIGIN, small.clock.utc)
    with reopened(home, small.context.database.url) as later:
        return later_checkpoint(later)


def test_keys_that_replaced_the_backups_are_believed_and_stay(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, manifest = vault.take(small)
    end, old_home, target = replaced(small), small.context.settings.home, fresh(tmp_path)
    (old_home / "keys").rename(target.home / "keys")  # outlived the disk of the database, with log.checkpoint
    keys = {one.name: one.read_bytes() for one in (target.home / "keys").glob("*.ed25519*")}
    with pytest.raises(BackupError, match=f"The log had {parse_checkpoint(end).size} entries"):
        restore(path, vault.key, target, NOBODY_KNOWS)
    restore(path, vault.key, target, Occasion(RESTORED, reason="the disk died"))
    assert {one.name: one.read_bytes() for one in (target.home / "keys").glob("*.ed25519*")} == keys
    with_objects(small, target.home)
    with reopened(target.home, target.database) as again:
        assert faults(again) == []
        again.receive(made_hearing(THIRD))
        assert faults(again) == []
        present = verifier_key(ORIGIN, again.context.log_keys.key.public)
        assert present != KEY
        bundle = exported(again, tmp_path / "bundle.zip")
        for key in (KEY, present):
            told = check_file(bundle, key)
            assert told.whole
            assert any(f"lost its entries {manifest.entries} to" in line for line in told.lines)


def test_a_later_checkpoint_by_a_new_key_needs_the_statement_of_it(small: Server, vault: Vault, tmp_path: Path) -> None:
    path, _ = vault.take(small)
    end, target = replaced(small), fresh(tmp_path)
    with pytest.raises(BackupError, match=r"put the statement of that \(log\.….rotation, GET /api/log/keys\) into"):
        restore(path, vault.key, target, Occasion(RESTORED, end, "fire"))
    [stated] = (small.context.settings.home / "keys").glob("log.*.rotation")
    (target.home / "keys").mkdir()
    (target.home / "keys" / stated.name).write_bytes(stated.read_bytes())
    restore(path, vault.key, target, Occasion(RESTORED, end, "fire"))
    with_objects(small, target.home)
    with reopened(target.home, target.database) as again:
        assert faults(again) == []
        [note] = restoration_notes(again.context)
        assert note.endswith("Reason: fire")


def test_who_has_the_first_key_only_is_led_to_the_one_that_signed(small: Server, vault: Vault, tmp_path: Path) -> None:
    home, now, hour = small.context.settings.home, small.clock.utc, timedelta(hours=1)
    one, two = (rotate(home / "keys" / "log.ed25519", LOG, ORIGIN, at) for at in (now - 2 * hour, now - hour))
    with reopened(home, small.context.database.url) as later:
        path = exported(later, tmp_path / "bundle.zip")
    for sentence in ("Any key of this log that was published earlier will do", "Подойдёт и любой ключ этого журнала"):
        assert sentence in read_parts(path)["README.txt"].decode()
    middle, present = (verifier_key(ORIGIN, stated.new) for stated in (one, two))
    parts = read_parts(path)
    assert len(contents_of(parts)["rotations"]) == 2
    for key, days in ((KEY, "2026-11-22 07:00:00 UTC, 2026-11-22 08:00:00 UTC"), (middle, "2026-11-22 08:00:00 UTC")):
        [line] = [one for one in check_file(path, key).lines if "was replaced" in one]
        assert f"was replaced since ({days})" in line
        assert line.endswith(f"the bundle is signed by {present}.")
    assert check_file(path, present).whole
    assert not [one for one in check_file(path, present).lines if "was replaced" in one]
    for gone in (0, 1):
        left = [one for place, one in enumerate(contents_of(parts)["rotations"]) if place != gone]
        fewer = write_parts(tmp_path / "fewer.zip", with_contents(parts, rotations=left))
        assert "no known key's signature" in check_file(fewer, KEY).lines[0]
        assert check_file(fewer, present).whole


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
