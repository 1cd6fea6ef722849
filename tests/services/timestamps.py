"""A real time-stamp authority (RFC 3161) on loopback: OpenSSL's, with a certificate of its own small root."""

import base64
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.services.running import ServiceMissing

VALID = datetime(2019, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
CONFIGURATION = """
[ authority ]
serial = serial
signer_cert = authority.pem
signer_key = authority.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = {named_by}
"""
_CERTIFIES = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
)  # fmt: skip
Key = EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Making:
    """How an authority makes its tokens: `usage` is what its certificate is for, `named_by` the hash that names it in
    them, `between` whether another authority stands between it and the root, `published` whether its certificate says
    where the root publishes what it revoked."""

    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING
    key: Callable[[], Key] = lambda: generate_private_key(SECP256R1())
    digest: str = "sha256"
    named_by: str = "sha256"
    between: bool = False
    published: bool = False


PLAIN = Making()


@dataclass
class TimestampServer:
    """`heard` and `said` stand between the authority and the world, to be exchanged by tests of bad ones.

    Where there is a `login` it answers nobody else, `name:password`.
    """

    folder: Path
    url: str = ""
    status: int = 200
    login: str = ""
    heard: Callable[[bytes], bytes] = bytes
    said: Callable[[bytes], bytes] = bytes
    answered: "Queue[bytes]" = field(default_factory=Queue)

    @property
    def roots(self) -> Path:
        """The certificate (PEM) its tokens lead to."""
        return self.folder / "root.pem"

    def answer(self, query: bytes) -> bytes:
        """What OpenSSL answers to a request, both in DER."""
        asked, told = self.folder / "query.tsq", self.folder / "answer.tsr"
        asked.write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "authority.cnf", "-section", "authority"]
        command += ["-queryfile", asked.name, "-out", told.name]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return told.read_bytes()


@contextmanager
def timestamp_server(folder: Path, making: Making = PLAIN) -> Iterator[TimestampServer]:
    """Answers until the end of the block."""
    if shutil.which("openssl") is None:
        raise ServiceMissing("OpenSSL is not installed: run tests/services/install.sh (package openssl).")
    folder.mkdir(exist_ok=True)
    (folder / "serial").write_text("01\n")
    chain = "certs = chain.pem\n" if making.between else ""
    configuration = CONFIGURATION.format(digest=making.digest, named_by=making.named_by)
    (folder / "authority.cnf").write_text(configuration + chain)
    made = TimestampServer(folder)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write((folder / "revoked.crl").read_bytes())

        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            known = "Basic " + base64.b64encode(made.login.encode()).decode()
            if made.login and self.headers["Authorization"] != known:
                self.send_response(401)
                self.end_headers()
                return
            body = made.said(made.answer(made.heard(query)))
            self.send_response(made.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)
            made.answered.put(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        _write_certificates(folder, making, made.url)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def _write_certificates(folder: Path, making: Making, url: str) -> None:
    root, key = generate_private_key(SECP256R1()), making.key()
    certifies = x509.BasicConstraints(ca=True, path_length=None), _CERTIFIES
    (folder / "root.pem").write_bytes(_certificate("Test root", root, "Test root", root, *certifies))
    issuer, by = "Test root", root
    if making.between:
        issuer, by = "Test authorities", generate_private_key(SECP256R1())
        (folder / "chain.pem").write_bytes(_certificate(issuer, by, "Test root", root, *certifies))
    lists = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{url}/revoked.crl")], None, None, None)
    more = [x509.CRLDistributionPoints([lists])] if making.published else []
    own = _certificate("Test authority", key, issuer, by, x509.ExtendedKeyUsage([making.usage]), *more)
    (folder / "authority.pem").write_bytes(own)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    since, until = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 30))
    revoked = x509.CertificateRevocationListBuilder(name, since, until).sign(by, SHA256())
    (folder / "revoked.crl").write_bytes(revoked.public_bytes(Encoding.DER))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "authority.key").write_bytes(secret)


def _certificate(
    name: str,
    key: Key,
    issuer: str,
    by: EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
    *more: x509.ExtensionType,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID[0])
        .not_valid_after(VALID[1])
        .add_extension(extension, critical=True)
    )
    for one in more:
        builder = builder.add_extension(one, critical=False)
    return builder.sign(by, SHA256()).public_bytes(Encoding.PEM)
