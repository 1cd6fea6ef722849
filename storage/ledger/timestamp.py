"""Time-stamps of checkpoints (RFC 3161): an authority outside the court says that a log existed at a moment.

A token is made over SHA-256 of the note's signed text, so signature lines that are added later do not disturb it. Two
readers must believe it: OpenSSL's, through `rfc3161_client`, and `tst.py`, the one that leaves the court with a bundle.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
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
from storage.ledger.tst import MAX_TOKEN, check_token
from storage.ledger.tst_shapes import Token

MAX_ANSWER = MAX_TOKEN
"""Bytes."""

_GRANTED = (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)
_STATUS_GRANTED = bytes.fromhex("3003020100")  # PKIStatusInfo { granted }
_NONE = "This is no time-stamp (RFC 3161): it was damaged or cut short."


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
    openssl_time(token, signed_text(note), roots)
    return check_token(token, signed_text(note), roots).at


def openssl_time(token: bytes, text: bytes, roots: Sequence[x509.Certificate]) -> datetime:
    """As OpenSSL reads the token; raises LedgerError where it does not believe it."""
    response = _decoded(_as_answer(token))
    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(response, text)
    except (VerificationError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise LedgerError(
            f"The token is altered, made over something else, or of no authority this court trusts ({reason})."
        ) from None
    return response.tst_info.gen_time


@asn1.sequence
class _Answer:
    """TimeStampResp (RFC 3161 section 2.4.2)."""

    status: asn1.TLV
    token: Token | None


def _decoded(answer: bytes) -> TimeStampResponse:
    if len(answer) > MAX_ANSWER:
        raise LedgerError(f"The time-stamp has more than {MAX_ANSWER} bytes: it is none.")
    try:
        return decode_timestamp_response(_sorted(answer))
    except (ValueError, x509.InvalidVersion):
        raise LedgerError(_NONE) from None


def _sorted(answer: bytes) -> bytes:
    """The answer with the token's certificates in the order that DER asks of a set, which `rfc3161_client` insists on.

    Authorities send them in the order of the chain; nothing that is signed speaks of it.
    """
    read = asn1.decode_der(_Answer, answer)
    if read.token is not None:
        data = read.token.content
        data.certificates = sorted(data.certificates or [], key=lambda one: one.public_bytes(Encoding.DER)) or None
    return asn1.encode_der(read)


def _as_answer(token: bytes) -> bytes:
    """The TimeStampResp that granted the token: kept are tokens, the library reads answers."""
    body = _STATUS_GRANTED + token[:MAX_ANSWER]
    return b"\x30\x82" + len(body).to_bytes(2) + body
