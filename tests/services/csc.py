"""A service that keeps a key and signs hashes with it (the API of the Cloud Signature Consortium, 2.0), on loopback."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.services.authority import Issued

TOKEN, PIN, CREDENTIAL = "access", "4321", "judge-1"
_ALGORITHMS = {"1.2.840.113549.1.1.11": rsa.RSAPrivateKey, "1.2.840.10045.4.3.2": ec.EllipticCurvePrivateKey}


@dataclass
class SignatureService:
    """`broken` is what it answers to signHash instead of a signature, `signed` how often it signed."""

    issued: Issued
    url: str = ""
    broken: dict[str, Any] | None = None
    signed: int = 0
    leaves: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, method: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if asked.get("credentialID") != CREDENTIAL:
            return 400, {"error": "invalid_request", "error_description": "Invalid parameter credentialID"}
        if method == "credentials/info":
            certificate = x509.load_pem_x509_certificate(self.issued.certificate.read_bytes())
            encoded = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
            return 200, {"cert": {"certificates": [encoded]}}
        if method == "credentials/authorize":
            if {"id": "PIN", "value": PIN} not in asked.get("authData", []):
                return 400, {"error": "invalid_pin", "error_description": "The PIN is invalid"}
            self.leaves["leave"] = asked["hashes"]
            return 200, {"SAD": "leave"}
        if self.leaves.pop(asked.get("SAD", ""), None) != asked["hashes"]:
            return 400, {"error": "invalid_request", "error_description": "Invalid SAD"}
        return 200, self.broken if self.broken is not None else {"signatures": [self._sign(asked)]}

    def _sign(self, asked: dict[str, Any]) -> str:
        key = load_pem_private_key(self.issued.key.read_bytes(), None)
        assert isinstance(key, _ALGORITHMS[asked["signAlgo"]])
        digest, of_hash = base64.b64decode(asked["hashes"][0]), utils.Prehashed(SHA256())
        self.signed += 1
        if isinstance(key, rsa.RSAPrivateKey):
            return base64.b64encode(key.sign(digest, padding.PKCS1v15(), of_hash)).decode()
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return base64.b64encode(key.sign(digest, ec.ECDSA(of_hash))).decode()


@contextmanager
def signature_service(issued: Issued) -> Iterator[SignatureService]:
    """Answers until the end of the block."""
    made = SignatureService(issued)

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, told = 401, {"error": "invalid_token"}
            if self.headers["Authorization"] == f"Bearer {TOKEN}":
                status, told = made.answer(self.path.removeprefix("/csc/v2/"), asked)
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}/csc/v2"
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
