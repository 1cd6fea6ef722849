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
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pypdf import PdfReader

from protocol.demo_key import SignerFiles, make_demo_pkcs12
from protocol.draft import draft, finalise
from protocol.errors import SealError
from protocol.forms import load_form
from protocol.pdf import FIELDS, Look, Rendered, archival, render
from protocol.seal import Sealing, seal
from protocol.signers import FileSigner, SignerRole, opened
from protocol.signers.port import Level
from protocol.verify import SealReport, load_trust_roots, verify_pdf
from tests.factories.protocol import ZONE, StoppedClock, facts

NAME, JUDGE = "Иманова А. К.", "Асанов Б. Т."
FORM = load_form("civil_brief", "ru")
MOMENT = StoppedClock().utc.astimezone(ZONE)


@cache
def final() -> Rendered:
    document = finalise(draft(facts(), FORM), FORM, MOMENT)
    return render(document, FORM, Look("https://court.example", 2, draft=False))


@cache
def paper() -> bytes:
    return archival(final(), "Протокол", "Суд", MOMENT)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> SignerFiles:
    return make_demo_pkcs12(tmp_path_factory.mktemp("keys") / "demo-secretary.p12", NAME, StoppedClock())


@pytest.fixture(scope="module")
def judge(signer: SignerFiles) -> SignerFiles:
    return make_demo_pkcs12(signer.pkcs12.with_name("demo-judge.p12"), JUDGE, StoppedClock(), beside=signer)


@pytest.fixture(scope="module")
def signed(signer: SignerFiles) -> bytes:
    return sealed(paper(), signer)


@pytest.fixture(scope="module")
def both(signed: bytes, judge: SignerFiles) -> bytes:
    return sealed(signed, judge, SignerRole.JUDGE)


def sealed(pdf: bytes, files: SignerFiles, role: SignerRole = SignerRole.SECRETARY, authority: str = "") -> bytes:
    sealing = Sealing(Level.TIMESTAMPED if authority else Level.BASIC, timestamp_url=authority)
    with opened(FileSigner(role=role, file=files.pkcs12, passphrase_file=files.passphrase)) as key:
        return seal(pdf, role, key, FORM, MOMENT, sealing)


def check(pdf: bytes, signer: SignerFiles) -> SealReport:
    return verify_pdf(pdf, load_trust_roots(signer.trust_roots), MOMENT)


def test_a_signed_protocol_holds_and_names_its_signer(signed: bytes, signer: SignerFiles) -> None:
    report = check(signed, signer)
    assert report.genuine, report.faults
    [one] = report.signatures
    assert (one.role, one.signer, one.signed_at) == (SignerRole.SECRETARY, f"{NAME} (DEMO)", MOMENT)
    assert one.level is Level.BASIC


def test_secretary_and_judge_sign_one_after_the_other(both: bytes, signed: bytes, signer: SignerFiles) -> None:
    assert both.startswith(signed)
    report = check(both, signer)
    assert report.genuine, report.faults
    assert [(one.role, one.signer) for one in report.signatures] == [
        (SignerRole.SECRETARY, f"{NAME} (DEMO)"),
        (SignerRole.JUDGE, f"{JUDGE} (DEMO)"),
    ]
    page = PdfReader(BytesIO(both)).pages[final().signatures[SignerRole.JUDGE].page - 1]
    looks = [one.get_object()["/AP"]["/N"] for one in page["/Annots"] if one.get_object()["/Subtype"] == "/Widget"]
    assert len(looks) == 2
    assert all("/XObject" in one["/Resources"] for one in looks), "both are visible"


def test_nobody_signs_twice_in_one_place(both: bytes, signer: SignerFiles, judge: SignerFiles) -> None:
    for files, role in ((signer, SignerRole.SECRETARY), (judge, SignerRole.JUDGE)):
        with pytest.raises(SealError, match=f"signature of the {role.value}: it is signed already"):
            sealed(both, files, role)


def test_what_was_put_between_the_signatures_is_noticed(signed: bytes, signer: SignerFiles, judge: SignerFiles) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 500 800 re f"))
    writer.update_container(page)
    changed = BytesIO()
    writer.write(changed)
    report = check(sealed(changed.getvalue(), judge, SignerRole.JUDGE), signer)
    assert report.faults == (
        f"After {NAME} (DEMO) signed, the PDF was changed by more than the signatures that followed.",
    )


def test_the_signature_is_pades_and_visible_where_the_secretary_signs(signed: bytes) -> None:
    [signature] = PdfFileReader(BytesIO(signed)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    box = final().signatures[SignerRole.SECRETARY]
    page = PdfReader(BytesIO(signed)).pages[box.page - 1]
    widgets = [one.get_object() for one in page["/Annots"] if one.get_object()["/Subtype"] == "/Widget"]
    [seal] = [one for one in widgets if one["/T"] == FIELDS[SignerRole.SECRETARY]]
    assert [round(corner) for corner in seal["/Rect"]] == [round(corner) for corner in box.corners]
    assert "/XObject" in seal["/AP"]["/N"]["/Resources"]


def test_the_text_of_the_protocol_is_unchanged_by_signing(both: bytes) -> None:
    before, after = PdfReader(BytesIO(final().pdf)), PdfReader(BytesIO(both))
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
    assert check(paper(), signer).faults == ("The PDF bears no electronic signature.",)


def test_the_demo_signer_says_demo_everywhere_and_is_made_once(tmp_path: Path) -> None:
    files = make_demo_pkcs12(tmp_path / "keys" / "demo.p12", NAME, StoppedClock())
    [certificate] = check(sealed(paper(), files), files).signatures
    assert "DEMO" in certificate.signer
    assert b"DEMO CA" in certificate.certificate
    before = files.pkcs12.read_bytes()
    assert make_demo_pkcs12(files.pkcs12, "Другой", StoppedClock()) == files
    assert files.pkcs12.read_bytes() == before
    assert files.pkcs12.stat().st_mode & 0o077 == files.passphrase.stat().st_mode & 0o077 == 0


def test_a_wrong_passphrase_and_a_missing_file_are_sentences(signer: SignerFiles, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"guess")
    with pytest.raises(SealError, match="passphrase is wrong"):
        sealed(paper(), SignerFiles(signer.pkcs12, wrong, signer.trust_roots))
    with pytest.raises(SealError, match=r"nowhere\.p12 cannot be read"):
        sealed(paper(), SignerFiles(tmp_path / "nowhere.p12", wrong, signer.trust_roots))
    with pytest.raises(SealError, match="nowhere"):
        load_trust_roots(tmp_path / "nowhere.pem")
    with pytest.raises(SealError, match="PEM"):
        load_trust_roots(wrong)


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
    signed = sealed(paper(), signer, authority=authority.url)
    report = verify_pdf(signed, load_trust_roots(authority.roots), MOMENT)
    assert report.genuine, report.faults
    [one] = report.signatures
    assert (one.level, one.signed_at) == (Level.TIMESTAMPED, MOMENT)
    [fault] = check(signed, signer).faults
    assert "timestamp" in fault


def test_without_an_answer_from_the_authority_nothing_is_signed(signer: SignerFiles) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SealError, match=rf"authority {address} gives no time-stamp.*nothing was signed"):
            sealed(paper(), signer, authority=address)
