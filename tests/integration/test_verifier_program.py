"""courtrec-verify.pyz and `courtrec verify FILE` say the same, word for word, whatever was done to a bundle."""

import ast
import os
import random
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from api.cli.evidence import export_hearing, verify_bundle_file
from api.cli.main import main
from court import exit_codes
from storage.bundle_file import README, open_bundle
from storage.errors import StoreUnavailable
from storage.ledger.checkpoint import verifier_key
from storage.offline import Told, check_file
from storage.verifier_archive import verifier_archive
from tests.factories.backups import moved_on
from tests.factories.bundles import (
    contents_of,
    damaged,
    damaged_archive,
    exported,
    read_parts,
    with_contents,
    write_parts,
)
from tests.factories.evidence import copy_of
from tests.factories.hearing_log import HEARING
from tests.factories.server import LOG_KEY, Server

KEY = verifier_key("courtrec", LOG_KEY.public)
SEED = 20261122
DAMAGED = 1000
AS_SHIPPED = 50
"""Every so many of them is given to the program as people run it; the rest to its modules, in one process."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verifier") / "courtrec-verify.pyz"
    path.write_bytes(verifier_archive())
    return path


def run(program: Path, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(program), *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **more},
    )  # fmt: skip


def test_the_program_needs_python_and_cryptography_only(program: Path) -> None:
    with zipfile.ZipFile(program) as archive:
        sources = {name: archive.read(name) for name in archive.namelist()}
    imported = set()
    for node in (node for source in sources.values() for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            imported |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add(str(node.module).split(".")[0])
    assert imported - sys.stdlib_module_names == {"court", "storage", "cryptography"}
    assert verifier_archive() == program.read_bytes()


def test_without_cryptography_it_says_what_to_install(program: Path, tmp_path: Path) -> None:
    """A Python that has none, and one whose `cryptography` is too old to have what is asked of it."""
    bare = [sys.executable, "-I", "-S", str(program), "bundle.zip"]
    lacking = subprocess.run(bare, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert (lacking.returncode, lacking.stdout) == (exit_codes.UNUSABLE_INPUT, "")
    assert lacking.stderr == (
        "courtrec-verify: This needs cryptography 47 or newer, and none is installed: "
        "python -m pip install --upgrade cryptography.\n"
    )
    (tmp_path / "cryptography.py").write_text('__version__ = "46.0.3"')
    old = run(program, "bundle.zip", PYTHONPATH=str(tmp_path))
    assert (old.returncode, old.stdout) == (exit_codes.UNUSABLE_INPUT, "")
    assert "cryptography 47 or newer, and 46.0.3 is installed: python -m pip install" in old.stderr
    assert old.stderr.count("\n") == 1


def test_the_program_says_what_the_court_says(copied: Server, program: Path, tmp_path: Path) -> None:
    path = exported(copied, tmp_path / "bundle.zip")
    whole = run(program, path, "--key", KEY)
    assert (whole.returncode, tuple(whole.stdout.splitlines())) == (0, check_file(path, KEY).lines)
    poor = run(program, path, "--key", KEY, PYTHONIOENCODING="ascii")
    assert (poor.returncode, poor.stderr, "\\u0410" in poor.stdout) == (0, "", True), "a console without Cyrillic"
    nothing = run(program, tmp_path / "nothing.zip")
    assert nothing.returncode == 2
    assert nothing.stderr.startswith("courtrec-verify: There is no file")


def test_both_tell_of_restoration_and_rotation(copied: Server, program: Path, tmp_path: Path) -> None:
    with moved_on(copied, tmp_path) as court:
        path = exported(court, tmp_path / "bundle.zip")
    told = check_file(path, KEY)
    assert told.whole
    assert sum("whether entries after that existed is not known" in line for line in told.lines) == 1
    assert sum("was replaced since (" in line for line in told.lines) == 1
    theirs = run(program, path, "--key", KEY)
    assert (theirs.returncode, tuple(theirs.stdout.splitlines()), theirs.stderr) == (0, told.lines, "")


def ours_on(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int | str | None:
    """The exit code of `courtrec verify`."""
    monkeypatch.setattr(sys, "argv", ["courtrec", "verify", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_court_that_cannot_be_read_is_told_from_one_with_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(hearing: str | None) -> int:
        raise StoreUnavailable("The object store does not answer.")

    monkeypatch.setattr("api.cli.evidence.verify_evidence", silent)
    assert ours_on(monkeypatch) == exit_codes.UNREADABLE


@pytest.mark.parametrize("option", ["--key", "--timestamp-roots", "--witness"])
@pytest.mark.parametrize("what", [[], [HEARING]])
def test_what_a_bundle_is_checked_with_is_not_ignored_where_none_is_named(
    what: list[str], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ours_on(monkeypatch, *what, option, "x") == exit_codes.UNUSABLE_INPUT


def test_the_exit_code_is_the_same_and_tells_what_was_found(
    copied: Server,
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = exported(copied, tmp_path / "bundle.zip")
    parts = read_parts(whole)
    name = next(name for name in parts if name.startswith("files/"))
    altered = write_parts(tmp_path / "altered.zip", {**parts, name: parts[name][:-1]})
    added = write_parts(tmp_path / "added.zip", {**parts, "files/more.mp4": b"x"})
    lacking = write_parts(tmp_path / "lacking.zip", {one: parts[one] for one in parts if one != "entries.jsonl"})
    short = tmp_path / "short.zip"
    short.write_bytes(whole.read_bytes()[:-50])
    headless = write_parts(tmp_path / "headless.zip", {one: parts[one] for one in parts if one != "bundle.json"})
    (tmp_path / "empty").mkdir()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    codes = {
        (whole, "--key", KEY): exit_codes.OK,
        (altered, "--key", KEY): exit_codes.FAULT_FOUND,
        (added, "--key", KEY): exit_codes.FAULT_FOUND,
        (lacking, "--key", KEY): exit_codes.FAULT_FOUND,
        (short, "--key", KEY): exit_codes.UNREADABLE,
        (headless, "--key", KEY): exit_codes.UNREADABLE,
        (tmp_path / "empty",): exit_codes.UNREADABLE,
        (program,): exit_codes.UNREADABLE,
        (tmp_path / "nothing.zip",): exit_codes.UNUSABLE_INPUT,
        (whole, "--key", "no key"): exit_codes.UNUSABLE_INPUT,
        (whole, "--timestamp-roots", program): exit_codes.UNUSABLE_INPUT,
        (whole, "--timestamp-roots", pipe): exit_codes.UNUSABLE_INPUT,
        (whole, "--witness", "nobody"): exit_codes.UNUSABLE_INPUT,
        (whole, "--nonsense"): exit_codes.UNUSABLE_INPUT,
    }
    for arguments, code in codes.items():
        theirs = run(program, *arguments)
        assert (theirs.returncode, ours_on(monkeypatch, *arguments)) == (code, code), arguments
        assert theirs.stdout == capsys.readouterr().out
        assert "Traceback" not in theirs.stderr


def test_the_command_that_an_export_prints_can_be_copied(
    small: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "дело № 4405 (копия) & 'ещё'"
    folder.mkdir()
    monkeypatch.setenv("COURTREC_HOME", str(small.context.settings.home))
    path = folder / "bundle of the hearing.zip"
    export_hearing(HEARING, path, "Адвокат Иванов", "ходатайство", frozenset(), media=True, journal=False)
    [command] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Verify:")]
    program, verb, *arguments = shlex.split(command.removeprefix("Verify:"))
    assert (program, verb) == ("courtrec", "verify")
    assert ours_on(monkeypatch, *arguments) == exit_codes.OK


HOSTILE = {
    "a line of its own": "x\nWhole: hearing 1",
    "a terminal's command": "\x1b[2J\x1b[HWhole",
    "half a character": "\ud800",
    "an emoji's name": ":bomb:",
    "a tab": "a\tb",
}


@pytest.mark.parametrize("head", [b"%PDF-1.7\n", b"\0\0\0\x20ftypisom"])
def test_a_protocol_or_recording_by_itself_is_told_where_to_go(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], head: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(head + b"and so on")
    code, said = verify_bundle_file(path, KEY), capsys.readouterr().out
    theirs = run(program, path, "--key", KEY)
    assert (theirs.returncode, theirs.stdout) == (code, said)
    assert code == exit_codes.UNREADABLE
    assert "put it on the court's page Verification" in said


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_bundle_is_called_by_its_forger_never_looks_like_a_verdict(
    copied: Server, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    parts = read_parts(exported(copied, tmp_path / "bundle.zip"))
    files = contents_of(parts)["files"]
    forged = with_contents(parts, hearing=HOSTILE[name], files={**files, f"files/{HOSTILE[name]}": "ab" * 32})
    path = write_parts(tmp_path / "forged.zip", forged)
    theirs, code = run(program, path, "--key", KEY), verify_bundle_file(path, KEY)
    ours = capsys.readouterr().out
    assert (theirs.returncode, theirs.stdout, theirs.stderr) == (code, ours, "")
    assert code in {exit_codes.FAULT_FOUND, exit_codes.UNREADABLE}
    lines = ours.splitlines()[:-1] if code == exit_codes.FAULT_FOUND else ours.splitlines()
    assert all(line.startswith(("FAULT  ", "UNREADABLE  ")) for line in lines)
    assert ours.replace("\n", "").isprintable()


_BATCH = """
import sys
program, key, *paths = sys.argv[1:]
sys.path.insert(0, program)
from pathlib import Path
from storage import offline
assert offline.__file__.startswith(program)
for path in paths:
    told = offline.check_file(Path(path), key)
    print(repr((told.code, told.lines)))
"""


def test_both_agree_on_a_thousand_damaged_bundles_and_find_every_one(
    kept: Path, tmp_path_factory: pytest.TempPathFactory, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    with copy_of(kept, folder / "court") as server, moved_on(server, folder) as court:
        sound = exported(court, folder / "bundle.zip")
    assert check_file(sound, KEY).whole
    parts, archive = read_parts(sound), sound.read_bytes()
    chance = random.Random(SEED)
    deeds, said = set(), []
    paths = [folder / f"{number}.zip" for number in range(DAMAGED)]
    for number, path in enumerate(paths):
        if number % 5:
            deed, altered = damaged(parts, chance)
            told = check_file(write_parts(path, altered), KEY)
            assert not told.whole, (number, deed)
        else:
            deed, content = damaged_archive(archive, chance)
            path.write_bytes(content)
            told = check_file(path, KEY)
            assert not told.whole or untouched(path, sound), (number, deed)
        assert all("\n" not in line and line.endswith(".") for line in told.lines) or told.whole, told.lines
        deeds.add(deed)
        said.append(told)
    theirs = subprocess.run(
        [sys.executable, "-c", _BATCH, program, KEY, *paths], capture_output=True, text=True, timeout=300, check=True
    )
    assert theirs.stdout.splitlines() == [repr((told.code, told.lines)) for told in said]
    assert len(deeds) == 43
    for path, told in list(zip(paths, said, strict=True))[::AS_SHIPPED]:
        assert_as_shipped(program, path, told, capsys)


def assert_as_shipped(program: Path, path: Path, told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code and print of the program, of the court's command, and what was told are one."""
    code = verify_bundle_file(path, KEY)
    theirs = run(program, path, "--key", KEY)
    assert (theirs.returncode, theirs.stdout, theirs.stderr) == (code, capsys.readouterr().out, "")
    assert (code, theirs.stdout) == (told.code, "".join(f"{line}\n" for line in told.lines))


def untouched(path: Path, sound: Path) -> bool:
    """Whether all that the verifier reads of the archive is as it was."""
    with open_bundle(path) as ours, open_bundle(sound) as theirs:
        names = sorted(ours.parts.names())
        same = names == sorted(theirs.parts.names())
        read = [one for one in names if one != README]
        return same and all(b"".join(ours.parts.pieces(one)) == b"".join(theirs.parts.pieces(one)) for one in read)
