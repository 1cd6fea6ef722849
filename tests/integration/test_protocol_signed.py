"""Signatures on both databases: one deed, one revision, one ledger entry, one object, one copy."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from sqlalchemy import select, update

from court.hearing import HearingState, IllegalStep
from protocol.context import ProtocolContext
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import ProtocolError, SealError
from protocol.model import ProtocolDocument
from protocol.tasks import draft_protocol, render_protocol, sign_protocol
from protocol.verify import load_trust_roots, verify_pdf
from storage.db import models
from storage.db.unit_of_work import Database
from storage.ledger import merkle
from storage.ledger.leaf import LeafKind
from tests.factories.drafts import draw_up
from tests.factories.protocol import HEARING, StoppedClock
from tests.factories.two_minutes import (
    bodies,
    court_after_a_hearing,
    revisions,
    state,
)


@pytest.fixture
def context(database: Database, tmp_path: Path) -> ProtocolContext:
    return court_after_a_hearing(database, tmp_path)


def test_signing_makes_a_sealed_revision_its_entry_and_a_copy_for_people(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    signed = sign_protocol(context, HEARING, "aijamal")
    assert [row.state for row in revisions(context)] == ["draft", "signed"]
    assert (signed.revision, state(context)) == (2, "signed")
    copy = (context.out / signed.file_name).read_bytes()
    assert copy == context.store.read(signed.sha256)
    report = verify_pdf(copy, load_trust_roots(context.signer.trust_roots), context.clock.now().utc)
    assert report.genuine, report.faults
    assert "22 ноября 2026 года" in ProtocolDocument.from_json(signed.document).fields[7].lines[0].text
    [body] = bodies(context, LeafKind.SIGNATURE)
    with context.database.read() as work:
        before = merkle.root_at(signed.leaf_index, work.log.node).hex()
    assert body == {
        "protocol_sha256": signed.sha256, "size": len(copy), "signer": "Иманова А. К. (DEMO)", "user": "aijamal",
        "role": "secretary", "level": "B-B",
        "revision": 2, "covers_root": before, "covers_size": signed.leaf_index,
        "document_sha256": hashlib.sha256(rfc8785.dumps(signed.document)).hexdigest(), "file_name": signed.file_name,
    }  # fmt: skip


def test_signing_twice_makes_one_signature_and_brings_a_lost_copy_back(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    first = sign_protocol(context, HEARING, "aijamal")
    (context.out / first.file_name).unlink()
    again = sign_protocol(context, HEARING, "aijamal")
    assert again.sha256 == first.sha256
    assert (context.out / first.file_name).exists()
    assert len(bodies(context, LeafKind.SIGNATURE)) == 1
    assert not draft_protocol(context, HEARING)


def test_without_a_draft_there_is_nothing_to_sign(context: ProtocolContext) -> None:
    with pytest.raises(ProtocolError, match="no draft to sign"):
        sign_protocol(context, HEARING, "aijamal")


def test_a_draft_of_before_whose_one_entry_states_document_and_pdf_is_signed(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    with context.database.begin() as work:
        work.session.execute(update(models.Protocol).values(draft_index=None))
    assert not render_protocol(context, HEARING)
    assert sign_protocol(context, HEARING, "aijamal").revision == 2


@pytest.mark.parametrize("what", ["document", "file name"])
def test_no_pdf_is_made_of_a_draft_that_was_changed_in_the_database(context: ProtocolContext, what: str) -> None:
    draft_protocol(context, HEARING)
    with context.database.begin() as work:
        work.session.execute(update(models.Protocol).values(**CHANGES[what]))
    with pytest.raises(ProtocolError, match=rf"changed in the database \({what}\), so it is neither printed"):
        render_protocol(context, HEARING)
    assert bodies(context, LeafKind.PROTOCOL) == []


CHANGES: dict[str, dict[str, Any]] = {
    "document": {"document": {"form": "civil_brief"}},
    "PDF": {"sha256": "0" * 64},
    "state": {"state": "signed"},
    "file name": {"file_name": "../x.pdf"},
    "revision": {"leaf_index": 0},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_draft_that_was_changed_in_the_database_is_not_signed(context: ProtocolContext, what: str) -> None:
    draw_up(context, HEARING)
    with context.database.begin() as work:
        work.session.execute(update(models.Protocol).values(**CHANGES[what]))
    with pytest.raises(ProtocolError, match=rf"changed in the database \({what}\), so it is neither printed"):
        sign_protocol(context, HEARING, "aijamal")
    assert len(revisions(context)) == 1
    assert not context.out.exists()


def test_a_draft_whose_ledger_entry_was_forged_is_not_signed(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    with context.database.begin() as work:
        [row] = work.protocols.of(HEARING)
        entry = work.log.entry(row.leaf_index)
        assert entry is not None
        entry.entry = entry.entry.replace(b'"language":"ru"', b'"language":"ky"')
    with pytest.raises(ProtocolError, match=r"\(ledger entry\)"):
        sign_protocol(context, HEARING, "aijamal")


def test_a_hearing_in_the_wrong_state_is_not_signed(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    with context.database.begin() as work:
        for hearing in work.session.scalars(select(models.Hearing)):
            hearing.state = HearingState.ARCHIVED.value
    with pytest.raises(IllegalStep):
        sign_protocol(context, HEARING, "aijamal")


def test_a_signature_that_fails_leaves_everything_as_it_was(context: ProtocolContext, tmp_path: Path) -> None:
    draw_up(context, HEARING)
    stranger = make_demo_pkcs12(tmp_path / "stranger.p12", "Другой", StoppedClock())
    mixed = replace(context.signer, trust_roots=stranger.trust_roots)
    with pytest.raises(SealError, match=r"nothing was stored\. The certificate of"):
        sign_protocol(replace(context, signer=mixed), HEARING, "aijamal")
    assert (state(context), len(revisions(context))) == ("draft", 1)
    assert bodies(context, LeafKind.SIGNATURE) == []
    assert not context.out.exists()


def test_a_copy_that_cannot_be_written_is_said_and_made_later(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    context.out.write_text("a file where the folder should be")
    with pytest.raises(ProtocolError, match="is signed, but its copy"):
        sign_protocol(context, HEARING, "aijamal")
    context.out.unlink()
    signed = sign_protocol(context, HEARING, "aijamal")
    assert (context.out / signed.file_name).exists()
    assert len(revisions(context)) == 2


def test_a_full_protocol_can_be_signed(context: ProtocolContext) -> None:
    draw_up(context, HEARING, full=True)
    signed = sign_protocol(context, HEARING, "secretary")
    assert signed.document["form"] == "civil_full"
    assert "ещё не составлен" not in str(signed.document["fields"])
