"""Time-stamps of checkpoints (RFC 3161): an authority outside the court says that a log existed at a moment.

A token is made over SHA-256 of the note's signed text, so signature lines that are added later do not disturb it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from storage.errors import LedgerError
from storage.ledger.checkpoint import signed_text

MAX_ANSWER = 1 << 15
"""Bytes; a token with its certificates is a few thousand."""

TOLERANCE = timedelta(minutes=5)
"""How far the court's clocks may go ahead of the authority's before the two contradict each other.

A leaf's time is a node's own clock. One that is set over the network is right to well under a second; five minutes
is what protocols that rest on loosely set clocks allow them (Kerberos, RFC 4120 section 1.6), and less than a
hearing takes, so that nobody gains a back-dated hearing by it.
"""

_GRANTED = (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)
_STATUS_GRANTED = bytes.fromhex("3003020100")  # PKIStatusInfo { granted }
_NONE = "This is no time-stamp (RFC 3161): it was damaged or cut short."


@dataclass(frozen=True, slots=True)
class Covered:
    """A believed token: its checkpoint's `size` and the authority's time `at`."""

    size: int
    at: datetime


def load_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The trusted certificates in a PEM file; raises LedgerError if it holds none."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise LedgerError("it holds no certificate in PEM") from None


def ask(note: str) -> TimeStampRequest:
    """The request for a token of a note, with a nonce, so that no old answer is taken for a new one."""
    return TimestampRequestBuilder().data(signed_text(note)).hash_algorithm(HashAlgorithm.SHA256).build()


def granted_token(answer: bytes, request: TimeStampRequest) -> bytes:
    """The token (DER) in an authority's answer; raises LedgerError if it is refused or answers another request.

    Whether the token holds is for `token_time` to say.
    """
    response = _decoded(answer)
    if response.status not in _GRANTED:
        reason = " ".join(" ".join(response.status_string).split())
        raise LedgerError(f"The time-stamp authority refused the request ({reason or f'status {response.status}'}).")
    try:
        nonce, token = response.tst_info.nonce, response.time_stamp_token()
    except ValueError:
        raise LedgerError(_NONE) from None
    if nonce != request.nonce:
        raise LedgerError("The time-stamp authority's answer is to another request: its nonce is not the one sent.")
    return token


def token_time(token: bytes, note: str, roots: Sequence[x509.Certificate]) -> datetime:
    """When the authority saw the note; raises LedgerError if the token is not over it or not by a trusted one.

    The authority's certificate must have been valid at that time, lead to one of `roots`, and be made for
    time-stamping alone (RFC 3161 section 2.3).
    """
    response = _decoded(_as_answer(token))
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(response, signed_text(note))
    except (VerificationError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise LedgerError(
            f"The token is altered, made over something else, or of no authority this court trusts ({reason})."
        ) from None
    return response.tst_info.gen_time


def back_dated(stamps: Iterable[Covered], leaf_times: Iterable[datetime]) -> Iterator[str]:
    """A sentence for each token that is older than what it covers.

    `leaf_times` are those the entries state, in log order. Each token is held against the entries that came since
    the token before it, and against that token: so one contradiction is told once.
    """
    waiting = sorted(stamps, key=lambda one: (one.size, one.at))
    before: Covered | None = None
    newest: datetime | None = None
    for size, at in enumerate(leaf_times, start=1):
        newest = at if newest is None else max(newest, at)
        while waiting and waiting[0].size <= size:
            stamp = waiting.pop(0)
            yield from _too_old(stamp, before, newest)
            before, newest = stamp, None


def _too_old(stamp: Covered, before: Covered | None, newest: datetime | None) -> Iterator[str]:
    named = f"The time-stamp of {stamp.size} entries says {_shown(stamp.at)}"
    if newest is not None and stamp.at < newest - TOLERANCE:
        yield (
            f"{named}, but one of them was stated at {_shown(newest)}: the token is back-dated, or the clock of "
            "whoever stated it was fast."
        )
    if before is not None and stamp.at < before.at - TOLERANCE:
        yield f"{named}, but that of only {before.size} says {_shown(before.at)}: one of the two is wrong."


def _decoded(answer: bytes) -> TimeStampResponse:
    if len(answer) > MAX_ANSWER:
        raise LedgerError(f"The time-stamp has more than {MAX_ANSWER} bytes: it is none.")
    try:
        return decode_timestamp_response(answer)
    except ValueError:
        raise LedgerError(_NONE) from None


def _as_answer(token: bytes) -> bytes:
    """The TimeStampResp that granted the token: kept are tokens, the library reads answers."""
    body = _STATUS_GRANTED + token[:MAX_ANSWER]
    return b"\x30\x82" + len(body).to_bytes(2) + body


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
