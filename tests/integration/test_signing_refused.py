"""Whatever is wrong with a key gives one sentence, and nothing is half signed."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from api.i18n import words
from protocol.errors import ProtocolError
from protocol.seal import seal
from protocol.signers import FileSigner, SignerRole, TokenSigner, opened
from protocol.signers.port import Level
from protocol.signing import paper_for, sealed, sealing
from protocol.tasks import sign_protocol, take_signed_protocol
from storage.db.models import Protocol
from tests.factories.protocol import StoppedClock
from tests.factories.server import Server
from tests.factories.signing import CERTIFIED, HEARING, JUDGE, SECRETARY, Court, signing_court
from tests.services.authority import CertificateAuthority
from tests.services.fixtures import or_skip
from tests.services.processes import free_port
from tests.services.timestamps import TimestampServer
from tests.services.tokens import Token, locking_library

ROLE = SignerRole.SECRETARY
NAME = CERTIFIED[ROLE]
ENGLISH = re.compile(r"(^|[.!] )[A-Z][a-z]+ ")
"""The beginning of an English sentence."""


@pytest.fixture
def court(copied: Server, tmp_path: Path, authority: CertificateAuthority, timestamps: TimestampServer) -> Court:
    return signing_court(copied, tmp_path, authority, timestamps)


def standing(court: Court) -> list[object]:
    """What of the hearing's protocol stands in the database, the ledger and the folder for people. Of what only tells
    who asked for what, the journal, more may be there after a refusal."""
    with court.context.database.read() as work:
        hearing, rows = work.hearings.get(HEARING), court.revisions()
        entries = [row.entry for row in work.log.entries(HEARING) if row.kind not in ("access", "copy")]
    stated = [(row.revision, row.state, row.sha256, row.document, row.leaf_index) for row in rows]
    return [hearing and hearing.state, stated, entries, sorted(court.context.out.iterdir())]


def refused(court: Court, deed: Callable[[], object] | None = None, revisions: int = 1) -> str:
    """The sentence, once it is sure that nothing came of the deed."""
    before = standing(court)
    with pytest.raises(ProtocolError) as caught:
        (deed or (lambda: sign_protocol(court.context, HEARING, SECRETARY)))()
    assert standing(court) == before
    assert len(court.revisions()) == revisions
    assert court.signatures() == revisions - 1
    sentence = str(caught.value)
    told = words("ru").sentence(sentence)
    assert ENGLISH.search(told) is None, f"{sentence} is told as {told}"
    return sentence


CERTIFICATES: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"begin": timedelta(days=-9), "end": timedelta(days=-1)}, rf"certificate of {NAME} expired on "),
    "not yet valid": ({"begin": timedelta(days=1)}, rf"certificate of {NAME} is valid from .* only"),
    "of another use": ({"usage": "keyEncipherment"}, "is not for signing documents but for key_encipherment"),
    "silent on revocations": ({"published": False}, "does not say where its authority publishes revocations"),
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_a_certificate_that_is_unfit(court: Court, what: str) -> None:
    made, sentence = CERTIFICATES[what]
    court.gets(court.file(ROLE, court.authority.issue(NAME, **made)))
    assert re.search(sentence, refused(court))


def test_a_revoked_certificate(court: Court) -> None:
    issued = court.authority.issue(NAME)
    court.authority.revoke(issued)
    court.gets(court.file(ROLE, issued))
    assert f"The certificate of {NAME} was revoked on " in refused(court)
    court.context = replace(court.context, level=Level.BASIC)
    assert "was revoked" in refused(court), "nor at a lower level"


def test_an_authority_that_does_not_say_what_it_revoked(court: Court) -> None:
    court.gets(court.file(ROLE))
    court.authority.answers = False
    assert f"Whether the certificate of {NAME} was revoked could not be found out" in refused(court)


def test_a_responder_that_says_revoked(court: Court) -> None:
    port = free_port()
    said = {"published": False, "responder": f"http://127.0.0.1:{port}"}
    judge = court.authority.issue(CERTIFIED[SignerRole.JUDGE], **said)
    court.gets(court.file(ROLE, court.authority.issue(NAME, **said)), court.file(SignerRole.JUDGE, judge))
    with court.authority.answering(port):
        assert sign_protocol(court.context, HEARING, SECRETARY).level == Level.LONG_TERM
    court.authority.revoke(judge)
    with court.authority.answering(port):
        assert f"certificate of {CERTIFIED[SignerRole.JUDGE]} was revoked on " in refused(court, by_judge(court), 2)
    assert "could not be found out" in refused(court, by_judge(court), 2), "when it no longer answers"


def by_judge(court: Court) -> Callable[[], object]:
    return lambda: sign_protocol(court.context, HEARING, JUDGE, SignerRole.JUDGE)


@pytest.mark.parametrize("level", [Level.LONG_TERM, Level.BASIC])
def test_a_certificate_that_expires_between_secretary_and_judge(court: Court, level: Level) -> None:
    """The secretary's signature lasts beyond their certificate only where an authority says when it was made."""
    short = {"end": timedelta(days=1)}
    late = replace(court.context, level=level, clock=StoppedClock(datetime.now(UTC) + timedelta(days=2)))
    court.context = replace(court.context, level=level)
    expired = court.file(SignerRole.JUDGE, court.authority.issue(CERTIFIED[SignerRole.JUDGE], **short))
    court.gets(court.file(ROLE, court.authority.issue(NAME, **short)), expired)
    sign_protocol(court.context, HEARING, SECRETARY)
    court.context = replace(late, signers=court.context.signers)
    sentence = refused(court, by_judge(court), 2)
    if level is Level.BASIC:
        assert f"The certificate of {NAME} expired on " in sentence
        assert "correct the protocol by a new one" in sentence
    else:
        assert f"The certificate of {CERTIFIED[SignerRole.JUDGE]} expired on " in sentence
        court.context = replace(late, signers=(court.file(SignerRole.JUDGE),))
        assert by_judge(court)()


def test_a_certificate_of_another_person(court: Court) -> None:
    court.gets(court.file(ROLE, court.authority.issue("Другая Бермет")))
    assert f"The certificate is that of Другая Бермет, but {SECRETARY} is signing" in refused(court)
    court.context = replace(court.context, check_names=False)
    assert sign_protocol(court.context, HEARING, SECRETARY).signer == "Другая Бермет"


def test_a_certificate_of_another_authority(court: Court, tmp_path: Path) -> None:
    court.gets(court.file(ROLE))
    other = replace(court.context.signer, trust_roots=court.context.signer.timestamp_roots)
    court.context = replace(court.context, signer=other)
    assert f"The certificate of {NAME} does not lead to an authority this court trusts" in refused(court)


@pytest.mark.parametrize("status", [503, 200])
def test_a_time_stamp_authority_that_gives_none(court: Court, timestamps: TimestampServer, status: int) -> None:
    court.gets(court.file(ROLE))
    timestamps.status, timestamps.said = status, lambda _: b"nothing"
    assert f"The time-stamp authority {timestamps.url} gives no time-stamp" in refused(court)


def test_a_time_stamp_authority_that_hangs(
    court: Court, timestamps: TimestampServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    court.gets(court.file(ROLE))
    monkeypatch.setattr("protocol.seal.STAMP_SECONDS", 0.2)
    refusal = Event()
    timestamps.heard = lambda query: query if refusal.wait(60) else b""
    try:
        assert f"The time-stamp authority {timestamps.url} gives no time-stamp" in refused(court)
    finally:
        refusal.set()


def test_a_time_stamp_authority_that_repeats_itself(court: Court, timestamps: TimestampServer) -> None:
    court.gets(court.file(ROLE))
    answers: list[bytes] = []

    def said(answer: bytes) -> bytes:
        answers.append(answer)
        return answers[0]

    timestamps.said = said
    assert f"The time-stamp authority {timestamps.url} gives no time-stamp" in refused(court)
    assert len(answers) > 1, "what was answered on trial came again"


def test_a_wrong_passphrase(court: Court) -> None:
    entry = court.file(ROLE)
    court.gets(FileSigner(role=ROLE, file=entry.file, passphrase_file=court.secret("wrong", "guess")))
    assert "the passphrase is wrong" in refused(court)


def test_a_wrong_pin(court: Court, token: Token) -> None:
    entry = court.on_token(token, ROLE)
    court.gets(TokenSigner(**{**dict(entry), "pin_file": court.secret("wrong", "000000")}))
    assert "The PIN of the token court is wrong" in refused(court)


def test_a_token_that_locked_itself(court: Court, token: Token) -> None:
    right = court.on_token(token, ROLE)
    with or_skip(locking_library(token)) as module:
        given = {**dict(right), "module": module}
        court.context = replace(
            court.context, signers=(TokenSigner(**{**given, "pin_file": court.secret("wrong", "000000")}),)
        )
        for _ in range(3):
            assert "The PIN of the token court is wrong" in refused(court)
        assert "The token court has locked itself after wrong PINs" in refused(court)
        court.context = replace(court.context, signers=(TokenSigner(**given),))
        assert "The token court has locked itself after wrong PINs" in refused(court), "the right PIN comes too late"


def test_a_token_that_is_not_there_or_lacks_the_key(court: Court, token: Token) -> None:
    entry = court.on_token(token, ROLE)
    given = dict(entry)
    for changed, sentence in (
        ({"token": "other"}, "The token other is not there: plug it in"),
        ({"key": "other"}, "The token court has no certificate with a key, both called 'other'"),
        ({"module": Path("/nowhere.so")}, "The PKCS#11 library /nowhere.so is not there"),
        ({"pin_file": None}, "The PIN of the token court is not given"),
    ):
        court.context = replace(court.context, signers=(TokenSigner(**{**given, **changed}),))
        assert sentence in refused(court)
    token.unplug()
    court.context = replace(court.context, signers=(entry,))
    assert "The token court is not there: plug it in" in refused(court)


def test_a_token_unplugged_while_it_signs(court: Court, token: Token, timestamps: TimestampServer) -> None:
    """Once a time-stamp is asked for on trial, the token is open and the signature not made yet."""
    court.gets(court.on_token(token, ROLE))
    unplugged = []

    def unplug(query: bytes) -> bytes:
        if not unplugged:
            token.unplug()
        unplugged.append(query)
        return query

    timestamps.heard = unplug
    assert "The token court was unplugged or stopped answering while it signed" in refused(court)
    assert len(unplugged) == 1, "no time-stamp was spent on a signature that was not made"


def test_a_service_that_refuses_or_talks_nonsense(court: Court) -> None:
    with court.cloud(ROLE) as (service, entry):
        for changed, sentence in (
            ({"pin_file": court.secret("wrong", "1")}, r"refuses to sign \(The PIN is invalid\)"),
            ({"access_token_file": court.secret("wrong-token", "x")}, r"refuses to sign \(invalid_token\)"),
            ({"credential": "other"}, r"refuses to sign \(Invalid parameter credentialID\)"),
        ):
            court.context = replace(court.context, signers=(entry.model_copy(update=changed),))
            assert re.search(sentence, refused(court))
        court.context = replace(court.context, signers=(entry,))
        service.broken = {"signatures": []}
        assert "answers signatures/signHash with what cannot be used" in refused(court)
        service.broken = {"signatures": ["AAAA"]}
        assert "was not made with the key of" in refused(court)
    assert "does not answer (ConnectError)" in refused(court)


def test_whose_turn_it_is_and_who_has_no_key(court: Court) -> None:
    court.gets(court.file(ROLE))
    assert "The secretary signs the protocol first" in refused(court, by_judge(court))
    sign_protocol(court.context, HEARING, SECRETARY)
    assert f"No key is set here by which {JUDGE} could sign as judge" in refused(court, by_judge(court), revisions=2)


def test_what_was_signed_elsewhere_is_looked_at_as_closely(court: Court) -> None:
    court.gets(court.file(ROLE))
    *_, draft = court.revisions()
    paper = paper_for(court.context, draft, ROLE)
    good = sealed(court.context, paper, ROLE, SECRETARY, "")
    basic = sealed(replace(court.context, level=Level.BASIC), paper, ROLE, SECRETARY, "")
    other = paper_for(replace(court.context, base_url="http://elsewhere.test"), draft, ROLE)
    foreign = sealed(court.context, other, ROLE, SECRETARY, "")
    for pdf, sentence in (
        (paper.pdf, "is not the protocol that was to be signed"),
        (foreign, "is not the protocol that was to be signed"),
        (good[:-1] + b"x", "were altered|covers|damaged"),
        (redrawn(court, paper.pdf), "is not the protocol that was to be signed"),
        (basic, "is of level B-B, this court wants B-LT"),
        (b"", "is not the protocol that was to be signed"),
    ):
        assert re.search(sentence, refused(court, lambda pdf=pdf: take(court, pdf)))  # type: ignore[misc]
    assert f"but {JUDGE} is signing" in refused(
        court, lambda: take_signed_protocol(court.context, HEARING, JUDGE, ROLE, good)
    )
    row = take(court, good)
    assert (row.state, row.level) == ("signed", "B-LT")
    assert take(court, good).revision == row.revision, "brought twice it is entered once"


def take(court: Court, pdf: bytes) -> Protocol:
    return take_signed_protocol(court.context, HEARING, SECRETARY, ROLE, pdf)


def redrawn(court: Court, paper: bytes) -> bytes:
    """The signature holds and covers everything, but a page was painted over just before."""
    writer = IncrementalPdfFileWriter(BytesIO(paper))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 500 800 re f"))
    writer.update_container(page)
    changed = BytesIO()
    writer.write(changed)
    *_, draft = court.revisions()
    form = paper_for(court.context, draft, ROLE).form
    with opened(court.context.signers[0]) as key:
        return seal(changed.getvalue(), ROLE, key, form, court.context.local_now(), sealing(court.context))
