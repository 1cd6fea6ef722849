"""`courtrec copy` and `courtrec export-file`."""

import json
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from typer.testing import CliRunner

from api.cli.copies import copy_hearing, trace_file
from api.cli.exports import export_file
from api.cli.main import app
from api.copy_orders import Wish
from court.errors import CourtError, InputError
from court.openness import Openness
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file
from tests.factories.backups import keys_in_files
from tests.factories.copies import CLOSED_WORDS, OPEN_WORDS, delivered
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server, make_server


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_copy_is_made_on_the_command_line(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, path = make_server(database, tmp_path), tmp_path / "copy.zip"
    keys_in_files(tmp_path)
    hearing = delivered(server)
    monkeypatch.setenv("COURTREC_HOME", str(tmp_path))
    order = ["copy", hearing, str(path), "--to", "Ким А. Б.", "--ground", "ходатайство", "--track", "mic-judge"]
    made = CliRunner().invoke(app, order)
    assert made.exit_code == 0, made.exception
    written, verify = made.stdout.splitlines()[-2:]
    assert written.startswith(f"Written: {path}, copy No. 1, SHA-256 ")
    with zipfile.ZipFile(path) as archive:
        words = archive.read("transcript.vtt").decode()
    assert OPEN_WORDS in words
    assert CLOSED_WORDS not in words
    *command, key = shlex.split(verify)
    assert command == ["Verify:", "courtrec", "verify", str(path), "--key"]
    assert check_file(path, key).whole
    with pytest.raises(InputError, match="exists already and is not written over"):
        CliRunner().invoke(app, order, catch_exceptions=False)
    with database.read() as work:
        [row] = work.copies.of(hearing)
        assert (row.role, row.recipient, row.tracks) == ("operator", "Ким А. Б.", ["mic-judge"])
        assert row.fetched_at is not None


@pytest.fixture
def home(small: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a court whose hearing has transcript and signed protocol."""
    monkeypatch.setenv("COURTREC_HOME", str(small.context.settings.home))
    return small.context.settings.home


def downloads(server: Server) -> list[str]:
    with server.context.database.read() as work:
        leaves = [parse(row.entry) for row in work.log.entries(HEARING)]
    told = [one.body for one in leaves if one.kind is LeafKind.ACCESS and one.body["object"].startswith("export.")]
    return [f"{one['role']} {one['action']} {one['object']}" for one in told]


def test_files_for_other_programs_are_written_and_journalled(home: Path, small: Server, tmp_path: Path) -> None:
    checks: dict[str, Callable[[Path], bool]] = {
        "json": lambda path: json.loads(path.read_text("utf-8"))["document"]["hearing"] == HEARING,
        "docx": lambda path: bool(docx.Document(str(path)).paragraphs),
        "vtt": lambda path: "Садитесь, пожалуйста." in path.read_text("utf-8"),
        "rttm": lambda path: path.read_text("utf-8").startswith(f"SPEAKER {HEARING} 1 "),
    }
    for ending, check in checks.items():
        path = tmp_path / f"file.{ending}"
        told = CliRunner().invoke(app, ["export-file", HEARING, str(path)])
        assert (told.exit_code, told.stdout) == (0, f"Written: {path}\n")
        assert check(path), ending
    assert downloads(small) == [f"operator download export.{ending}" for ending in checks]


def test_what_cannot_be_exported_is_one_sentence_and_no_file(home: Path, small: Server, tmp_path: Path) -> None:
    there = tmp_path / "there.vtt"
    there.write_text("mine")
    for hearing, path, sentence in (
        (HEARING, tmp_path / "file.pdf", "use one of"),
        (HEARING, there, "exists already and is not written over"),
        (HEARING, tmp_path / "no" / "file.vtt", "cannot be written"),
        (HEARING[:-1] + "9", tmp_path / "file.vtt", "no such hearing"),
    ):
        with pytest.raises(CourtError, match=sentence):
            export_file(hearing, path)
    assert there.read_text() == "mine"
    small.order(HEARING, Openness.CLOSED, 1500, 1600)
    with pytest.raises(CourtError, match="closed"):
        export_file(HEARING, tmp_path / "file.docx")
    export_file(HEARING, tmp_path / "file.vtt")
    assert "Слушается" not in (tmp_path / "file.vtt").read_text("utf-8")
    assert {one.name for one in tmp_path.glob("file.*")} == {"file.vtt"}


def test_what_is_wrongly_asked_of_a_trace_names_nobody(home: Path, tmp_path: Path) -> None:
    leak = tmp_path / "leak.mp3"
    with pytest.raises(InputError, match=r"no file .*leak\.mp3"):
        trace_file(leak, HEARING)
    leak.write_bytes(b"never looked at")
    with pytest.raises(InputError, match="no hearing ГД 1/26, and none of a case with this number"):
        trace_file(leak, "ГД 1/26")
    with pytest.raises(InputError, match="No copy of it bears a mark"):
        trace_file(leak, HEARING)


def test_a_copy_that_has_no_place_is_not_made(home: Path, small: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        copy_hearing(HEARING, tmp_path / "no" / "copy.zip", Wish("Ким А. Б.", "ходатайство"))
    with small.context.database.read() as work:
        assert not work.copies.of(HEARING)
