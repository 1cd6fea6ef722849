"""Ed25519 keys (RFC 8032), and the short name by which leaves refer to them."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_SIZE = 64
PUBLIC_SIZE = 32


def key_id(raw_public: bytes) -> str:
    """The name of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(raw_public).hexdigest()[:16]


class Signer(Protocol):
    """What the ledger needs of a private key, which may live in a file or in a hardware module."""

    @property
    def key_id(self) -> str: ...

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


class SigningKey:
    """A private key in memory."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private
        self.public = private.public_key().public_bytes_raw()
        self.key_id = key_id(self.public)

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """From the 32 bytes that RFC 8032 calls the private key."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of signature."""
        return self.private.sign(message)


@dataclass(frozen=True)
class VerifyKey:
    """A public key: `raw` is its 32 bytes. Bytes that are no key make every signature invalid."""

    raw: bytes

    @cached_property
    def key_id(self) -> str:
        return key_id(self.raw)

    @cached_property
    def _public(self) -> Ed25519PublicKey | None:
        return Ed25519PublicKey.from_public_bytes(self.raw) if len(self.raw) == PUBLIC_SIZE else None

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` over `message` was made with this key; never raises."""
        if self._public is None:
            return False
        try:
            self._public.verify(signature, message)
        except InvalidSignature:
            return False
        return True
