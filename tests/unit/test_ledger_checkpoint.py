import base64
from collections.abc import Callable

import pytest

from storage.errors import LedgerError
from storage.ledger.checkpoint import (
    Checkpoint,
    key_hash,
    parse_checkpoint,
    parse_note,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)
from storage.ledger.ed25519 import SigningKey, VerifyKey

ORIGIN = "court.example/log"
OLD = SigningKey.from_seed(b"old log key".ljust(32, b"."))
NEW = SigningKey.from_seed(b"new log key".ljust(32, b"."))
ROOT = bytes(range(32))
NOTE = sign_checkpoint(ORIGIN, 42, ROOT, NEW)

# The example of the signed-note format's reference implementation (package note of golang.org/x/mod).
PEER_PUBLIC = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
PEER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_reads_the_notes_of_the_reference_implementation() -> None:
    text, [line] = parse_note(PEER_NOTE)
    assert line.name == "PeterNeumann"
    assert line.key_hash == key_hash("PeterNeumann", PEER_PUBLIC) == bytes.fromhex("c74f20a3")
    assert VerifyKey(PEER_PUBLIC).verify(line.signature, text.encode())
    published = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert verifier_key("PeterNeumann", PEER_PUBLIC) == published
    with pytest.raises(LedgerError, match="no checkpoint"):
        parse_checkpoint(PEER_NOTE)


def test_the_note_is_exactly_the_checkpoint_format() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "42", base64.b64encode(ROOT).decode(), ""]
    mark, name, signature = lines[4].split(" ")
    assert (mark, name) == ("—", ORIGIN)
    raw = base64.b64decode(signature)
    assert raw[:4] == key_hash(ORIGIN, NEW.public)
    assert VerifyKey(NEW.public).verify(raw[4:], "\n".join([*lines[:3], ""]).encode())
    assert lines[5:] == [""]


def test_signed_checkpoints_are_verified() -> None:
    assert verify_checkpoint(NOTE, ORIGIN, [NEW.public]) == Checkpoint(ORIGIN, 42, ROOT)
    assert parse_checkpoint(NOTE) == Checkpoint(ORIGIN, 42, ROOT)


def test_keys_rotate() -> None:
    keys = [OLD.public, NEW.public]
    assert verify_checkpoint(NOTE, ORIGIN, keys).size == 42
    assert verify_checkpoint(sign_checkpoint(ORIGIN, 7, ROOT, OLD), ORIGIN, keys).size == 7
    with pytest.raises(LedgerError, match="no known key"):
        verify_checkpoint(NOTE, ORIGIN, [OLD.public])


def test_witness_lines_are_carried_along() -> None:
    witness = base64.b64encode(b"\x01\x02\x03\x04" + bytes(72)).decode()
    cosigned = f"{NOTE}— witness.example {witness}\n"
    assert verify_checkpoint(cosigned, ORIGIN, [NEW.public]).size == 42
    assert [line.name for line in parse_note(cosigned)[1]] == [ORIGIN, "witness.example"]


def test_extension_lines_are_signed_but_not_read() -> None:
    text = f"{ORIGIN}\n42\n{base64.b64encode(ROOT).decode()}\nextension\n"
    line = base64.b64encode(key_hash(ORIGIN, NEW.public) + NEW.sign(text.encode())).decode()
    assert verify_checkpoint(f"{text}\n— {ORIGIN} {line}\n", ORIGIN, [NEW.public]).size == 42


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note.replace("42", "43"),
        lambda note: note.replace("\n42\n", "\n042\n"),
        lambda note: note.replace("\n42\n", "\n٤٢\n"),
        lambda note: note.replace("\n42\n", "\n-42\n"),
        lambda note: note.replace(ORIGIN, "other.example/log"),
        lambda note: note.replace("AAEC", "BBEC"),
        lambda note: note.replace("—", "-"),
        lambda note: note[:-1],
        lambda note: note + "\n",
        lambda note: note + "x\n",
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace("42", "42\ud800"),
        lambda note: note[:60],
        lambda note: "",
        lambda note: note * 1000,
    ],
)
def test_damaged_notes_are_refused(spoil: Callable[[str], str]) -> None:
    assert spoil(NOTE) != NOTE
    with pytest.raises(LedgerError):
        verify_checkpoint(spoil(NOTE), ORIGIN, [NEW.public])


def test_one_bad_line_of_a_known_key_spoils_the_note() -> None:
    bad = base64.b64encode(key_hash(ORIGIN, OLD.public) + bytes(64)).decode()
    with pytest.raises(LedgerError, match="altered"):
        verify_checkpoint(f"{NOTE}— {ORIGIN} {bad}\n", ORIGIN, [OLD.public, NEW.public])


def test_another_logs_text_is_not_ours_even_if_signed_in_our_name() -> None:
    text = f"other.example/log\n42\n{base64.b64encode(ROOT).decode()}\n"
    line = base64.b64encode(key_hash(ORIGIN, NEW.public) + NEW.sign(text.encode())).decode()
    with pytest.raises(LedgerError, match="of the log 'other"):
        verify_checkpoint(f"{text}\n— {ORIGIN} {line}\n", ORIGIN, [NEW.public])


def test_a_log_needs_a_name_that_fits_a_line() -> None:
    with pytest.raises(LedgerError, match="name"):
        sign_checkpoint("court log", 1, ROOT, NEW)
