"""Checking time-stamp tokens (RFC 3161) with `cryptography` alone, so that whoever holds a bundle can.

It takes less than others do: one signer, named by issuer and serial number; SHA-256, SHA-384 or SHA-512; RSA (PKCS #1
v1.5, 2048 bits or more) or ECDSA (256 or more); a certificate for time-stamping alone; authorities' certificates as
x509.verification takes them. Whether a certificate was revoked is not asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, Hash, HashAlgorithm
from cryptography.x509 import ObjectIdentifier, verification
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from storage.errors import LedgerError
from storage.ledger.back_dating import shown
from storage.ledger.tst_shapes import SignedAttributes, SignerInfo, SigningCertificate, Token, TstInfo

MAX_TOKEN = 1 << 15
"""Bytes; a token with its certificates is a few thousand."""

_SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
_TST_INFO = ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE: dict[ObjectIdentifier, HashAlgorithm] = {
    ObjectIdentifier("1.2.840.113549.1.9.16.2.47"): SHA256(),
    # Version 1 knows SHA-1 only. It will do: who passes off another certificate needs one of the same key and hash.
    ObjectIdentifier("1.2.840.113549.1.9.16.2.12"): SHA1(),  # noqa: S303 - see above: it names a certificate, nothing is signed with it
}
"""The attributes that name the signer's certificate, with the hash they mean where they name none."""

_HASHES: dict[ObjectIdentifier, HashAlgorithm] = {
    ObjectIdentifier("2.16.840.1.101.3.4.2.1"): SHA256(),
    ObjectIdentifier("2.16.840.1.101.3.4.2.2"): SHA384(),
    ObjectIdentifier("2.16.840.1.101.3.4.2.3"): SHA512(),
}
_RSA = {
    ObjectIdentifier("1.2.840.113549.1.1.1"): "",  # whatever the signer's digest is
    SignatureAlgorithmOID.RSA_WITH_SHA256: "sha256",
    SignatureAlgorithmOID.RSA_WITH_SHA384: "sha384",
    SignatureAlgorithmOID.RSA_WITH_SHA512: "sha512",
}
_ECDSA = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: "sha256",
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: "sha384",
    SignatureAlgorithmOID.ECDSA_WITH_SHA512: "sha512",
}
_LEAST_RSA, _LEAST_CURVE = 2048, 256
"""Bits of a key."""

_UNREADABLE = (
    ValueError, KeyError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
_NONE = "This is no time-stamp (RFC 3161) that can be read: it was damaged, or is of a kind not known here."
_ALTERED = "The token is altered: it does not say what its authority signed."


@dataclass(frozen=True, slots=True)
class Stamp:
    """The authority, named as its certificate's subject, saw the text `at` that moment (UTC)."""

    at: datetime
    authority: str


def load_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The trusted certificates in a PEM file; raises LedgerError if it holds none."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise LedgerError("it holds no certificate in PEM") from None


def check_token(token: bytes, text: bytes, roots: Sequence[x509.Certificate] | None) -> Stamp:
    """What the token (DER) says of `text`; raises LedgerError, naming the fault, where it does not hold.

    The authority's certificate must lead to one of `roots` as of the token's time; with None anybody may have made it.
    """
    if len(token) > MAX_TOKEN:
        raise LedgerError(f"The time-stamp has more than {MAX_TOKEN} bytes: it is none.")
    try:
        return _checked(asn1.decode_der(Token, token), text, roots)
    except _UNREADABLE:
        raise LedgerError(_NONE) from None


def _checked(token: Token, text: bytes, roots: Sequence[x509.Certificate] | None) -> Stamp:
    data, content = token.content, token.content.content
    [signer] = data.signers.as_list()
    said = asn1.decode_der(TstInfo, content.content)
    # RFC 5652 sections 5.1 and 5.3, RFC 3161 section 2.4.2: kinds and versions of what is there.
    if (token.kind, content.kind) != (_SIGNED_DATA, _TST_INFO):
        raise ValueError
    if (data.version, signer.version, said.version) != (3, 1, 1):
        raise ValueError
    if signer.digest.name not in [one.name for one in data.digests.as_list()]:
        raise ValueError
    if any(one.critical for one in said.extensions or ()):
        raise ValueError
    if said.imprint.value != _hashed(_HASHES[said.imprint.digest.name], text):
        raise LedgerError("The token is made over something else than this checkpoint.")
    certificates = data.certificates or []
    certificate = _signed_by(signer, content.content, certificates)
    at = said.time.as_datetime()
    _require_for_stamping(certificate, at)
    if roots is not None:
        _require_trusted(certificate, certificates, roots, at)
    return Stamp(at, _subject(certificate))


def _signed_by(signer: SignerInfo, content: bytes, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate of whoever signed the content; raises LedgerError if nobody did."""
    attributes = signer.attributes.as_list()
    values = {one.name: one.values.as_list() for one in attributes}
    [kind], [digest] = values[_CONTENT_TYPE], values[_MESSAGE_DIGEST]
    # RFC 5652 section 11: each of these attributes is there once.
    if len(values) != len(attributes) or kind.parse(ObjectIdentifier) != _TST_INFO:
        raise ValueError
    if digest.parse(bytes) != _hashed(_HASHES[signer.digest.name], content):
        raise LedgerError(_ALTERED)
    certificate = _signers_own(signer, _named(values), certificates)
    # RFC 5652 section 5.4: signed is the attributes' encoding as the SET they are, not as it stands in the token.
    signed = asn1.encode_der(SignedAttributes(attributes=signer.attributes))
    _require_signature(signer, bytes(asn1.decode_der(asn1.TLV, signed).data), certificate)
    return certificate


def _named(values: Mapping[ObjectIdentifier, Sequence[asn1.TLV]]) -> list[tuple[HashAlgorithm, bytes]]:
    """The hashes that the signed attributes give of the signer's certificate (RFC 3161 section 2.4.2, RFC 5816)."""
    found: list[tuple[HashAlgorithm, bytes]] = []
    for name, default in _SIGNING_CERTIFICATE.items():
        if name in values:
            [value] = values[name]
            first, *_ = value.parse(SigningCertificate).certificates
            found.append((_HASHES[first.digest.name] if first.digest else default, first.value))
    return found


def _signers_own(
    signer: SignerInfo, named: Sequence[tuple[HashAlgorithm, bytes]], certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    if not named:
        raise ValueError
    stated = asn1.encode_der(signer.signer.issuer), signer.signer.serial
    own = next((one for one in certificates if (one.issuer.public_bytes(), one.serial_number) == stated), None)
    if own is None or any(own.fingerprint(algorithm) != value for algorithm, value in named):
        raise LedgerError("The token is altered: the certificate of its signer is not in it.")
    return own


def _require_signature(signer: SignerInfo, signed: bytes, certificate: x509.Certificate) -> None:
    key, digest, algorithm = certificate.public_key(), _HASHES[signer.digest.name], signer.algorithm.name
    try:
        match key:
            case rsa.RSAPublicKey() if key.key_size >= _LEAST_RSA and _RSA.get(algorithm) in {"", digest.name}:
                key.verify(signer.signature, signed, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() if key.key_size >= _LEAST_CURVE and _ECDSA.get(algorithm) == digest.name:
                key.verify(signer.signature, signed, ec.ECDSA(digest))
            case _:
                raise LedgerError(
                    f"The token is signed in a way that is not taken here ({algorithm.dotted_string}): it must be RSA "
                    f"(PKCS #1 v1.5) of at least {_LEAST_RSA} bits or ECDSA of at least {_LEAST_CURVE}, with the hash "
                    "it names."
                )
    except InvalidSignature:
        raise LedgerError(_ALTERED) from None


def _require_for_stamping(certificate: x509.Certificate, at: datetime) -> None:
    """RFC 3161 section 2.3: a key for nothing but time-stamping, said by a critical extension."""
    named = f"The certificate of the token's authority, {_subject(certificate)},"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise LedgerError(f"{named} is not for time-stamping.") from None
    alone = usage.critical and [*usage.value] == [ExtendedKeyUsageOID.TIME_STAMPING]
    if not alone or not _signs_only(certificate):
        raise LedgerError(f"{named} is not for time-stamping alone.")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise LedgerError(f"{named} was not valid at the token's time, {shown(at)}.")


def _signs_only(certificate: x509.Certificate) -> bool:
    """Where a key usage is stated (RFC 5280 section 4.2.1.3), none but signatures, as OpenSSL asks too."""
    try:
        said = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    others = said.key_encipherment, said.data_encipherment, said.key_agreement, said.key_cert_sign, said.crl_sign
    return not any(others)


def _require_trusted(
    certificate: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> None:
    """RFC 5280 section 6, as of `at`; other certificates in the token may stand in between."""
    anything, either = verification.ExtensionPolicy.permit_all(), verification.Criticality.AGNOSTIC
    certifying = anything.require_present(x509.BasicConstraints, either, None)
    certifying = certifying.may_be_present(x509.KeyUsage, either, _require_certifying)
    builder = verification.PolicyBuilder().store(verification.Store(list(roots))).time(at)
    verifier = builder.extension_policies(ca_policy=certifying, ee_policy=anything).build_client_verifier()
    try:
        verifier.verify(certificate, list(others))
    except verification.VerificationError as error:
        raise LedgerError(
            f"The token's authority, {_subject(certificate)}, does not lead to a certificate that is trusted here and "
            f"was valid at the token's time, {shown(at)} ({_line(str(error))})."
        ) from None


def _require_certifying(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    """RFC 5280 section 4.2.1.3; whether it is an authority's (4.2.1.9) the verifier asks by itself."""
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("a certificate in between may not certify others")


def _hashed(algorithm: HashAlgorithm, content: bytes) -> bytes:
    digest = Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _subject(certificate: x509.Certificate) -> str:
    return _line(certificate.subject.rfc4514_string()) or "somebody without a name"


def _line(text: str) -> str:
    """What others wrote, as a part of one sentence."""
    return "".join(one if one.isprintable() else " " for one in text)[:200].strip().rstrip(".")
