"""Cosignatures of witnesses, in the very form of C2SP tlog-cosignature."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from storage.errors import LedgerError
from storage.ledger.checkpoint import parse_note, sign_checkpoint, signed_text, verifier_key, verify_checkpoint
from storage.ledger.ed25519 import SigningKey, VerifyKey
from storage.ledger.witness import Witness, cosign, cosignatures, parse_witness, with_cosignatures

ORIGIN = "court.example/log"
LOG = SigningKey.from_seed(b"log".ljust(32, b"."))
ONE = SigningKey.from_seed(b"one".ljust(32, b"."))
TWO = SigningKey.from_seed(b"two".ljust(32, b"."))
NOTE = sign_checkpoint(ORIGIN, 42, bytes(range(32)), LOG)
FIRST, SECOND = Witness("one.example", ONE.public), Witness("two.example/w", TWO.public)
AT = 1_679_315_147
COSIGNED = cosign(NOTE, FIRST.name, AT, ONE)

# A key of another project's tests (transparency-dev/formats), and the line that the specification shows.
PEER_KEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
SPECIFIED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_a_witness_is_known_by_the_key_it_publishes() -> None:
    assert parse_witness(PEER_KEY).verifier_key == PEER_KEY
    assert parse_witness(PEER_KEY).name == "remora.n621.de"
    assert parse_witness(FIRST.verifier_key) == FIRST


def test_a_cosignature_has_the_specified_bytes() -> None:
    text, [_, line] = parse_note(COSIGNED)
    assert line.name == "one.example"
    assert line.key_hash == hashlib.sha256(b"one.example\n\x04" + ONE.public).digest()[:4]
    assert line.signature[:8] == AT.to_bytes(8, "big") == parse_note(SPECIFIED)[1][0].signature[:8]
    assert len(line.signature) == 72
    message = b"cosignature/v1\ntime 1679315147\n" + text.encode()
    assert VerifyKey(ONE.public).verify(line.signature[8:], message)


def test_what_a_witness_says_is_who_and_when() -> None:
    [said] = cosignatures(COSIGNED, [FIRST, SECOND])
    assert (said.witness, said.at) == (FIRST, datetime(2023, 3, 20, 12, 25, 47, tzinfo=UTC))
    assert NOTE + said.line == COSIGNED
    both = cosign(COSIGNED, SECOND.name, AT + 1, TWO)
    assert [one.witness for one in cosignatures(both, [SECOND, FIRST])] == [FIRST, SECOND]


def test_the_note_stays_the_courts_and_its_text_the_same() -> None:
    assert verify_checkpoint(COSIGNED, ORIGIN, [LOG.public]).size == 42
    assert signed_text(COSIGNED) == signed_text(NOTE)


def test_lines_of_others_are_passed_over() -> None:
    assert cosignatures(COSIGNED, []) == []
    assert cosignatures(COSIGNED, [SECOND]) == []
    assert cosignatures(NOTE, [FIRST]) == []


def test_a_key_of_the_log_is_no_witness_under_the_same_name() -> None:
    assert cosignatures(NOTE, [Witness(ORIGIN, LOG.public)]) == []
    assert verifier_key(ORIGIN, LOG.public) != Witness(ORIGIN, LOG.public).verifier_key


def altered(change: int, by: int = 1) -> str:
    """The cosigned note with one byte of the witness's signature changed, key hash not counted."""
    _, lines = parse_note(COSIGNED)
    raw = bytearray(lines[-1].key_hash + lines[-1].signature)
    raw[4 + change] ^= by
    return f"{NOTE}— one.example {base64.b64encode(raw).decode()}\n"


BAD: dict[str, str] = {
    "another time": altered(7),
    "a time beyond all calendars": altered(0, 0xFF),
    "another signature": altered(40),
    "over another note": sign_checkpoint(ORIGIN, 43, bytes(32), LOG) + COSIGNED.removeprefix(NOTE),
    "by another key": COSIGNED.replace(
        COSIGNED.split(" ")[-1],
        base64.b64encode(parse_note(COSIGNED)[1][1].key_hash + bytes(8) + TWO.sign(b"x")).decode() + "\n",
    ),
    "cut short": f"{NOTE}— one.example {base64.b64encode(parse_note(COSIGNED)[1][1].key_hash + b'x').decode()}\n",
    "one good and one bad": COSIGNED + altered(40).removeprefix(NOTE),
}


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_claims_to_be_a_witness_and_is_not_is_named(name: str) -> None:
    with pytest.raises(LedgerError, match=r"^The signature of the witness one\.example does not hold"):
        cosignatures(BAD[name], [FIRST])


def test_a_time_beyond_all_calendars_is_refused_even_if_signed() -> None:
    with pytest.raises(LedgerError, match="does not hold"):
        cosignatures(cosign(NOTE, FIRST.name, 2**64 - 1, ONE), [FIRST])


def test_of_each_witness_the_first_word_is_kept() -> None:
    trusted = [FIRST, SECOND]
    again = cosign(COSIGNED, FIRST.name, AT + 9, ONE)
    both = cosign(NOTE, SECOND.name, AT, TWO)
    kept = with_cosignatures(NOTE, cosignatures(again, trusted), trusted)
    assert kept == COSIGNED
    assert with_cosignatures(kept, cosignatures(again, trusted), trusted) == COSIGNED
    assert [one.witness for one in cosignatures(with_cosignatures(kept, cosignatures(both, trusted), trusted), trusted)]
    assert with_cosignatures(kept, cosignatures(both, trusted), trusted) == COSIGNED + both.removeprefix(NOTE)


LOG_TYPE = verifier_key("one.example", ONE.public)


@pytest.mark.parametrize(
    "key",
    ["", "one.example", "one.example+", "one.example+00000000+BAAA", LOG_TYPE, FIRST.verifier_key + "=",
     FIRST.verifier_key.replace("one", "two"), " " + FIRST.verifier_key, FIRST.verifier_key.upper(),
     "+" + FIRST.verifier_key, "\ud800" + FIRST.verifier_key, FIRST.verifier_key[:-4]],
)  # fmt: skip
def test_a_line_that_is_no_witness_key_is_refused(key: str) -> None:
    with pytest.raises(LedgerError, match="cannot be used"):
        parse_witness(key)
