"""Time-stamp tokens made by hand (asn1crypto), so that each can be wrong in one way that no authority would be."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
VALID = AT - timedelta(days=365), AT + timedelta(days=365)
STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)
HASHES = {
    "sha1": hashes.SHA1(),  # noqa: S303 - as authorities did long ago
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Extensions = dict[x509.ExtensionType, bool]
"""Each with whether it is critical."""


@dataclass(frozen=True)
class Holder:
    """A certificate and its key."""

    name: str
    key: Key
    certificate: x509.Certificate

    def fingerprint(self, algorithm: str) -> bytes:
        return self.certificate.fingerprint(HASHES[algorithm])

    def issue(self, name: str, extensions: Extensions, key: Key | None = None, valid: Any = VALID) -> "Holder":
        return issue(name, extensions, key or ec.generate_private_key(ec.SECP256R1()), self.name, self.key, valid)


def root(name: str = "Root", extensions: Extensions | None = None, valid: Any = VALID) -> Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    return issue(name, {AUTHORITY: True} if extensions is None else extensions, key, name, key, valid)


def issue(name: str, extensions: Extensions, key: Key, issuer: str, by: Key, valid: Any) -> Holder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    for extension, critical in extensions.items():
        builder = builder.add_extension(extension, critical)
    return Holder(name, key, builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256()))


@dataclass(frozen=True)
class Recipe:
    """How a token is made: `told` and `signed` may change the TSTInfo's fields and the signed attributes, `done` the
    SignedData; `signature` is the algorithm named, and with `pss` RSA signs as RSASSA-PSS does."""

    at: datetime = AT
    digest: str = "sha256"
    signature: str = ""
    pss: bool = False
    told: Callable[[dict[str, Any]], object] = bool
    signed: Callable[[dict[str, Any]], object] = bool
    done: Callable[[cms.SignedData], object] = bool

    def but(self, **changed: Any) -> "Recipe":
        return replace(self, **changed)


def make_token(text: bytes, signer: Holder, others: tuple[Holder, ...] = (), how: Recipe = Recipe()) -> bytes:
    """The token (DER) of `signer` over `text`, with the certificates of signer and `others` in it."""
    told = {
        "version": "v1",
        "policy": "1.2.3.4.1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": _hash("sha256", text)},
        "serial_number": 7,
        "gen_time": how.at,
    }
    how.told(told)
    content = tsp.TSTInfo(told).dump()
    own = asn1.Certificate.load(_der(signer))
    signed: dict[str, list[Any]] = {
        "content_type": ["tst_info"],
        "message_digest": [_hash(how.digest, content)],
        "signing_certificate_v2": [{"certs": [{"cert_hash": _hash("sha256", _der(signer))}]}],
    }
    how.signed(signed)
    attributes = cms.CMSAttributes([{"type": name, "values": values} for name, values in signed.items()])
    algorithm = {"algorithm": how.signature} if how.signature else _algorithm(signer.key, how)
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.IssuerAndSerialNumber({"issuer": own.issuer, "serial_number": own.serial_number}),
            "digest_algorithm": {"algorithm": how.digest},
            "signed_attrs": attributes,
            "signature_algorithm": algorithm,
            "signature": _sign(signer.key, attributes.untag().dump(), how),
        }
    )
    data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": how.digest})],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
            "certificates": [asn1.Certificate.load(_der(one)) for one in (signer, *others)],
            "signer_infos": [info],
        }
    )
    how.done(data)
    made: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    return made


def _algorithm(key: Key, how: Recipe) -> dict[str, Any]:
    if how.pss:
        digest = {"algorithm": how.digest}
        mask = {"algorithm": "mgf1", "parameters": digest}
        salt = HASHES[how.digest].digest_size
        said = {"hash_algorithm": digest, "mask_gen_algorithm": mask, "salt_length": salt}
        return {"algorithm": "rsassa_pss", "parameters": algos.RSASSAPSSParams(said)}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"algorithm": "ed25519"}
    return {"algorithm": f"{how.digest}_{'rsa' if isinstance(key, rsa.RSAPrivateKey) else 'ecdsa'}"}


def _sign(key: Key, content: bytes, how: Recipe) -> bytes:
    algorithm = HASHES[how.digest]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(content)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(content, ec.ECDSA(algorithm))
    filled = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size) if how.pss else padding.PKCS1v15()
    return key.sign(content, filled, algorithm)


def _hash(name: str, content: bytes) -> bytes:
    digest = hashes.Hash(HASHES[name])
    digest.update(content)
    return digest.finalize()


def _der(holder: Holder) -> bytes:
    return holder.certificate.public_bytes(Encoding.DER)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
