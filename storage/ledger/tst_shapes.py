"""The DER shapes of a time-stamp token: CMS SignedData (RFC 5652 section 5) over a TSTInfo (RFC 3161 section 2.4.2).

`cryptography` decodes them strictly: whatever is not DER, or has something before, between or behind, is a ValueError.
"""

from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import Certificate, ObjectIdentifier


@asn1.sequence
class Algorithm:
    """AlgorithmIdentifier without parameters, as all those have that are taken here; RSASSA-PSS is none of them."""

    name: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class Attribute:
    name: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class SignedAttributes:
    attributes: asn1.SetOf[Attribute]


@asn1.sequence
class IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class SignerInfo:
    version: int
    signer: IssuerAndSerial
    digest: Algorithm
    attributes: Annotated[asn1.SetOf[Attribute], asn1.Implicit(0)]
    algorithm: Algorithm
    signature: bytes
    unsigned: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class Content:
    """EncapsulatedContentInfo."""

    kind: ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class SignedData:
    """Certificates are read as a list, for authorities do not sort them as DER asks of a set."""

    version: int
    digests: asn1.SetOf[Algorithm]
    content: Content
    certificates: Annotated[list[Certificate] | None, asn1.Implicit(0)]
    revocations: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[SignerInfo]


@asn1.sequence
class Token:
    """ContentInfo."""

    kind: ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class Imprint:
    digest: Algorithm
    value: bytes


@asn1.sequence
class Accuracy:
    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class Extension:
    name: ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class TstInfo:
    version: int
    policy: ObjectIdentifier
    imprint: Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: Accuracy | None
    ordering: Annotated[bool, asn1.Default(False)]
    nonce: int | None
    authority: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    extensions: Annotated[list[Extension] | None, asn1.Implicit(1)]


@asn1.sequence
class IssuerSerial:
    """With the issuer as GeneralNames; what it says, the certificate's hash says already."""

    issuer: list[asn1.TLV]
    serial: int


@asn1.sequence
class CertificateHash:
    """ESSCertIDv2 (RFC 5035 section 4), whose `digest` is SHA-256 where none is named; version 1 names none."""

    digest: Algorithm | None
    value: bytes
    issuer: IssuerSerial | None


@asn1.sequence
class SigningCertificate:
    """SigningCertificateV2, and version 1 (RFC 2634 section 5.4); the signer's own is the first."""

    certificates: list[CertificateHash]
    policies: list[asn1.TLV] | None
