"""Draft and signature on both databases: one deed, one revision, one ledger entry, one object, one copy."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from pypdf import PdfReader
from sqlalchemy import select, update

from court.card import Procedure
from court.hearing import HearingState, IllegalStep
from court.timeline import GapCause
from protocol.context import ProtocolContext, make_context, signer_files
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import FormError, ProtocolError, SealError
from protocol.model import ProtocolDocument
from protocol.settings import ProtocolSettings
from protocol.tasks import draft_protocol, register, render_protocol, sign_protocol
from protocol.verify import load_trust_roots, verify_pdf
from storage.db import models
from storage.db.unit_of_work import Database, UnitOfWork
from storage.db.work import NO_RECOGNISER
from storage.ledger import merkle
from storage.ledger.leaf import LeafKind, parse
from storage.queue import DRAFT_PROTOCOL, RENDER_PROTOCOL, make_queue
from storage.worm.local import LocalStore
from storage.worm.port import StoredObject, object_key
from tests.factories.drafts import draw_up
from tests.factories.ledger import SERVER_KEY
from tests.factories.protocol import BREAK, CARD, HEARING, LENGTH, OPENING_WORDS, STARTED, TRACKS, StoppedClock

RATE = 48_000


@pytest.fixture
def context(database: Database, tmp_path: Path) -> ProtocolContext:
    settings = ProtocolSettings()
    make_demo_pkcs12(signer_files(settings, tmp_path / "keys").pkcs12, CARD.secretary, StoppedClock())
    made = make_context(
        settings,
        database=database,
        store=LocalStore(tmp_path / "objects"),
        key=SERVER_KEY,
        clock=StoppedClock(),
        home=tmp_path,
        site="https://court.example",
        keep=timedelta(days=3650),
    )
    record_hearing(made)
    return made


def record_hearing(context: ProtocolContext) -> None:
    """Two minutes of hearing with a break, transcribed, as ingest and transcription leave it."""
    tracks = [
        {"track": name, "role": role.value if role else "", "kind": kind, "rate": rate, "derived": False, "device": "x"}
        for name, role, kind, rate in TRACKS
    ]
    with context.database.begin() as work:
        work.hearings.add(
            models.Hearing(
                id=HEARING, case_number=CARD.case_number.verbatim, case_key=CARD.case_number.key,
                card=CARD.as_fields(), room="Зал № 1", state=HearingState.ENDED.value, tracks=tracks,
                started_at=STARTED, ended_at=STARTED + timedelta(seconds=LENGTH), end_sample=round(LENGTH * RATE),
            )
        )  # fmt: skip
        work.session.flush()
        for name, _, _, rate in TRACKS:
            add_segment(work, name, 0, (0.0, BREAK[0]), rate)
            add_segment(work, name, 1, (BREAK[1], LENGTH), rate)
            work.hearings.add(
                models.Gap(
                    hearing_id=HEARING, track=name, start=round(BREAK[0] * rate), end=round(BREAK[1] * rate), rate=rate,
                    cause=GapCause.BREAK.value, device_log="", utc=STARTED, leaf_index=0,
                )
            )  # fmt: skip
        for state, at in (("recording", 0.0), ("paused", BREAK[0]), ("recording", BREAK[1]), ("ended", LENGTH)):
            work.hearings.add(
                models.StateChange(
                    hearing_id=HEARING, state=state, at_sample=round(at * RATE), utc=STARTED, leaf_index=round(at)
                )
            )
        note = {"at_sample": 2 * RATE, "template": "opening", "text": "Заседание открыто"}
        work.hearings.add(models.NoteRow(hearing_id=HEARING, leaf_index=0, **note))
        work.log.record(LeafKind.NOTE, HEARING, STARTED, note, SERVER_KEY)
        work.windows.add(HEARING, 0)
    transcribe(context, OPENING_WORDS)


def add_segment(work: UnitOfWork, track: str, sequence: int, span: tuple[float, float], rate: int) -> None:
    sha256 = hashlib.sha256(f"{track} {sequence}".encode()).hexdigest()
    work.log.add_object(StoredObject(object_key(sha256), "", sha256, 1000), STARTED, None)
    work.hearings.add(
        models.Segment(
            hearing_id=HEARING, track=track, sequence=sequence, start=round(span[0] * rate), end=round(span[1] * rate),
            rate=rate, sha256=sha256, size=1000, init_size=10, codec="flac", partial=False, utc=STARTED, leaf_index=0,
        )
    )  # fmt: skip


def transcribe(context: ProtocolContext, text: str, parameters: str = "a" * 64) -> None:
    """A run of the recogniser over the first window, with its ledger entry."""
    run = {"sequence": 0, "engine": "whisper", "model_sha256": "d0" * 32, "parameters_key": parameters}
    body = {**run, "utterances_sha256": "0" * 64}
    with context.database.begin() as work:
        work.utterances.add_all(
            [
                models.Utterance(
                    hearing_id=HEARING, sequence=0, track="mic-judge", role="judge", start_ms=2500, end_ms=5500,
                    text=text, words=[], language="ru", flags=[], engine="whisper", model="d0" * 32,
                    parameters_key=parameters, segment_sha256="1" * 64, position=0,
                )
            ]
        )  # fmt: skip
        work.log.record(LeafKind.TRANSCRIPT, HEARING, STARTED, body, SERVER_KEY)
        work.windows.done(HEARING, 0)


def revisions(context: ProtocolContext) -> list[models.Protocol]:
    with context.database.read() as work:
        return list(work.protocols.of(HEARING))


def bodies(context: ProtocolContext, kind: LeafKind) -> list[Any]:
    with context.database.read() as work:
        return [parse(row.entry).body for row in work.log.entries(HEARING) if row.kind == kind.value]


def state(context: ProtocolContext) -> str:
    with context.database.read() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        return hearing.state


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


def test_words_that_no_ledger_entry_states_are_not_drafted(context: ProtocolContext) -> None:
    with context.database.begin() as work:
        for number, other in enumerate(({"engine": "x"}, {"sequence": 9}, {"parameters_key": "f" * 64}), 1):
            [row] = [one for one in work.utterances.of(HEARING) if one.position == 0]
            told = {c.name: getattr(row, c.name) for c in models.Utterance.__table__.columns if c.name != "id"}
            work.session.add(models.Utterance(**told | {"text": "Подлог.", "position": number} | other))
    assert draft_protocol(context, HEARING)
    speech = ProtocolDocument.from_json(revisions(context)[0].document).transcript
    assert [one.text for one in speech] == [OPENING_WORDS]


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


def test_a_full_protocol_can_be_signed(context: ProtocolContext) -> None:
    draw_up(context, HEARING, full=True)
    signed = sign_protocol(context, HEARING, "secretary")
    assert signed.document["form"] == "civil_full"
    assert "ещё не составлен" not in str(signed.document["fields"])


def test_where_there_is_no_full_form_the_brief_one_stays(context: ProtocolContext) -> None:
    offence = replace(context, procedure=Procedure.ADMINISTRATIVE, profile="kg")
    with pytest.raises(FormError, match="'administrative_brief' has no full form"):
        draft_protocol(offence, HEARING, full=True)
    assert revisions(context) == []
    assert draft_protocol(offence, HEARING)
    [row] = revisions(context)
    assert row.document["form"] == "administrative_brief"
    assert "Кодекс Кыргызской Республики о правонарушениях" in str(row.document["technical"])
