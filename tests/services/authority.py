"""A real certification authority: OpenSSL's `ca`, and its list of revoked certificates (CRL) on loopback."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.services.running import ServiceMissing

SIGNS = "digitalSignature,nonRepudiation"
PASSPHRASE = "пароль"
CONFIGURATION = """
[ ca ]
default_ca = own
[ own ]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir/issued
certificate = $dir/root.pem
private_key = $dir/root.key
serial = $dir/serial
crlnumber = $dir/crlnumber
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
string_mask = utf8only
utf8 = yes
[ any ]
commonName = supplied
[ signs ]
basicConstraints = critical,CA:false
keyUsage = critical,{usage}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
{published}
"""


@dataclass(frozen=True)
class Issued:
    """A key and its certificate, apart (PEM) and together (PKCS#12, with the file that holds its passphrase)."""

    key: Path
    certificate: Path
    pkcs12: Path
    passphrase: Path


@dataclass
class CertificateAuthority:
    """`answers` is whether its list of revoked certificates can be fetched."""

    folder: Path
    url: str = ""
    answers: bool = True
    asked: int = 0

    @property
    def roots(self) -> Path:
        return self.folder / "root.pem"

    def issue(
        self,
        name: str,
        *,
        usage: str = SIGNS,
        begin: timedelta = timedelta(hours=-1),
        end: timedelta = timedelta(days=30),
        published: bool = True,
        kind: str = "rsa:2048",
    ) -> Issued:
        """A certificate valid from `begin` to `end` from now; not `published`: it says of no list of revocations."""
        number = len(list(self.folder.glob("*.csr")))
        key, request, certificate = (self.folder / f"{number}.{one}" for one in ("key", "csr", "pem"))
        where = f"crlDistributionPoints = URI:{self.url}/revoked.crl" if published else ""
        self._configure(usage, where)
        curve = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else []
        self._run("req", "-newkey", kind, *curve, "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        dates = [f"{datetime.now(UTC) + one:%Y%m%d%H%M%SZ}" for one in (begin, end)]
        self._run(
            "ca", "-batch", "-notext", "-extensions", "signs", "-startdate", dates[0], "-enddate", dates[1],
            "-in", request, "-out", certificate,
        )  # fmt: skip
        passphrase, pkcs12 = self.folder / f"{number}.passphrase", self.folder / f"{number}.p12"
        passphrase.write_text(PASSPHRASE)
        self._run(
            "pkcs12", "-export", "-inkey", key, "-in", certificate, "-certfile", self.roots, "-out", pkcs12,
            "-passout", f"file:{passphrase}",
        )  # fmt: skip
        return Issued(key, certificate, pkcs12, passphrase)

    def revoke(self, issued: Issued) -> None:
        self._run("ca", "-revoke", issued.certificate)
        self.publish()

    def publish(self) -> None:
        self._run("ca", "-gencrl", "-out", "crl.pem")
        self._run("crl", "-in", "crl.pem", "-outform", "DER", "-out", "revoked.crl")

    def make(self) -> None:
        (self.folder / "issued").mkdir(parents=True)
        (self.folder / "index.txt").touch()
        for name in ("serial", "crlnumber"):
            (self.folder / name).write_text("1000\n")
        self._run(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "3650",
            "-subj", "/CN=Удостоверяющий центр", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
        self._configure(SIGNS, "")
        self.publish()

    def _configure(self, usage: str, published: str) -> None:
        text = CONFIGURATION.format(folder=self.folder, usage=usage, published=published)
        (self.folder / "own.cnf").write_text(text)

    def _run(self, command: str, *arguments: str | Path) -> None:
        given = ["-config", "own.cnf"] if command == "ca" else []
        utf8 = ["-utf8"] if command in ("req", "ca") else []
        run = ["openssl", command, *given, *utf8, *(str(one) for one in arguments)]
        done = subprocess.run(run, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@contextmanager
def certificate_authority(folder: Path) -> Iterator[CertificateAuthority]:
    """Publishes until the end of the block."""
    if shutil.which("openssl") is None:
        raise ServiceMissing("OpenSSL is not installed: run tests/services/install.sh (package openssl).")
    made = CertificateAuthority(folder)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            self.send_response(200 if made.answers else 503)
            self.end_headers()
            if made.answers:
                self.wfile.write((folder / "revoked.crl").read_bytes())

        def log_message(self, *args: object) -> None:
            pass

    made.make()
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
