"""The electronic signature: it holds, it covers every byte, and whatever is wrong with it is said in a sentence."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pypdf import PdfReader

from protocol.demo_key import LIFETIME, make_demo_pkcs12
from protocol.draft import draft, finalise
from protocol.errors import SealError
from protocol.forms import load_form
from protocol.pdf import Look, Rendered, render
from protocol.seal import SignerFiles, load_sealer, sign
from protocol.verify import SealReport, load_trust_roots, verify_pdf
from tests.factories.protocol import ZONE, StoppedClock, facts

NAME = "Иманова А. К."
FORM = load_form("civil_brief", "ru")
MOMENT = StoppedClock().utc.astimezone(ZONE)


@cache
def final() -> Rendered:
    document = finalise(draft(facts(), FORM), FORM, MOMENT)
    return render(document, FORM, Look("https://court.example", 2, draft=False))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> SignerFiles:
    return make_demo_pkcs12(tmp_path_factory.mktemp("keys") / "demo-secretary.p12", NAME, StoppedClock())


@pytest.fixture(scope="module")
def signed(signer: SignerFiles) -> bytes:
    return sign(final(), load_sealer(signer), FORM, MOMENT)


def check(pdf: bytes, signer: SignerFiles) -> SealReport:
    return verify_pdf(pdf, load_trust_roots(signer.trust_roots), MOMENT)


def test_a_signed_protocol_holds_and_names_its_signer(signed: bytes, signer: SignerFiles) -> None:
    report = check(signed, signer)
    assert report.genuine, report.faults
    assert report.signer == f"{NAME} (DEMO)"
    assert report.signed_at == MOMENT
    assert not report.timestamped


def test_the_signature_is_pades_and_visible_where_the_secretary_signs(signed: bytes) -> None:
    [signature] = PdfFileReader(BytesIO(signed)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    page = PdfReader(BytesIO(signed)).pages[final().signature.page - 1]
    [seal] = [one.get_object() for one in page["/Annots"] if one.get_object()["/Subtype"] == "/Widget"]
    assert [round(corner) for corner in seal["/Rect"]] == [round(corner) for corner in final().signature.corners]
    assert "/N" in seal["/AP"]


def test_the_text_of_the_protocol_is_unchanged_by_signing(signed: bytes) -> None:
    before, after = PdfReader(BytesIO(final().pdf)), PdfReader(BytesIO(signed))
    assert [page.extract_text() for page in before.pages] == [page.extract_text() for page in after.pages]


def test_every_changed_byte_of_the_document_is_noticed(signed: bytes, signer: SignerFiles) -> None:
    [signature] = PdfFileReader(BytesIO(signed)).embedded_signatures
    first, until, second, rest = signature.byte_range
    last = second + rest - 1
    for place in (first, 17, until // 3, until // 2, until - 2, second + 1, second + rest // 2, last):
        altered = bytearray(signed)
        altered[place] ^= 1
        report = check(bytes(altered), signer)
        assert not report.genuine, place
        assert "altered" in report.faults[0] or "damaged" in report.faults[0]


def test_a_forged_signature_value_is_noticed(signed: bytes, signer: SignerFiles) -> None:
    [signature] = PdfFileReader(BytesIO(signed)).embedded_signatures
    value = signature.signer_info["signature"].native.hex().encode()
    place = signed.lower().index(value) + 40
    altered = bytearray(signed)
    altered[place] = ord("0") if altered[place] != ord("0") else ord("1")
    assert not check(bytes(altered), signer).genuine


def test_what_was_added_behind_the_signature_is_counted(signed: bytes, signer: SignerFiles) -> None:
    [fault] = check(signed + b"\n% more", signer).faults
    assert f"covers {len(signed)} of {len(signed) + 7} bytes" in fault


def test_a_signer_of_another_authority_is_not_trusted(signed: bytes, tmp_path: Path) -> None:
    stranger = make_demo_pkcs12(tmp_path / "other.p12", "Другой", StoppedClock())
    [fault] = check(signed, stranger).faults
    assert "does not lead to an authority this court trusts" in fault
    assert NAME in fault


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.4\n", b"no pdf at all" * 100])
def test_what_is_no_pdf_is_said_to_be_damaged(pdf: bytes, signer: SignerFiles) -> None:
    [fault] = check(pdf, signer).faults
    assert "damaged" in fault


def test_an_unsigned_protocol_is_said_to_bear_no_signature(signer: SignerFiles) -> None:
    assert check(final().pdf, signer).faults == ("The PDF bears no electronic signature.",)


def test_the_demo_signer_says_demo_everywhere_and_is_made_once(tmp_path: Path) -> None:
    files = make_demo_pkcs12(tmp_path / "keys" / "demo.p12", NAME, StoppedClock())
    sealer = load_sealer(files)
    assert "DEMO" in sealer.name
    assert "DEMO" in sealer.issuer
    before = files.pkcs12.read_bytes()
    assert make_demo_pkcs12(files.pkcs12, "Другой", StoppedClock()) == files
    assert files.pkcs12.read_bytes() == before
    assert files.pkcs12.stat().st_mode & 0o077 == files.passphrase.stat().st_mode & 0o077 == 0


def test_a_wrong_passphrase_and_a_missing_file_are_sentences(signer: SignerFiles, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"guess")
    with pytest.raises(SealError, match="passphrase is wrong"):
        load_sealer(SignerFiles(signer.pkcs12, wrong, signer.trust_roots))
    with pytest.raises(SealError, match=r"nowhere\.p12 cannot be read"):
        load_sealer(SignerFiles(tmp_path / "nowhere.p12", wrong, signer.trust_roots))
    with pytest.raises(SealError, match="nowhere"):
        load_trust_roots(tmp_path / "nowhere.pem")
    with pytest.raises(SealError, match="PEM"):
        load_trust_roots(wrong)


def test_nobody_signs_with_an_expired_certificate(signer: SignerFiles) -> None:
    with pytest.raises(SealError, match="sign with a valid one"):
        sign(final(), load_sealer(signer), FORM, MOMENT + LIFETIME + timedelta(days=1))


@dataclass(frozen=True)
class Authority:
    """A running timestamp authority, and the certificates to trust: its own and the signer's."""

    url: str
    roots: Path


@pytest.fixture
def authority(signer: SignerFiles, tmp_path: Path) -> Iterator[Authority]:
    """A timestamp authority on loopback, as `address certificate-file`; the dummy speaks RSA only."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test TSA")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(MOMENT - timedelta(days=1))
        .not_valid_after(MOMENT + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, SHA256())
    )
    stamper = DummyTimeStamper(
        asn1.Certificate.load(certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        fixed_dt=MOMENT.astimezone(UTC),
    )
    roots = tmp_path / "roots.pem"
    roots.write_bytes(signer.trust_roots.read_bytes() + certificate.public_bytes(Encoding.PEM))

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            response = asyncio.run(stamper.async_request_tsa_response(request)).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(response)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Authority(f"http://127.0.0.1:{server.server_address[1]}", roots)
        server.shutdown()
        thread.join()


def test_with_a_timestamp_authority_the_time_is_the_authoritys(signer: SignerFiles, authority: Authority) -> None:
    signed = sign(final(), load_sealer(signer, authority.url), FORM, MOMENT)
    report = verify_pdf(signed, load_trust_roots(authority.roots), MOMENT)
    assert report.genuine, report.faults
    assert report.timestamped
    assert report.signed_at == MOMENT
    [fault] = check(signed, signer).faults
    assert "timestamp" in fault


def test_without_an_answer_from_the_authority_nothing_is_signed(signer: SignerFiles) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SealError, match="could not be signed"):
            sign(final(), load_sealer(signer, address), FORM, MOMENT)
