"""Replacing a key: what both keys state, which old keys count, and what lies beside the new key file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import durable, keyring
from storage.errors import KeyFileError, LedgerError
from storage.keyring import load_ring, retired_path, rotate, rotation_path, stated_restorations
from storage.keys import load, load_or_create, load_public, public_path
from storage.ledger.checkpoint import key_hash, sign_checkpoint, signature_line, signed_text, verify_checkpoint
from storage.ledger.ed25519 import SigningKey, key_id
from storage.ledger.rotation import leading_to, parse_rotation, sign_rotation
from tests.factories.objects import OTHERS, put_other

ORIGIN = "court.example/log"
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAYS = timedelta(days=30)
KEYS = [SigningKey.from_seed(bytes([number]) * 32) for number in range(5)]
STATED = [sign_rotation(ORIGIN, "log", KEYS[number], KEYS[number + 1], AT) for number in range(3)]


def test_a_statement_reads_as_it_was_signed() -> None:
    assert parse_rotation(STATED[0].note) == STATED[0]
    assert (STATED[0].old, STATED[0].new, STATED[0].at) == (KEYS[0].public, KEYS[1].public, AT)
    assert STATED[0].note.startswith(f"courtrec/key-rotation/v1\n{ORIGIN}\nlog\n")


@pytest.mark.parametrize("line", [4, 5])
def test_both_keys_must_have_signed(line: int) -> None:
    lines = STATED[0].note.split("\n")
    del lines[line + 3]
    with pytest.raises(LedgerError, match="both keys signed"):
        parse_rotation("\n".join(lines))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("log\n", "server\n"),
        (ORIGIN, "another.example"),
        ("2026-11-22", "2026-11-23"),
        ("T09:00:00.000Z", "T9Z"),
        ("v1", "v2"),
        (STATED[0].note.split("\n")[4], STATED[1].note.split("\n")[4]),
        (STATED[0].note.split("\n")[4], STATED[0].note.split("\n")[3]),
        ("— ", "- "),
    ],
)
def test_an_altered_statement_is_refused(old: str, new: str) -> None:
    assert old in STATED[0].note
    with pytest.raises(LedgerError):
        parse_rotation(STATED[0].note.replace(old, new))


def signed(text: str) -> str:
    """Any text, as a note of both keys."""
    keys = KEYS[0], KEYS[1]
    raws = [key_hash(ORIGIN, key.public) + key.sign(text.encode()) for key in keys]
    return f"{text}\n{''.join(signature_line(ORIGIN, raw) for raw in raws)}"


@pytest.mark.parametrize(
    ("old", "new"), [("", ""), ("key-rotation/v1", "something/v1"), ("2026-11-22T09", "soon"), (".000Z", "Z")]
)
def test_both_keys_may_sign_many_things_but_only_one_form_is_a_statement(old: str, new: str) -> None:
    note = signed(signed_text(STATED[0].note).decode().replace(old, new))
    if old == new:
        assert parse_rotation(note) == STATED[0]
        return
    with pytest.raises(LedgerError, match="no statement"):
        parse_rotation(note)


def test_a_checkpoint_is_no_statement_and_a_statement_no_checkpoint() -> None:
    with pytest.raises(LedgerError, match="no statement"):
        parse_rotation(sign_checkpoint(ORIGIN, 1, bytes(32), KEYS[0], KEYS[1]))
    with pytest.raises(LedgerError):
        verify_checkpoint(STATED[0].note, ORIGIN, [KEYS[0].public])


def test_the_old_keys_are_those_that_lead_to_the_present_one() -> None:
    assert leading_to(KEYS[3].public, STATED) == [STATED[2], STATED[1], STATED[0]]
    assert leading_to(KEYS[1].public, STATED) == [STATED[0]]
    assert leading_to(KEYS[0].public, STATED) == []


def test_a_stolen_old_key_introduces_nobody() -> None:
    thief = sign_rotation(ORIGIN, "log", KEYS[0], KEYS[4], AT)
    assert thief not in leading_to(KEYS[3].public, [*STATED, thief])


def test_statements_in_a_circle_end() -> None:
    back = sign_rotation(ORIGIN, "log", KEYS[3], KEYS[0], AT)
    assert len(leading_to(KEYS[3].public, [*STATED, back])) == 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "log.ed25519"
    load_or_create(found)
    return found


def test_the_new_key_takes_the_files_place_and_the_old_one_stays_beside(path: Path) -> None:
    old = load(path)
    stated = rotate(path, "log", ORIGIN, AT)
    new = load(path)
    assert (stated.old, stated.new) == (old.public, new.public)
    assert old.public != new.public == load_public(public_path(path)).raw
    kept = retired_path(path, old.key_id)
    assert load(kept).public == old.public
    assert kept.stat().st_mode & 0o777 == 0o600
    ring = load_ring(path, "log", ORIGIN, DAYS)
    assert ring.public == (new.public, old.public)


def test_both_keys_sign_during_the_overlap_and_the_new_one_alone_after_it(path: Path) -> None:
    old = load(path)
    rotate(path, "log", ORIGIN, AT)
    ring = load_ring(path, "log", ORIGIN, DAYS)
    assert [one.public for one in ring.signers(AT + DAYS - timedelta(seconds=1))] == list(ring.public)
    assert [one.public for one in ring.signers(AT + DAYS)] == [ring.key.public]
    note = sign_checkpoint(ORIGIN, 1, bytes(32), *ring.signers(AT))
    assert verify_checkpoint(note, ORIGIN, [old.public]) == verify_checkpoint(note, ORIGIN, [ring.key.public])
    retired_path(path, old.key_id).unlink()  # stolen: a person took it away
    without = load_ring(path, "log", ORIGIN, DAYS)
    assert [one.public for one in without.signers(AT)] == [without.key.public]
    assert without.public == ring.public


def test_keys_are_rotated_again_and_again(path: Path) -> None:
    seen = [load(path).public]
    for number in range(3):
        rotate(path, "log", ORIGIN, AT + number * DAYS)
        seen.append(load(path).public)
    assert load_ring(path, "log", ORIGIN, DAYS).public == tuple(reversed(seen))


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_power_cut_in_between_leaves_the_old_key_and_the_next_try_succeeds(
    path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    old, replace_file, left = load(path), durable.replace, iter(range(writes))

    def cut(target: Path, data: bytes, mode: int = 0o644) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        replace_file(target, data, mode)

    with monkeypatch.context() as broken:
        broken.setattr(keyring.durable, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            rotate(path, "log", ORIGIN, AT)
    assert load_ring(path, "log", ORIGIN, DAYS).public == (old.public,)
    assert load_public(public_path(path)).raw == old.public
    rotate(path, "log", ORIGIN, AT)
    assert load_ring(path, "log", ORIGIN, DAYS).public == (load(path).public, old.public)


def test_two_who_rotate_at_once_do_not_mix(path: Path) -> None:
    with (
        durable.sole_holder(path.with_name(f".{path.name}.lock")),
        pytest.raises(KeyFileError, match="replaced by another program"),
    ):
        rotate(path, "log", ORIGIN, AT)
    assert load_ring(path, "log", ORIGIN, DAYS).former == ()


def test_a_statement_that_was_altered_or_is_of_another_key_is_named(path: Path) -> None:
    old = load(path)
    stated = rotate(path, "log", ORIGIN, AT)
    lies = rotation_path(path, old.key_id)
    lies.write_text(stated.note.replace("log\n", "server\n"))
    with pytest.raises(KeyFileError, match=r"\.rotation cannot be believed: .* Restore it from the backup\.$"):
        load_ring(path, "log", ORIGIN, DAYS)
    lies.write_text(sign_rotation(ORIGIN, "server", old, load(path), AT).note)
    with pytest.raises(KeyFileError, match="is of a server key"):
        load_ring(path, "log", ORIGIN, DAYS)
    lies.write_text(stated.note)
    with pytest.raises(KeyFileError, match="does not belong here"):
        load_ring(path, "log", "another", DAYS)


def test_a_statement_that_is_gone_leaves_the_old_key_unknown(path: Path) -> None:
    old = load(path)
    rotate(path, "log", ORIGIN, AT)
    rotation_path(path, old.key_id).unlink()
    assert old.public not in load_ring(path, "log", ORIGIN, DAYS).public


@pytest.mark.parametrize("what", ["a named pipe", "a socket", "a folder"])
def test_what_is_no_file_beside_a_key_is_named_and_never_waited_for(tmp_path: Path, what: str) -> None:
    path = tmp_path / "log.ed25519"
    load_or_create(path)
    OTHERS[what](tmp_path / "log.0123.restored")
    [told] = stated_restorations(path, ORIGIN, [])
    assert f"{tmp_path}/log.0123.restored of a restoration cannot be believed: it is {what}, not a file" in str(told)
    stated = rotate(path, "log", ORIGIN, AT)
    for beside in (retired_path(path, key_id(stated.old)), rotation_path(path, key_id(stated.old))):
        kept = beside.read_bytes()
        put_other(beside, what)
        with pytest.raises(KeyFileError, match=f"{beside.name} cannot be read .it is {what}, not a file"):
            load_ring(path, "log", ORIGIN, DAYS)
        beside.rmdir() if what == "a folder" else beside.unlink()
        beside.write_bytes(kept)
        beside.chmod(0o600)
