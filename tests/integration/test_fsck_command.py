"""`courtrec fsck` as a person runs it: lines, exit codes, repairs from the second store and from the spool."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from recorder.spool import Attachment, HearingRow, Spool
from storage.worm.local import LocalStore
from tests.factories.command_line import courtrec
from tests.factories.objects import overwrite, path_of
from tests.factories.server import Server


@pytest.fixture
def segments(copied: Server) -> list[str]:
    """Hashes of the stored segments of all hearings."""
    with copied.context.database.read() as work:
        return [one.sha256 for hearing in work.hearings.find() for one in work.hearings.segments(hearing.id)]


@pytest.fixture
def home(copied: Server) -> Path:
    return copied.context.settings.home


def test_a_whole_store_is_told_whole_and_its_report_needs_no_reading(copied: Server, home: Path) -> None:
    never = courtrec(home, "fsck", "--report")
    assert never.returncode == 0, never.stderr
    assert "never" in never.stdout
    run = courtrec(home, "fsck")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "FAULT" not in run.stdout
    with copied.context.database.read() as work:
        [(result, count)] = work.checks.counts().items()
    assert result == "whole"
    assert f"Checked {count} object(s)" in run.stdout
    [*_, protection, counts, oldest] = courtrec(home, "fsck", "--report").stdout.splitlines()
    assert str(copied.store.folder) in protection
    assert counts == f"{count} object(s): {count} whole."
    assert "0.0 days ago" in oldest


def test_faults_are_named_repaired_from_the_second_store_and_the_spool_and_reported(
    copied: Server, home: Path, segments: list[str], tmp_path: Path
) -> None:
    store = LocalStore(home / "objects")
    lost, forged, gone = segments[:3]
    content = {sha256: store.read(sha256) for sha256 in segments[:3]}
    second = LocalStore(tmp_path / "second")
    second.put(lost, content[lost], len(content[lost]), copied.clock.utc)
    file = Attachment("hearing/mic-0.mp4", forged, len(content[forged]))
    with closing(Spool(home / "spool")) as spool:
        spool.begin(HearingRow("hearing", "", "fast", scripted=True))
        spool.append("hearing", 0, b"entry", 0.0, ("mic", file))
        (spool.folder / file.file).write_bytes(content[forged])
    path_of(store, lost).unlink()
    overwrite(path_of(store, forged), b"forged")
    overwrite(path_of(store, gone), b"!" * len(content[gone]))

    run = courtrec(home, "fsck", "--repair", COURTREC_REPLICA_FOLDER=str(tmp_path / "second"))
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert len([line for line in lines if line.startswith("FAULT")]) == 3
    assert [line for line in lines if line.startswith("REPAIRED") and lost in line and "from the second store" in line]
    assert [
        line for line in lines if line.startswith("REPAIRED") and forged in line and "from the node's spool" in line
    ]
    [left] = [line for line in lines if line.startswith("NOT REPAIRED")]
    assert gone in left
    assert store.read(lost) == content[lost]
    assert store.read(forged) == content[forged]
    assert hashlib.sha256(store.read(gone)).hexdigest() != gone

    report = courtrec(home, "fsck", "--report")
    assert report.returncode == 1
    [fault] = [line for line in report.stdout.splitlines() if line.startswith("FAULT")]
    assert gone in fault
    assert "segment" in fault
    again = courtrec(home, "fsck", "--older-than", "1")
    assert again.returncode == 0
    assert "nothing due" in again.stdout


def test_what_was_long_unchecked_is_listed(copied: Server, home: Path) -> None:
    with copied.context.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE objects SET stored_at = '2020-01-01 00:00:00'"))
    report = courtrec(home, "fsck", "--report")
    assert report.returncode == 0, "to be late is no fault of the evidence"
    assert "STALE" in report.stdout
    assert "2020-01-01" in report.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--hearing", "nonsense"], "There is no hearing nonsense"),
        (["--rate", "0"], "--rate 0 is no speed"),
        (["--rate", "nan"], "--rate nan is no speed"),
        (["--older-than", "-1"], "--older-than -1 is no age"),
        (["--report", "--repair"], "--report only tells"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(home: Path, arguments: list[str], complaint: str) -> None:
    run = courtrec(home, "fsck", *arguments)
    assert run.returncode == 2
    assert complaint in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_second_store_that_is_not_mounted_is_one_sentence(home: Path, tmp_path: Path) -> None:
    run = courtrec(home, "fsck", "--repair", COURTREC_REPLICA_FOLDER=str(tmp_path / "away"))
    assert run.returncode == 2
    assert "COURTREC_REPLICA_FOLDER" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "away").exists()


@pytest.mark.parametrize(("column", "value"), [("stored_at", "yesterday"), ("size", "big")])
def test_a_damaged_list_of_objects_is_one_sentence(home: Path, column: str, value: str) -> None:
    with closing(sqlite3.connect(home / "courtrec.db")) as damaged, damaged:
        damaged.execute(f"UPDATE objects SET {column} = ?", (value,))  # noqa: S608 - ours
    run = courtrec(home, "fsck")
    assert run.returncode == 1
    assert "run courtrec verify" in run.stderr
    assert "Traceback" not in run.stderr
