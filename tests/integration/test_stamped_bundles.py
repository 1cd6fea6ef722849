"""Bundles with time-stamps: what an authority vouches for is checked offline, and every damage is named."""

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner

from api.cli.main import app
from court.errors import InputError
from storage.ledger.checkpoint import sign_checkpoint, signed_text
from storage.ledger.heads import Outsiders
from storage.ledger.tst import load_roots
from storage.offline import check_file, read_outsiders
from storage.verifier_archive import verifier_archive
from tests.factories.bundles import Parts, contents_of, exported, read_parts, with_contents, write_parts
from tests.factories.evidence import OTHER
from tests.factories.hearing_log import made_hearing
from tests.factories.server import LOG_KEY
from tests.factories.stamped_bundles import KEY, WITNESS, grow, make_court, stamp_all, told
from tests.factories.stamping import PAST, note_of
from tests.factories.tokens import AT, STAMPING, Holder, Recipe, make_token, root
from tests.services.fixtures import or_skip
from tests.services.timestamps import timestamp_server

SEED = 20261125


FLIPS = 150


LONG = PAST - timedelta(days=1), PAST + timedelta(days=20_000)


OWN = root("Own root", valid=LONG)


OWN_SIGNER = OWN.issue("Own authority", {STAMPING: True}, valid=LONG)


@dataclass(frozen=True)
class Stamped:
    """A bundle with two tokens: over the log at the hearing's end, `first`, and over the newest, `last`."""

    parts: Parts
    first: int
    last: int
    roots: Path
    text: bytes
    """What the first token is over."""

    @property
    def trusting(self) -> Outsiders:
        return Outsiders(load_roots(self.roots.read_bytes()))

    @property
    def token(self) -> str:
        return f"heads/{self.first}.1.tst"


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamped]:
    folder = tmp_path_factory.mktemp("stamped")
    with pytest.MonkeyPatch.context() as patch, or_skip(timestamp_server(folder / "authority")) as authority:
        patch.setenv("NO_PROXY", "127.0.0.1")
        server = make_court(folder, authority)
        first = stamp_all(server)
        server.receive(made_hearing(OTHER, start=PAST))
        for _ in range(2):  # the token in the middle says nothing that the two do not
            grow(server)
            last = stamp_all(server)
        grow(server)
        parts = read_parts(exported(server, folder / "bundle.zip"))
        text = signed_text(note_of(server, first))
        server.context.database.dispose()
        yield Stamped(parts, first, last, authority.roots, text)


def test_first_and_newest_token_go_with_the_bundle_and_say_since_when_it_exists(
    stamped: Stamped, tmp_path: Path
) -> None:
    heads = {name for name in stamped.parts if name.startswith("heads/")}
    assert heads == {f"heads/{size}{end}" for size in (stamped.first, stamped.last) for end in (".txt", ".1.tst")}
    lines = told(tmp_path, stamped.parts, stamped.trusting)
    assert lines[0].startswith("Whole")
    first, newest = [line for line in lines if "existed by" in line]
    total = len(contents_of(stamped.parts)["indices"])
    hearing = stamped.first - 1  # the log's first entry enrols the node, and is none of the hearing's
    assert first.startswith(f"{hearing} of its {total} entries existed by 20")
    assert first.endswith(" UTC, as a token of CN=Test authority proves.")
    assert newest.startswith(f"{total - 2} of its {total} entries")  # not the last order, and not the copy itself


def test_without_roots_it_says_that_nobody_was_asked_who_the_authority_is(stamped: Stamped, tmp_path: Path) -> None:
    lines = told(tmp_path, stamped.parts)
    assert lines[0].startswith("Whole")
    one, other = [line for line in lines if "existed by" in line]
    for line in (one, other):
        assert "as a token says that names CN=Test authority as its authority" in line
        assert "was not checked" in line
        assert "--timestamp-roots" in line


def test_a_bundle_from_before_there_were_tokens_and_statements_is_whole(stamped: Stamped, tmp_path: Path) -> None:
    contents = contents_of(stamped.parts)
    del contents["heads"], contents["rotations"], contents["restorations"]
    old = {name: content for name, content in stamped.parts.items() if not name.startswith("heads/")}
    old["bundle.json"] = json.dumps(contents).encode()
    assert not [line for line in told(tmp_path, old) if "existed" in line or "time-stamp" in line]
    lines = told(tmp_path, old, stamped.trusting)
    assert lines[0].startswith("Whole")
    assert lines[-1] == "No time-stamp was handed out with it."


def test_openssl_believes_the_parts_as_the_readme_says(stamped: Stamped, tmp_path: Path) -> None:
    (tmp_path / "token.tst").write_bytes(stamped.parts[stamped.token])
    (tmp_path / "text").write_bytes(b"".join(stamped.parts[f"heads/{stamped.first}.txt"].splitlines(True)[:3]))
    assert b"openssl ts -verify -token_in" in stamped.parts["README.txt"]
    command = ["openssl", "ts", "-verify", "-token_in", "-in", "token.tst", "-data", "text", "-CAfile", stamped.roots]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"Verification: OK\n"), done.stderr


def made(stamped: Stamped, signer: Holder = OWN_SIGNER, at: datetime = PAST + timedelta(hours=1)) -> Parts:
    """With a token made by hand in the place of the first."""
    return {**stamped.parts, stamped.token: make_token(stamped.text, signer, how=Recipe(at=at))}


def without(stamped: Stamped, gone: str) -> Parts:
    return {name: part for name, part in stamped.parts.items() if name != gone}


def changed_head(stamped: Stamped, place: int, change: Callable[[object], object]) -> Parts:
    heads = contents_of(stamped.parts)["heads"]
    heads[0][place] = change(heads[0][place])
    return with_contents(stamped.parts, heads=heads)


def renamed(stamped: Stamped) -> Parts:
    """The first head says that it is of one entry more."""
    names = {f"heads/{stamped.first}{end}": f"heads/{stamped.first + 1}{end}" for end in (".txt", ".1.tst")}
    return {names.get(name, name): content for name, content in changed_head(stamped, 0, lambda size: size + 1).items()}


def rewritten(stamped: Stamped) -> Parts:
    """Another history of the log, with the court's own signature and a token over it: not this log's beginning."""
    note = sign_checkpoint("courtrec", stamped.first, bytes(32), LOG_KEY)
    token = make_token(signed_text(note), OWN_SIGNER, how=Recipe(at=PAST + timedelta(hours=1)))
    return {**stamped.parts, f"heads/{stamped.first}.txt": note.encode(), stamped.token: token}


NOT_YET = OWN.issue("Own authority", {STAMPING: True}, valid=(PAST + timedelta(hours=2), PAST + timedelta(days=9)))


FOR_SERVERS = OWN.issue("Own authority", {x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]): True})


BY_NOBODY = root("Nobody", valid=LONG).issue(
    "Nobody's authority", {STAMPING: True}, valid=(PAST, PAST + timedelta(days=9))
)


DAMAGES: dict[str, tuple[Callable[[Stamped], Parts], str]] = {
    "half a token": (
        lambda one: {**one.parts, one.token: one.parts[one.token][:300]},
        "cannot be believed: This is no time-stamp",
    ),
    "no token": (lambda one: without(one, one.token), ".1.tst of the bundle is missing"),
    "a token over another head": (
        lambda one: {**one.parts, one.token: one.parts[f"heads/{one.last}.1.tst"]},
        "made over something else",
    ),
    "a token more": (
        lambda one: {**one.parts, f"heads/{one.first}.2.tst": one.parts[one.token]},
        "not in the list of contents",
    ),
    "a token announced that is not there": (lambda one: changed_head(one, 1, lambda count: count + 1), ".2.tst"),
    "tokens without end": (lambda one: changed_head(one, 1, lambda count: 17), "'heads'"),
    "heads without end": (lambda one: with_contents(one.parts, heads=contents_of(one.parts)["heads"] * 20), "'heads'"),
    "a size that is none": (lambda one: changed_head(one, 0, lambda size: -1), "'heads'"),
    "no head": (lambda one: without(one, f"heads/{one.first}.txt"), "missing"),
    "a damaged head": (
        lambda one: {**one.parts, f"heads/{one.first}.txt": b"\xff" + one.text},
        "cannot be believed: This is not a signed",
    ),
    "a head of another size": (renamed, "It is not of the first"),
    "a head of another log": (rewritten, "The signed log does not begin with its"),
    "the proof cut short": (lambda one: changed_head(one, 2, lambda proof: proof[:-1]), "does not begin with its"),
    "the proof altered": (lambda one: changed_head(one, 2, lambda proof: ["ab" * 32, *proof[1:]]), "does not begin"),
    "a token dated back": (lambda one: made(one, at=PAST + timedelta(seconds=1) - timedelta(minutes=6)), "back-dated"),
    "a certificate not valid yet": (lambda one: made(one, NOT_YET), "was not valid at the token's time"),
    "a certificate for servers": (lambda one: made(one, FOR_SERVERS, at=AT), "is not for time-stamping alone"),
    "an authority nobody knows": (lambda one: made(one, BY_NOBODY), "does not lead to a certificate that is trusted"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_wrong_with_a_token_or_its_head_is_named(stamped: Stamped, tmp_path: Path, name: str) -> None:
    damage, complaint = DAMAGES[name]
    trusting = Outsiders([OWN.certificate, *load_roots(stamped.roots.read_bytes())])
    assert told(tmp_path, made(stamped), trusting)[0].startswith("Whole")
    lines = told(tmp_path, damage(stamped), trusting)
    assert lines[0].startswith("UNREADABLE") or lines[-1] == "1 fault(s) found.", lines
    assert complaint in lines[0]


def test_another_authority_than_the_trusted_is_named(stamped: Stamped, tmp_path: Path) -> None:
    first, _, last = told(tmp_path, stamped.parts, Outsiders([OWN.certificate]))
    assert "CN=Test authority, does not lead to a certificate that is trusted here" in first
    assert last == "2 fault(s) found."


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verifier") / "courtrec-verify.pyz"
    path.write_bytes(verifier_archive())
    return path


_BATCH = """
import sys
program, key, roots, *paths = sys.argv[1:]
sys.path.insert(0, program)
from pathlib import Path
from storage import offline
assert offline.__file__.startswith(program)
for path in paths:
    told = offline.check_file(Path(path), key, offline.read_outsiders(Path(roots), []))
    print(repr((told.code, told.lines)))
"""


def test_every_flipped_bit_of_a_token_is_found_by_both_programs(
    stamped: Stamped, program: Path, tmp_path: Path
) -> None:
    chance, paths, said = random.Random(SEED), [], []
    tokens = [name for name in stamped.parts if name.endswith(".tst")]
    for number in range(FLIPS):
        name = chance.choice(tokens)
        altered = bytearray(stamped.parts[name])
        altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
        paths.append(write_parts(tmp_path / f"{number}.zip", {**stamped.parts, name: bytes(altered)}))
        found = check_file(paths[-1], KEY, stamped.trusting)
        assert len(found.lines) == 2, found.lines
        assert name in found.lines[0]
        said.append(repr((found.code, found.lines)))
    command = [sys.executable, "-c", _BATCH, program, KEY, stamped.roots, *paths]
    theirs = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert theirs.stdout.splitlines() == said
    assert theirs.stderr == ""


def test_program_and_command_take_the_certificates_as_a_file(stamped: Stamped, program: Path, tmp_path: Path) -> None:
    path = write_parts(tmp_path / "bundle.zip", stamped.parts)
    given = [path, "--key", KEY, "--timestamp-roots", stamped.roots, "--witness", WITNESS.verifier_key]
    run = subprocess.run([sys.executable, program, *given], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0
    assert run.stdout.count("as a token of CN=Test authority proves.") == 2
    typed = CliRunner().invoke(app, ["verify", *map(str, given)])
    assert (typed.exit_code, typed.output) == (0, run.stdout)
    wrong = [sys.executable, program, path, "--timestamp-roots", tmp_path / "nothing.pem"]
    refused = subprocess.run(wrong, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert refused.stderr.endswith("cannot be used (No such file or directory): name a PEM file.\n")


def test_trust_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "roots.pem"
    path.write_bytes(b"no certificate")
    with pytest.raises(InputError, match=r"roots\.pem cannot be used \(it holds no certificate in PEM\): name a PEM"):
        read_outsiders(path, [])
    with pytest.raises(InputError, match="witness's key 'nobody' cannot be used"):
        read_outsiders(None, ["nobody"])
