"""Drafts on both databases: one deed, one revision, one ledger entry, one object."""

import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import rfc8785
from pypdf import PdfReader

from court.card import Procedure
from protocol.context import ProtocolContext
from protocol.errors import FormError, ProtocolError
from protocol.model import ProtocolDocument
from protocol.settings import ProtocolSettings
from protocol.tasks import draft_protocol, register, render_protocol, sign_protocol
from storage.db import models
from storage.db.unit_of_work import Database
from storage.db.work import NO_RECOGNISER
from storage.ledger import merkle
from storage.ledger.leaf import LeafKind
from storage.queue import DRAFT_PROTOCOL, RENDER_PROTOCOL, make_queue
from tests.factories.drafts import draw_up
from tests.factories.ledger import SERVER_KEY
from tests.factories.protocol import HEARING, OPENING_WORDS, STARTED
from tests.factories.two_minutes import (
    bodies,
    court_after_a_hearing,
    revisions,
    state,
    transcribe,
)


@pytest.fixture
def context(database: Database, tmp_path: Path) -> ProtocolContext:
    return court_after_a_hearing(database, tmp_path)


def test_a_draft_is_whole_before_there_is_a_pdf_of_it(context: ProtocolContext) -> None:
    assert draft_protocol(context, HEARING)
    [row] = revisions(context)
    assert (row.revision, row.state, row.sha256, state(context)) == (1, "draft", None, "draft")
    assert row.file_name == "Протокол_ГД_4405-24-Б2_2026-11-22_1005_0000beef_r1.pdf"
    [body] = bodies(context, LeafKind.DRAFT)
    assert body == {
        "revision": 1, "form": "civil_brief", "language": "ru",
        "document_sha256": hashlib.sha256(rfc8785.dumps(row.document)).hexdigest(), "file_name": row.file_name,
    }  # fmt: skip
    with context.database.read() as work:
        assert row.draft_index is not None
        entry = work.log.entry(row.draft_index)
        assert entry is not None
        assert entry.kind == LeafKind.DRAFT.value
        root = merkle.root_at(2, work.log.node).hex()
        assert [(one.task, one.args) for one in work.outbox.unsent()] == [(RENDER_PROTOCOL, [HEARING])]
    assert root in ProtocolDocument.from_json(row.document).fields[9].lines[1].text
    with pytest.raises(ProtocolError, match="PDF of this draft is not ready yet"):
        sign_protocol(context, HEARING, "aijamal")


def test_its_pdf_is_stored_entered_and_bound_to_the_same_document(context: ProtocolContext) -> None:
    draw_up(context, HEARING)
    [row] = revisions(context)
    assert row.sha256 is not None
    assert row.leaf_index is not None
    pdf = context.store.read(row.sha256)
    assert OPENING_WORDS in " ".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().split())
    [draft], [body] = bodies(context, LeafKind.DRAFT), bodies(context, LeafKind.PROTOCOL)
    assert body == draft | {"sha256": row.sha256, "size": len(pdf)}
    with context.database.read() as work:
        entry = work.log.entry(row.leaf_index)
        stored = work.log.object(row.sha256)
        assert entry is not None
        assert entry.kind == LeafKind.PROTOCOL.value
        assert stored is not None
        assert stored.retain_until == context.clock.now().utc + context.keep
    assert not render_protocol(context, HEARING), "it is there"


def test_drafting_again_from_the_same_facts_changes_nothing(context: ProtocolContext) -> None:
    assert draft_protocol(context, HEARING)
    view = dict.fromkeys(("actor", "role", "action", "object", "ground", "address"), "x")
    with context.database.begin() as work:
        work.log.record(LeafKind.ACCESS, HEARING, STARTED, view, SERVER_KEY)
    assert not draft_protocol(context, HEARING)
    assert len(revisions(context)) == len(bodies(context, LeafKind.DRAFT)) == 1


def test_a_better_transcript_makes_the_next_revision_and_keeps_the_first(context: ProtocolContext) -> None:
    draft_protocol(context, HEARING)
    transcribe(context, "Заседание открыто, прошу садиться.", parameters="b" * 64)
    assert draft_protocol(context, HEARING)
    first, second = revisions(context)
    assert (first.revision, second.revision) == (1, 2)
    documents = [ProtocolDocument.from_json(row.document) for row in (first, second)]
    assert [document.transcript[0].text for document in documents] == [
        OPENING_WORDS,
        "Заседание открыто, прошу садиться.",
    ]
    assert len(documents[1].transcript) == 1
    assert render_protocol(context, HEARING)
    first, second = revisions(context)
    assert (first.sha256, second.sha256 is None) == (None, False), "of a draft that was overtaken no PDF is made"


def test_nothing_is_drafted_while_words_are_still_to_come(context: ProtocolContext) -> None:
    with context.database.begin() as work:
        work.windows.add(HEARING, 1)
    assert not draft_protocol(context, HEARING)
    assert not draft_protocol(context, HEARING.replace("beef", "dead"))
    assert revisions(context) == []


def test_what_could_not_be_transcribed_is_named(context: ProtocolContext) -> None:
    with context.database.begin() as work:
        work.windows.add(HEARING, 1)
        for window in work.windows.of(HEARING):
            window.state = "failed" if window.sequence == 1 else window.state
            window.error, window.reason = "No recogniser is set.", NO_RECOGNISER
    assert draft_protocol(context, HEARING)
    note = ProtocolDocument.from_json(revisions(context)[0].document).transcript_note
    assert "Не расшифрованы отрезки: 00:01:10–00:02:00. Распознавателя речи на языке заседания в суде нет" in note
    assert "No recogniser" not in note


def test_the_queue_knows_the_task_by_its_name(context: ProtocolContext) -> None:
    queue = make_queue()
    register(queue, context)
    queue.tasks[DRAFT_PROTOCOL].apply(args=[HEARING]).get()
    assert len(revisions(context)) == 1


def test_words_that_no_ledger_entry_states_are_not_drafted(context: ProtocolContext) -> None:
    with context.database.begin() as work:
        for number, other in enumerate(({"engine": "x"}, {"sequence": 9}, {"parameters_key": "f" * 64}), 1):
            [row] = [one for one in work.utterances.of(HEARING) if one.position == 0]
            told = {c.name: getattr(row, c.name) for c in models.Utterance.__table__.columns if c.name != "id"}
            work.session.add(models.Utterance(**told | {"text": "Подлог.", "position": number} | other))
    assert draft_protocol(context, HEARING)
    speech = ProtocolDocument.from_json(revisions(context)[0].document).transcript
    assert [one.text for one in speech] == [OPENING_WORDS]


def test_settings_that_cannot_be_used_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BASE_URL", "court.example"), ("ZONE", "Asia/Nowhere")):
        with monkeypatch.context() as wrong:
            wrong.setenv(f"COURTREC_PROTOCOL_{name}", value)
            with pytest.raises(ValueError, match=value):
                ProtocolSettings()


def test_a_full_protocol_is_drafted_where_the_judge_decides_so_and_stays_one(context: ProtocolContext) -> None:
    assert draft_protocol(context, HEARING)
    assert draft_protocol(context, HEARING, full=True)
    assert not draft_protocol(context, HEARING), "nothing new was said, and the decision stands"
    transcribe(context, "Слушается дело.", "b" * 64)
    assert draft_protocol(context, HEARING)
    assert draft_protocol(context, HEARING, full=False)
    assert [row.document["form"] for row in revisions(context)] == [
        "civil_brief", "civil_full", "civil_full", "civil_brief",
    ]  # fmt: skip
    assert [body["form"] for body in bodies(context, LeafKind.DRAFT)] == [
        row.document["form"] for row in revisions(context)
    ]


def test_where_there_is_no_full_form_the_brief_one_stays(context: ProtocolContext) -> None:
    offence = replace(context, procedure=Procedure.ADMINISTRATIVE, profile="kg")
    with pytest.raises(FormError, match="'administrative_brief' has no full form"):
        draft_protocol(offence, HEARING, full=True)
    assert revisions(context) == []
    assert draft_protocol(offence, HEARING)
    [row] = revisions(context)
    assert row.document["form"] == "administrative_brief"
    assert "Кодекс Кыргызской Республики о правонарушениях" in str(row.document["technical"])
