"""Whatever became of a token's bytes: it is refused in one sentence, or it still says the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import LedgerError
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.timestamp import ask, granted_token, token_time
from storage.ledger.tst import load_roots
from tests.services.fixtures import or_skip
from tests.services.timestamps import timestamp_server

LOG = SigningKey.from_seed(b"log".ljust(32, b"."))
NOTE = sign_checkpoint("court.example/log", 42, bytes(range(32)), LOG)


@dataclass(frozen=True)
class Stamped:
    token: bytes
    roots: tuple[x509.Certificate, ...]
    at: datetime


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamped]:
    folder: Path = tmp_path_factory.mktemp("authority")
    with or_skip(timestamp_server(folder)) as server:
        request = ask(NOTE)
        token = granted_token(server.answer(request.as_bytes()), request)
        roots = load_roots(server.roots.read_bytes())
        yield Stamped(token, roots, token_time(token, NOTE, roots))


@given(st.data())
def test_altered_tokens_never_say_another_time(stamped: Stamped, data: st.DataObject) -> None:
    altered = bytearray(stamped.token)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(altered) - 1))
        altered[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(altered)))
    for token in (bytes(altered), bytes(altered[:cut]), stamped.token[cut:]):
        said = read(token, stamped)
        assert said in {None, stamped.at}


@given(st.binary(max_size=400))
def test_what_is_no_token_is_refused(stamped: Stamped, garbage: bytes) -> None:
    assert read(garbage, stamped) is None
    with pytest.raises(LedgerError):
        granted_token(garbage, ask(NOTE))


@given(st.integers(0, 10**15).filter(lambda size: size != 42), st.binary(min_size=32, max_size=32))
def test_a_token_is_over_one_text_alone(stamped: Stamped, size: int, root: bytes) -> None:
    other = sign_checkpoint("court.example/log", size, root, LOG)
    with pytest.raises(LedgerError, match="made over something else"):
        token_time(stamped.token, other, stamped.roots)


def test_a_signature_line_added_later_does_not_disturb_the_token(stamped: Stamped) -> None:
    cosigned = f"{NOTE}— witness.example AQIDBAUGBwgJ\n"
    assert token_time(stamped.token, cosigned, stamped.roots) == stamped.at


def read(token: bytes, stamped: Stamped) -> datetime | None:
    try:
        return token_time(token, NOTE, stamped.roots)
    except LedgerError as error:
        assert "\n" not in str(error)
        return None
