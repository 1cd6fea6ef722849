import pytest

from storage.errors import LedgerError
from storage.ledger.checkpoint import parse_verifier_key, sign_note, verifier_key
from storage.ledger.key_list import sign_key_list, verify_key_list
from tests.factories.hearing_log import KEYS, NODE, SERVER, STRANGER

LOG = SERVER
KEY = verifier_key("log", NODE.public)


def test_the_list_names_every_key_and_nothing_else() -> None:
    note = sign_key_list("court.example/log", KEYS, LOG)
    assert verify_key_list(note, "court.example/log", [LOG.public]) == KEYS
    assert verify_key_list(sign_key_list("log", {}, LOG), "log", [STRANGER.public, LOG.public]) == {}


@pytest.mark.parametrize(
    ("note", "origin", "sentence"),
    [
        (sign_key_list("log", KEYS, STRANGER), "log", "no known key's signature"),
        (sign_key_list("log", KEYS, LOG).replace("keys\n", "keys\n\n", 1), "log", "altered after signing"),
        (sign_key_list("log", KEYS, LOG), "other", "no known key's signature"),
        (sign_note("courtrec keys\nother\n", "log", LOG), "log", "not one of the log"),
        (sign_note("another text\nlog\n", "log", LOG), "log", "not one of the log"),
        (sign_note("courtrec keys\nlog\nAAAA\n", "log", LOG), "log", "a line that is no key"),
        (sign_note("courtrec keys\n", "log", LOG), "log", "not one of the log"),
        ("", "log", "not a signed note"),
    ],
)
def test_any_other_list_is_refused(note: str, origin: str, sentence: str) -> None:
    with pytest.raises(LedgerError, match=sentence):
        verify_key_list(note, origin, [LOG.public])


def test_a_published_key_is_read_back() -> None:
    assert parse_verifier_key(verifier_key("court.example/log", NODE.public)) == ("court.example/log", NODE.public)


@pytest.mark.parametrize("key", ["", "log", "log+00", KEY[:-4], "x" + KEY, KEY.replace("+", " ")])
def test_a_key_copied_in_part_is_refused(key: str) -> None:
    with pytest.raises(LedgerError, match="copy the whole line"):
        parse_verifier_key(key)
