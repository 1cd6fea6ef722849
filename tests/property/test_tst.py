"""Tokens of a real authority, damaged anywhere: what OpenSSL refuses, the offline verifier refuses too."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import LedgerError
from storage.ledger.checkpoint import sign_checkpoint, signed_text
from storage.ledger.ed25519 import SigningKey
from storage.ledger.timestamp import ask, granted_token, openssl_time
from storage.ledger.tst import check_token, load_roots
from tests.services.fixtures import or_skip
from tests.services.timestamps import Making, timestamp_server

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number", "ignore:The parsed certificate contained")
LOG = SigningKey.from_seed(b"log".ljust(32, b"."))
NOTE = sign_checkpoint("court.example/log", 42, bytes(range(32)), LOG)
TEXT = signed_text(NOTE)
SEED = 20261125
MAKINGS = {
    "P-256": Making(),
    "RSA, an authority in between": Making(key=lambda: rsa.generate_private_key(65537, 2048), between=True),
    "P-384 and SHA-512": Making(key=lambda: ec.generate_private_key(ec.SECP384R1()), digest="sha512", between=True),
    "named by SHA-1": Making(named_by="sha1"),
}


@dataclass(frozen=True)
class Stamped:
    token: bytes
    roots: tuple[x509.Certificate, ...]
    at: datetime

    def ours(self, token: bytes, roots: bool = True) -> datetime | None:
        try:
            return check_token(token, TEXT, self.roots if roots else None).at
        except LedgerError as error:
            assert "\n" not in str(error)
            assert str(error).endswith(".")
            return None

    def theirs(self, token: bytes) -> datetime | None:
        try:
            return openssl_time(token, TEXT, self.roots)
        except LedgerError:
            return None


@pytest.fixture(scope="module")
def stamped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stamped]]:
    made: dict[str, Stamped] = {}
    with ExitStack() as running:
        for name, making in MAKINGS.items():
            server = running.enter_context(or_skip(timestamp_server(tmp_path_factory.mktemp("authority"), making)))
            request = ask(NOTE)
            token = granted_token(server.answer(request.as_bytes()), request)
            roots = load_roots(server.roots.read_bytes())
            made[name] = Stamped(token, roots, check_token(token, TEXT, roots).at)
        yield made


@pytest.mark.parametrize("name", MAKINGS)
def test_both_believe_what_a_real_authority_makes(stamped: dict[str, Stamped], name: str) -> None:
    one = stamped[name]
    assert one.ours(one.token) == one.theirs(one.token) == one.at


@pytest.mark.parametrize("name", MAKINGS)
def test_no_flipped_bit_is_believed_by_us_alone(stamped: dict[str, Stamped], name: str) -> None:
    one, chance = stamped[name], random.Random(SEED)
    for place in range(len(one.token)):
        altered = bytearray(one.token)
        altered[place] ^= 1 << chance.randrange(8)
        said = one.ours(bytes(altered))
        assert said in {None, one.theirs(bytes(altered))}, place


def test_every_flipped_bit_of_a_token_with_one_certificate_is_noticed_even_without_roots(
    stamped: dict[str, Stamped],
) -> None:
    one = stamped["P-256"]
    for place in range(len(one.token)):
        for bit in range(8):
            altered = bytearray(one.token)
            altered[place] ^= 1 << bit
            assert one.ours(bytes(altered), roots=False) is None, (place, bit)


EDITS: list[Callable[[bytes, bytes, int, int], bytes]] = [
    lambda token, put, at, to: token[:at] + put + token[at + len(put) :],
    lambda token, put, at, to: token[:at] + put + token[at:],
    lambda token, put, at, to: token[:at] + token[to:],
    lambda token, put, at, to: token[:at] + token[to:] + token[at:to],
]


@given(st.sampled_from(list(MAKINGS)), st.data())
def test_whatever_became_of_its_bytes_both_say_the_same_or_we_say_nothing(
    stamped: dict[str, Stamped], name: str, data: st.DataObject
) -> None:
    one = stamped[name]
    token = one.token
    for _ in range(data.draw(st.integers(1, 3))):
        at, to = sorted((data.draw(st.integers(0, len(token))), data.draw(st.integers(0, len(token)))))
        token = data.draw(st.sampled_from(EDITS))(token, data.draw(st.binary(max_size=4)), at, to)
    assert one.ours(token) in {None, one.theirs(token)}
    assert one.ours(token, roots=False) in {None, one.at}


@given(st.binary(max_size=400))
def test_any_bytes_are_one_sentence(garbage: bytes) -> None:
    for token in (garbage, b"\x30\x82" + len(garbage).to_bytes(2) + garbage):
        with pytest.raises(LedgerError, match=r"^This is no time-stamp .*\.$"):
            check_token(token, TEXT, None)
