"""Who signs a protocol, how lastingly, and what a service must offer that signs for somebody."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class SignerRole(StrEnum):
    """Whose signatures a protocol bears, in their order: the secretary certifies it, the presiding judge follows."""

    SECRETARY = "secretary"
    JUDGE = "judge"


class Level(StrEnum):
    """How long a signature can be checked: while the certificate is valid; beyond it, as an authority says when it was
    made; even when nobody can be asked any more, since what was known of revocations is in the file."""

    BASIC = "B-B"
    TIMESTAMPED = "B-T"
    LONG_TERM = "B-LT"

    @property
    def rank(self) -> int:
        return list(Level).index(self)


class DigestSigner(Protocol):
    """A key that somebody else keeps (a national cloud signature, say); all that leaves the court is a hash.

    Both may take seconds, and raise SealError with a sentence for the person who signs.
    """

    def certificates(self) -> Sequence[bytes]:
        """The signer's certificate and, after it, those of its authorities that the service knows (DER)."""

    def sign(self, digest: bytes, algorithm: str) -> bytes:
        """The signature of a digest made with `algorithm` ('sha256'): PKCS#1 v1.5 of an RSA key, DER of an EC key."""
