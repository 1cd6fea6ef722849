"""`courtrec backup` as a person runs it: a drill from the key to a restored court that passes `courtrec verify`."""

import os
import shutil
from pathlib import Path

import pytest

from tests.factories.backups import keys_in_files
from tests.factories.command_line import courtrec
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server


@pytest.fixture
def home(copied: Server) -> Path:
    keys_in_files(copied.context.settings.home)
    return copied.context.settings.home


def told_recipient(stdout: str) -> dict[str, str]:
    """The line that `courtrec backup key` prints for the server's environment."""
    name, _, value = stdout.splitlines()[0].partition("=")
    return {name: value}


def test_a_drill_from_key_to_verification(home: Path, tmp_path: Path) -> None:
    key, shelf, new = tmp_path / "secret.txt", tmp_path / "shelf", tmp_path / "new"
    shelf.mkdir()
    recipients = told_recipient(courtrec(home, "backup", "key", str(key)).stdout)
    assert list(recipients) == ["COURTREC_BACKUP_RECIPIENTS"]
    assert key.stat().st_mode & 0o077 == 0

    made = courtrec(home, "backup", "make", str(shelf), **recipients)
    assert made.returncode == 0, made.stderr
    assert made.stdout.endswith("The end of its log is signed.\n"), "more was not looked at"
    [file] = shelf.iterdir()
    assert file.name.startswith("backup-courtrec-20")
    checked = courtrec(home, "backup", "check", str(file), "--key", str(key))
    assert checked.returncode == 0, checked.stderr
    assert "Its log is whole." in checked.stdout
    assert [one.name for one in home.iterdir() if one.name.startswith(".check")] == []

    restored = courtrec(new, "backup", "restore", str(file), "--key", str(key))
    assert restored.returncode == 0, restored.stderr
    replica = {"COURTREC_REPLICA_FOLDER": str(home / "objects")}
    assert "whether entries after that existed is not known." in restored.stdout
    assert "REPAIRED" in courtrec(new, "fsck", "--repair", **replica).stdout
    whole = courtrec(new, "verify")
    assert whole.returncode == 0, whole.stdout
    bundle = courtrec(new, "export", HEARING, str(tmp_path / "b.zip"), "--to", "A", "--ground", "B")
    assert bundle.returncode == 0, bundle.stderr  # an entry in the log that goes on
    assert courtrec(new, "verify").returncode == 0


def test_what_cannot_be_done_is_one_sentence(home: Path, tmp_path: Path) -> None:
    key = tmp_path / "secret.txt"
    recipients = told_recipient(courtrec(home, "backup", "key", str(key)).stdout)
    file = tmp_path / "one.age"
    courtrec(home, "backup", "make", str(file), **recipients)
    again = courtrec(home, "backup", "make", str(file), **recipients)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "exists already and is not written over" in again.stderr
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for arguments, settings, sentence in (
        (("make", str(tmp_path / "two.age")), {}, "Nobody could read the backup"),
        (("make", str(tmp_path / "two.age")), {"COURTREC_BACKUP_RECIPIENTS": "age1x"}, "COURTREC_BACKUP_RECIPIENTS: "),
        (("make", str(tmp_path / "no" / "two.age")), recipients, "cannot be written"),
        (("restore", str(file), "--key", str(key)), {}, "There is a database already"),
        (("check", str(file), "--key", str(key), "--later", str(pipe)), {}, "cannot be read (it is a named pipe"),
        (("check", str(pipe), "--key", str(key)), {}, "cannot be read (it is a named pipe"),
    ):
        done = courtrec(home, "backup", *arguments, **settings)
        assert done.returncode == 2, done.stdout + done.stderr
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1
    new = tmp_path / "new"
    for arguments, sentence in (
        ((str(tmp_path / "none.age"), "--key", str(key)), "cannot be read (No such file"),
        ((str(file), "--key", str(key), "--later", str(tmp_path / "none")), "checkpoint"),
        ((str(file), "--key", str(key), "--later", str(key)), "later checkpoint is not of this backup's log"),
    ):
        done = courtrec(new, "backup", "restore", *arguments)
        assert done.returncode == 2, done.stdout + done.stderr
        assert sentence in done.stderr
        assert done.stderr.count("\n") == 1
        assert not (new / "keys").exists()


def test_what_the_log_lost_is_told_by_every_verification(home: Path, tmp_path: Path) -> None:
    key, file, new = tmp_path / "secret.txt", tmp_path / "one.age", tmp_path / "new"
    reason = "fire in [red] room 3:100:4"
    recipients = told_recipient(courtrec(home, "backup", "key", str(key)).stdout)
    courtrec(home, "backup", "make", str(file), **recipients)
    courtrec(home, "export", HEARING, str(tmp_path / "b.zip"), "--to", "A", "--ground", "B")
    later = ["--later", str(home / "keys" / "log.checkpoint")]
    checked = courtrec(home, "backup", "check", str(file), "--key", str(key), *later)
    assert checked.returncode == 0, checked.stderr
    assert "A restoration would lose 1 of the entries" in checked.stdout
    assert "The checkpoint's log begins with the backup's." in checked.stdout
    refused = courtrec(new, "backup", "restore", str(file), "--key", str(key), *later)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--accept-loss" in refused.stderr
    done = courtrec(new, "backup", "restore", str(file), "--key", str(key), *later, "--accept-loss", reason)
    assert done.returncode == 0, done.stderr
    shutil.copytree(home / "objects", new / "objects")
    told = courtrec(new, "verify")
    assert told.returncode == 0, told.stdout
    [note] = [line for line in told.stdout.splitlines() if line.startswith("NOTE") and "lost its entries" in line]
    assert note.endswith(reason)
    assert reason in done.stdout, "no part of it is a style or a picture"


def test_looking_at_a_home_where_no_court_is_makes_none(tmp_path: Path) -> None:
    new = tmp_path / "mistyped"
    for command in (["verify"], ["hearings"], ["fsck"], ["keys", "list"], ["backup", "make", str(tmp_path)]):
        done = courtrec(new, *command)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert f"There is no court in {new}" in done.stderr
    assert not new.exists()


def test_a_lost_log_key_is_named_and_no_other_is_made(home: Path) -> None:
    (home / "keys" / "log.ed25519").unlink()
    done = courtrec(home, "verify")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "log.ed25519 is missing: restore it from the backup" in done.stderr
    assert not (home / "keys" / "log.ed25519").exists()
