"""Secretary and judge sign, with every kind of key; others than we say that it holds, and is PDF/A."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pypdf import PdfReader

from court.openness import Openness
from protocol.signers import SignerRole
from protocol.signers.port import Level
from protocol.tasks import correct_protocol, render_protocol, sign_protocol
from protocol.verify import load_trust_roots, verify_pdf
from storage.ledger.checkpoint import verifier_key
from storage.ledger.leaf import LeafKind, parse
from storage.offline import check_file
from storage.verifier_archive import verifier_archive
from storage.worm.port import read_object
from tests.factories.server import Server
from tests.factories.signing import CERTIFIED, HEARING, JUDGE, SECRETARY, Court, signing_court
from tests.services.authority import CertificateAuthority
from tests.services.checkers import dss, pdfsig
from tests.services.fixtures import or_skip
from tests.services.timestamps import Making, TimestampServer, timestamp_server
from tests.services.tokens import Token

BOTH = list(SignerRole)


@pytest.fixture
def court(copied: Server, tmp_path: Path, authority: CertificateAuthority, timestamps: TimestampServer) -> Court:
    return signing_court(copied, tmp_path, authority, timestamps)


def signed_by_both(court: Court) -> bytes:
    sign_protocol(court.context, HEARING, SECRETARY)
    row = sign_protocol(court.context, HEARING, JUDGE, SignerRole.JUDGE)
    return read_object(court.context.store, row.sha256)


def test_a_file_and_a_token_sign_for_good_and_others_say_so(
    court: Court, token: Token, tmp_path: Path, verapdf: Callable[[Path], str], timestamps: TimestampServer
) -> None:
    court.gets(court.file(SignerRole.SECRETARY), court.on_token(token, SignerRole.JUDGE))
    pdf = signed_by_both(court)
    moment = court.context.local_now()
    report = verify_pdf(pdf, load_trust_roots(court.authority.roots), moment, load_trust_roots(timestamps.roots))
    assert report.genuine, report.faults
    assert [(one.role, one.signer, one.level) for one in report.signatures] == [
        (role, CERTIFIED[role], Level.LONG_TERM) for role in BOTH
    ]
    rows = court.revisions()[-2:]
    assert [(row.state, row.role, row.level, row.signer) for row in rows] == [
        ("signed", role.value, "B-LT", CERTIFIED[role]) for role in BOTH
    ]
    assert (court.context.out / rows[1].file_name).read_bytes() == pdf
    sign_protocol(court.context, HEARING, JUDGE, SignerRole.JUDGE)
    assert court.signatures() == 2, "signing again signs nothing"
    path = tmp_path / "signed.pdf"
    path.write_bytes(pdf)
    assert verapdf(path) == "PASS"
    with or_skip(pdfsig(tmp_path / "nss", court.authority.roots)) as check:
        told = {one.field: one for one in check(path)}
        assert set(told) == {"SecretarySignature", "JudgeSignature"}
        for one in told.values():
            assert (one.signature, one.certificate) == ("Signature is Valid.", "Certificate is Trusted.")
        altered = tmp_path / "altered.pdf"
        altered.write_bytes(pdf[:5000] + bytes([pdf[5000] ^ 1]) + pdf[5001:])
        assert {one.signature for one in check(altered)} == {"Digest Mismatch."}
    # The time-stamp authority's own certificate, of which nobody says whether it was revoked, is trusted as it is.
    with or_skip(dss(court.authority.roots, timestamps.folder / "authority.pem")) as validated:
        assert validated(path, altered) == [
            (CERTIFIED[role], "PAdES-BASELINE-LT", said) for said in ("TOTAL_PASSED", "HASH_FAILURE") for role in BOTH
        ]


def test_what_was_revoked_of_the_time_stamp_authority_is_in_the_file_too(court: Court, tmp_path: Path) -> None:
    with or_skip(timestamp_server(tmp_path / "published", Making(published=True))) as stamps:
        files = replace(court.context.signer, timestamp_roots=stamps.roots)
        court.context = replace(court.context, signer=files, timestamp_url=stamps.url)
        court.gets(*(court.file(role) for role in BOTH))
        path = tmp_path / "signed.pdf"
        path.write_bytes(signed_by_both(court))
        with or_skip(dss(court.authority.roots, stamps.roots)) as validated:
            assert validated(path) == [(CERTIFIED[role], "PAdES-BASELINE-LT", "TOTAL_PASSED") for role in BOTH]


def test_behind_the_newest_signature_stands_what_authorities_say_and_nothing_else(court: Court) -> None:
    court.gets(*(court.file(role) for role in BOTH))
    pdf = signed_by_both(court)

    def faults(content: bytes) -> tuple[str, ...]:
        roots = [load_trust_roots(path) for path in (court.authority.roots, court.context.signer.timestamp_roots)]
        return verify_pdf(content, roots[0], court.context.local_now(), roots[1]).faults

    assert faults(pdf) == ()
    signature = PdfFileReader(BytesIO(pdf)).embedded_regular_signatures[-1]
    assert signature.byte_range[2] + signature.byte_range[3] < len(pdf)
    for more in (b"%", b"\n% more\n%%EOF\n", b"\nstartxref\n5\n%%EOF\n"):
        assert faults(pdf + more), more
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(StreamObject(stream_data=b"0 0 500 800 re f"))
    writer.update_container(page)
    painted = BytesIO()
    writer.write(painted)
    assert any("added after signing" in one for one in faults(painted.getvalue()))


def test_what_openssl_needs_to_check_it_for_years_is_in_the_file(court: Court, tmp_path: Path) -> None:
    court.gets(*(court.file(role) for role in BOTH))
    root = PdfReader(BytesIO(signed_by_both(court))).trailer["/Root"]
    lists = [one.get_object().get_data() for one in root["/DSS"]["/CRLs"]]
    names = [one.get_object().get_data() for one in root["/DSS"]["/Certs"]]
    (tmp_path / "own.crl").write_bytes(lists[0])
    run = ["openssl", "crl", "-inform", "DER", "-in", "own.crl", "-CAfile", str(court.authority.roots), "-noout"]
    assert "verify OK" in subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False).stderr
    assert len(names) >= 2, "certificates of both"


def test_the_protocol_for_machines_goes_with_the_one_for_people(court: Court) -> None:
    court.gets(*(court.file(role) for role in BOTH))
    pdf = signed_by_both(court)
    [attached] = PdfReader(BytesIO(pdf)).attachments["protocol.json"]
    assert json.loads(attached) == court.revisions()[-1].document
    with court.context.database.read() as work:
        leaves = [parse(row.entry) for row in work.log.entries(HEARING) if row.kind == LeafKind.SIGNATURE.value]
    assert {leaf.body["document_sha256"] for leaf in leaves} == {hashlib.sha256(attached).hexdigest()}


def test_the_proof_goes_with_the_protocol_and_holds_without_it(court: Court, tmp_path: Path) -> None:
    with court.context.database.read() as work:
        said = [parse(row.entry).body["text"] for row in work.log.entries(HEARING) if row.kind == LeafKind.NOTE.value]
    court.server.order(HEARING, Openness.CLOSED)
    court.gets(*(court.file(role) for role in BOTH))
    pdf = signed_by_both(court)
    proof = tmp_path / "proof.zip"
    [content] = PdfReader(BytesIO(pdf)).attachments["proof.zip"]
    proof.write_bytes(content)
    key = verifier_key(court.server.context.settings.log_origin, court.server.context.log_keys.key.public)
    program = tmp_path / "courtrec-verify.pyz"
    program.write_bytes(verifier_archive())
    run = [sys.executable, "-I", str(program), str(proof), "--key", key]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"Whole: hearing {HEARING}" in done.stdout
    assert f"to {HEARING}-r2 (Записи журнала суда" in done.stdout
    assert check_file(proof, key).whole
    assert said
    assert not any(one.encode() in content for one in said), "what was noted in a closed hearing"
    with zipfile.ZipFile(proof) as packed:
        assert set(packed.namelist()) == {
            "README.txt", "bundle.json", "entries.jsonl", "checkpoint.txt", "keys.txt", "register.jsonl"
        }  # fmt: skip
    proof.write_bytes(content.replace(b'"segment"', b'"sigment"', 1))
    assert not check_file(proof, key).whole


@pytest.mark.parametrize("kind", ["rsa:2048", "ec"])
def test_a_service_signs_what_it_never_sees(court: Court, kind: str) -> None:
    with court.cloud(SignerRole.JUDGE, kind) as (service, entry):
        court.gets(court.file(SignerRole.SECRETARY), entry)
        signed_by_both(court)
    assert service.signed == 1
    assert court.revisions()[-1].level == "B-LT"


def test_elliptic_keys_sign_on_a_token_too(court: Court, token: Token) -> None:
    issued = court.authority.issue(CERTIFIED[SignerRole.SECRETARY], kind="ec")
    court.gets(court.on_token(token, SignerRole.SECRETARY, issued))
    assert sign_protocol(court.context, HEARING, SECRETARY).level == "B-LT"


def test_a_signed_protocol_is_corrected_by_a_new_one_that_names_it(court: Court) -> None:
    court.gets(*(court.file(role) for role in BOTH))
    signed_by_both(court)
    *_, old = court.revisions()
    assert correct_protocol(court.context, HEARING, "Неверно указан ответчик.")
    assert not correct_protocol(court.context, HEARING, "ещё раз"), "it is being corrected"
    *_, draft = court.revisions()
    with court.context.database.read() as work:
        entry = work.log.entry(draft.draft_index)
        kept = [(row.revision, row.sha256) for row in work.protocols.of(HEARING)]
    assert entry is not None
    body = parse(entry.entry).body
    assert (body["corrects_revision"], body["corrects_sha256"]) == (old.revision, old.sha256)
    assert (old.revision, old.sha256) in kept
    sentence = f"взамен подписанного протокола: редакция {old.revision}"
    assert sentence in draft.document["corrects"]
    assert draft.document["corrects"].endswith("Причина: Неверно указан ответчик.")
    assert render_protocol(court.context, HEARING)
    pages = PdfReader(BytesIO(signed_by_both(court))).pages
    assert old.sha256 in "".join(pages[0].extract_text().split())
    assert len(court.revisions()) == old.revision + 3
