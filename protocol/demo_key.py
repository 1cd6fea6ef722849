"""A signer for trying things out: its own authority, marked DEMO in every name, worth nothing before a court."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from court.clock import Clock
from storage import durable

LIFETIME = timedelta(days=5 * 365)


@dataclass(frozen=True, slots=True)
class SignerFiles:
    """Where a signer's PKCS#12 lies, its passphrase, and the certificates (PEM) signatures must lead to.

    `timestamp_roots` are those time-stamps must lead to, None where no authority is set.
    """

    pkcs12: Path
    passphrase: Path
    trust_roots: Path
    timestamp_roots: Path | None = None


def demo_files(path: Path) -> SignerFiles:
    """The names of the files that belong to the PKCS#12 `path`."""
    return SignerFiles(path, path.with_suffix(".passphrase"), path.with_suffix(".ca.pem"))


def make_demo_pkcs12(path: Path, name: str, clock: Clock, beside: SignerFiles | None = None) -> SignerFiles:
    """Makes a DEMO authority and a certificate for `name` in `path`; keeps what is there already.

    Who trusts the authority of the signer `beside` trusts this one, too.
    """
    files = demo_files(path)
    if path.exists():
        return files
    now = clock.now().utc
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("courtrec DEMO CA")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, SHA256())
    )
    certificate = (
        _builder(_name(f"{name} (DEMO)"), authority_name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    passphrase = secrets.token_urlsafe(24).encode()
    bundle = pkcs12.serialize_key_and_certificates(
        name.encode(), key, certificate, [authority], BestAvailableEncryption(passphrase)
    )
    durable.make_folder(path.parent)
    durable.replace(files.passphrase, passphrase, mode=0o600)
    pem = authority.public_bytes(Encoding.PEM)
    durable.replace(files.trust_roots, pem)
    if beside is not None:
        durable.replace(beside.trust_roots, beside.trust_roots.read_bytes() + pem)
    durable.replace(path, bundle, mode=0o600)  # last: whoever finds it finds the other two
    return files


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMO, no legal force"),
            x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
