"""Hostile lines on a note: they are refused in one sentence or passed over, and never become a witness's word."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from storage.errors import LedgerError
from storage.ledger.checkpoint import sign_checkpoint, verify_checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.witness import Witness, cosign, cosignatures, parse_witness

ORIGIN = "court.example/log"
LOG, KEY = SigningKey.from_seed(bytes(32)), SigningKey.from_seed(b"w" * 32)
WITNESS = Witness("w.example", KEY.public)
NOTE = sign_checkpoint(ORIGIN, 42, bytes(range(32)), LOG)
COSIGNED = cosign(NOTE, WITNESS.name, 1_700_000_000, KEY)
HASH = base64.b64decode(COSIGNED.split(" ")[-1])[:4]

LINES = st.one_of(
    st.text(max_size=120),
    st.binary(max_size=90).map(lambda raw: f"— w.example {base64.b64encode(raw).decode()}\n"),
    st.binary(max_size=90).map(lambda raw: f"— w.example {base64.b64encode(HASH + raw).decode()}\n"),
    st.just(COSIGNED.removeprefix(NOTE)),
    st.just("\n"),
)


@given(st.lists(LINES, max_size=6))
def test_only_what_the_witness_signed_counts(lines: list[str]) -> None:
    note = NOTE + "".join(lines)
    try:
        said = cosignatures(note, [WITNESS])
        size = verify_checkpoint(note, ORIGIN, [LOG.public]).size
    except LedgerError as error:  # an empty line among them also makes another note of it, which nobody signed
        assert "\n" not in str(error)
        return
    assert size == 42
    assert [one.line for one in said] == [one for one in lines if one == COSIGNED.removeprefix(NOTE)]


@given(st.data())
def test_a_cosigned_note_that_was_altered_anywhere_is_not_believed(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(COSIGNED) - 1))
    put = data.draw(st.characters(codec="utf-8").filter(lambda one: one != COSIGNED[place]))
    altered = COSIGNED[:place] + put + COSIGNED[place + 1 :]
    try:
        size = verify_checkpoint(altered, ORIGIN, [LOG.public]).size
        said = cosignatures(altered, [WITNESS])
    except LedgerError as error:
        assert "\n" not in str(error)
        return
    assert (size, said) == (42, [])  # the line became another name's or key's


@given(st.text(max_size=150))
def test_any_text_as_a_witness_key_is_refused_or_read_exactly(text: str) -> None:
    try:
        found = parse_witness(text)
    except LedgerError as error:
        assert "\n" not in str(error)
        return
    assert found.verifier_key == text


@given(st.binary(min_size=32, max_size=32), st.integers(0, 253_402_214_400))
def test_every_cosignature_that_is_made_is_read_back(seed: bytes, at: int) -> None:
    key = SigningKey.from_seed(seed)
    witness = Witness("any.example/w", key.public)
    [said] = cosignatures(cosign(NOTE, witness.name, at, key), [witness])
    assert (said.witness, int(said.at.timestamp())) == (witness, at)
