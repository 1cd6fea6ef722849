"""A key that somebody else keeps, as pyHanko wants a signer; and one such service."""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from typing import Any

import httpx
from asn1crypto import x509
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from protocol.errors import SealError
from protocol.signers.port import DigestSigner

# Larger than the signature of any key in use: room is left for it before it is made.
_ROOM = 1024
_SECONDS = 30.0
_HASHES = {"sha256": "2.16.840.1.101.3.4.2.1"}
_SIGNATURES = {"rsa": "1.2.840.113549.1.1.11", "ec": "1.2.840.10045.4.3.2"}


class RemoteSigner(Signer):
    """Signs through a DigestSigner; raises SealError."""

    def __init__(self, service: DigestSigner) -> None:
        own, *others = [x509.Certificate.load(one) for one in service.certificates()]
        super().__init__(signing_cert=own, cert_registry=_store([own, *others]), embed_roots=False)
        self._service = service

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(_ROOM)
        digest = hashlib.new(digest_algorithm, data).digest()
        return await asyncio.to_thread(self._service.sign, digest, digest_algorithm)


def _store(certificates: Sequence[x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call] # pyHanko
    store.register_multiple(certificates)
    return store


class CscService:
    """One credential at a service with the API of the Cloud Signature Consortium, version 2 (a DigestSigner)."""

    def __init__(self, url: str, credential: str, access_token: str, pin: str) -> None:
        self._url, self._credential, self._pin = url.rstrip("/"), credential, pin
        self._headers = {"Authorization": f"Bearer {access_token}"}

    def certificates(self) -> Sequence[bytes]:
        told = self._ask("credentials/info", {"certificates": "chain", "certInfo": False})
        try:
            found = [base64.b64decode(one) for one in told["cert"]["certificates"]]
            self._key_kind = x509.Certificate.load(found[0]).public_key.algorithm
        except (KeyError, TypeError, ValueError, IndexError):
            raise self._nonsense("credentials/info") from None
        return found

    def sign(self, digest: bytes, algorithm: str) -> bytes:
        asked = {"hashes": [base64.b64encode(digest).decode()], "hashAlgorithmOID": _HASHES[algorithm]}
        pin = {"authData": [{"id": "PIN", "value": self._pin}]} if self._pin else {}
        leave = self._ask("credentials/authorize", {"numSignatures": 1, **asked, **pin})
        told = self._ask(
            "signatures/signHash",
            {"SAD": leave.get("SAD", ""), **asked, "signAlgo": _SIGNATURES.get(self._key_kind, "")},
        )
        try:
            return base64.b64decode(told["signatures"][0], validate=True)
        except (KeyError, TypeError, ValueError, IndexError):
            raise self._nonsense("signatures/signHash") from None

    def _ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = httpx.post(
                f"{self._url}/{method}",
                json={"credentialID": self._credential, **body},
                headers=self._headers,
                timeout=_SECONDS,
            )
            told = answer.json()
        except httpx.HTTPError as error:
            raise SealError(
                f"The signature service {self._url} does not answer ({type(error).__name__}): nothing was signed; try "
                "again later."
            ) from None
        except ValueError:
            raise self._nonsense(method) from None
        if not isinstance(told, dict):
            raise self._nonsense(method)
        if answer.is_error:
            reason = told.get("error_description") or told.get("error") or answer.status_code
            raise SealError(f"The signature service {self._url} refuses to sign ({reason}): nothing was signed.")
        return told

    def _nonsense(self, method: str) -> SealError:
        return SealError(
            f"The signature service {self._url} answers {method} with what cannot be used: nothing was signed."
        )
