"""A real time-stamp authority (RFC 3161) on loopback: OpenSSL's, with a certificate of its own small root."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue

from cryptography import x509
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
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass
class TimestampServer:
    """`heard` and `said` stand between the authority and the world, to be exchanged by tests of bad ones."""

    folder: Path
    url: str = ""
    status: int = 200
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
def timestamp_server(
    folder: Path, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING
) -> Iterator[TimestampServer]:
    """Answers until the end of the block; `usage` is what its certificate is made for."""
    if shutil.which("openssl") is None:
        raise ServiceMissing("OpenSSL is not installed: run tests/services/install.sh (package openssl).")
    folder.mkdir(exist_ok=True)
    _write_certificates(folder, usage)
    (folder / "serial").write_text("01\n")
    (folder / "authority.cnf").write_text(CONFIGURATION)
    made = TimestampServer(folder)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            body = made.said(made.answer(made.heard(query)))
            self.send_response(made.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)
            made.answered.put(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def _write_certificates(folder: Path, usage: x509.ObjectIdentifier) -> None:
    root, authority = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    extension = x509.BasicConstraints(ca=True, path_length=None)
    signed = _certificate("Test root", root, root, extension, serial=1)
    (folder / "root.pem").write_bytes(signed)
    (folder / "authority.pem").write_bytes(
        _certificate("Test authority", authority, root, x509.ExtendedKeyUsage([usage]), serial=2)
    )
    secret = authority.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "authority.key").write_bytes(secret)


def _certificate(
    name: str, key: EllipticCurvePrivateKey, root: EllipticCurvePrivateKey, extension: x509.ExtensionType, serial: int
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test root")]))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(VALID[0])
        .not_valid_after(VALID[1])
        .add_extension(extension, critical=True)
    )
    return builder.sign(root, SHA256()).public_bytes(Encoding.PEM)
