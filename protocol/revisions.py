"""Revisions of a protocol: only ever added, each a document, its PDF in the write-once store, and ledger entries."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from court.catalogue import N_
from court.clock import iso_utc
from court.hearing import HearingState, step
from protocol.context import ProtocolContext
from protocol.editing import outdated
from protocol.errors import ProtocolError
from protocol.form import Form
from protocol.model import ProtocolDocument
from protocol.readiness import require_settled
from protocol.working_copy import edits_of
from storage.db.models import Hearing, Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.queue import RENDER_PROTOCOL
from storage.turns import FIRST_RUN

DRAFT, SIGNED = "draft", "signed"
CORRECTED_SINCE = N_(
    "The transcript, the stages or the attendance were corrected after this draft was drawn up: it is drawn up anew "
    "within two minutes; look at it, then sign."
)

UNDECIDED = N_(
    "The draft holds stages that the program heard and nobody has decided on: accept or refuse each of them, look at "
    "the new draft, then sign."
)

EDITED_SINCE = N_("The text was edited after this revision: save the revision in the editor, look at it, then sign.")
NOT_MERGED = N_(
    "The program drafted a field anew that somebody had edited: decide in the editor what stands there, save the "
    "revision, then sign."
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision about to be added: number `number` follows `number - 1`; `run` is the version of the transcript it
    rests on, `corrections` how many that had, `edits` how many the working copy had; a draft may say which signed
    protocol it `corrects`."""

    number: int
    document: ProtocolDocument
    file_name: str
    run: int = FIRST_RUN
    corrections: int = 0
    edits: int = 0
    corrects: Protocol | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """What makes a revision a signed one: its PDF with a signature more, the name in that one's certificate, as what
    they signed, its level, and who was logged in."""

    pdf: bytes
    signer: str
    user: str
    role: str
    level: str


def file_name(form: Form, document: ProtocolDocument, number: int) -> str:
    return f"{form.say('page.file')}_{document.recording}_r{number}.pdf"


def document_sha256(document: Any) -> str:
    """SHA-256 (hex) of a document's canonical JSON (RFC 8785), '' of what has none."""
    try:
        return hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    except ValueError:
        return ""


def stated_faults(row: Protocol, leaf: SignedLeaf) -> list[str]:
    """Which of a revision's columns are not what its ledger entry states: the draft's, the PDF's or the signature."""
    body, kind = leaf.body, leaf.kind
    signed = kind is LeafKind.SIGNATURE
    told = {
        "hearing": (row.hearing_id, leaf.hearing),
        "revision": (row.revision, body.get("revision")),
        "state": (row.state, SIGNED if signed else DRAFT),
        "file name": (row.file_name, body.get("file_name")),
        "document": (document_sha256(row.document), body.get("document_sha256")),
        "signer": (row.signer, body["signer"] if signed else ""),
        "signature": ((row.role, row.level), (body.get("role", ""), body.get("level", "")) if signed else ("", "")),
        "time of signing": (iso_utc(row.signed_at) if row.signed_at else "", leaf.at if signed else ""),
    }
    if kind is not LeafKind.DRAFT:
        told["PDF"] = ((row.sha256, row.size), (body.get("protocol_sha256" if signed else "sha256"), body.get("size")))
    elif row.leaf_index is None:
        told["PDF"] = ((row.sha256, row.size), (None, None))
    if kind is LeafKind.DRAFT or row.draft_index is None:
        told["time"] = (iso_utc(row.created_at), leaf.at)
    return [what for what, (column, entry) in told.items() if column != entry]


def stated(context: ProtocolContext, work: UnitOfWork, latest: Protocol) -> SignedLeaf:
    """The entry that states the newest revision: of its PDF, where it has one, else of its document.

    Raises ProtocolError where that is not the newest of the protocol's entries, or `latest` not exactly what it states.
    """
    entry = work.log.newest_entry(latest.hearing_id, LeafKind.DRAFT, LeafKind.PROTOCOL, LeafKind.SIGNATURE)
    index = latest.draft_index if latest.leaf_index is None else latest.leaf_index
    leaf = parse(entry.entry) if entry is not None and entry.index == index else None
    if leaf is None:
        wrong = ["revision"]
    elif not any(leaf.verify(VerifyKey(raw)) for raw in (context.key.public, *context.former_keys)):
        wrong = ["ledger entry"]
    else:
        wrong = stated_faults(latest, leaf)
    if leaf is None or wrong:
        raise ProtocolError(
            f"Revision {latest.revision} of the protocol was changed in the database ({', '.join(wrong)}), so it "
            "is neither printed nor signed: run courtrec verify and restore the database from its backup."
        )
    return leaf


def add_draft(context: ProtocolContext, hearing_id: str, revision: Revision, now: datetime) -> None:
    """Enters the draft's document, its ledger entry, the hearing's state and the promise of its PDF: all or none.

    Raises as `add_signed`.
    """
    with context.database.begin() as work:
        hearing = _next(work, hearing_id, revision)
        state = HearingState(hearing.state)
        if state is HearingState.SIGNED and revision.corrects is not None:
            state = step(state, HearingState.UNDER_CORRECTION)
        hearing.state = step(state, HearingState.DRAFT)
        row = _row(hearing_id, revision, now)
        body = _document_body(row, revision.corrects)
        row.draft_index = work.log.record(LeafKind.DRAFT, hearing_id, now, body, context.key)
        work.protocols.add(row)
        work.papers.done(hearing_id, RENDER_PROTOCOL)  # attempts at an earlier draft's
        work.outbox.put(RENDER_PROTOCOL, [hearing_id], now)


def add_pdf(context: ProtocolContext, draft: Protocol, pdf: bytes, now: datetime) -> bool:
    """Stores the PDF of `draft`, then enters it and its ledger entry; False where it is no longer the newest revision,
    or has its PDF already."""
    sha256, until = hashlib.sha256(pdf).hexdigest(), now + context.keep
    stored = context.store.put(sha256, pdf, len(pdf), until)
    with context.database.begin() as work:
        hearing = work.hearings.lock(draft.hearing_id)
        row = work.protocols.latest(draft.hearing_id)
        if hearing is None or row is None or row.id != draft.id or not lacks_pdf(hearing, row):
            return False
        body = {**stated(context, work, draft).body, "sha256": sha256, "size": len(pdf)}
        work.log.add_object(stored, now, until)
        row.sha256, row.size = sha256, len(pdf)
        row.leaf_index = work.log.record(LeafKind.PROTOCOL, row.hearing_id, now, body, context.key)
    return True


def lacks_pdf(hearing: Hearing, latest: Protocol) -> bool:
    """Whether the PDF of the hearing's newest revision is still to be made."""
    return latest.sha256 is None and hearing.state == HearingState.DRAFT


def add_signed(
    context: ProtocolContext, hearing_id: str, revision: Revision, signed: Signed, now: datetime
) -> Protocol:
    """Stores the signed PDF, then enters revision, ledger entry and the hearing's state: all three or none.

    Raises ProtocolError when somebody else added a revision meanwhile, IllegalStep when the hearing's state does
    not allow one; then nothing was entered.
    """
    sha256, size, until = hashlib.sha256(signed.pdf).hexdigest(), len(signed.pdf), now + context.keep
    stored = context.store.put(sha256, signed.pdf, size, until)
    with context.database.begin() as work:
        hearing = _next(work, hearing_id, revision)
        if HearingState(hearing.state) is not HearingState.SIGNED:
            require_corrections(work, hearing_id, revision.run, revision.corrections)
            require_edits(work, hearing_id, revision.document, revision.edits)
            require_settled(context, work, hearing, revision.document)
        hearing.state = step(HearingState(hearing.state), HearingState.SIGNED)
        work.log.add_object(stored, now, until)
        row, head = _row(hearing_id, revision, now), work.log.head()
        # `covers_*` state the log the signer signed on top of.
        body = {
            "role": signed.role,
            "level": signed.level,
            "protocol_sha256": sha256,
            "size": size,
            "signer": signed.signer,
            "user": signed.user,
            "revision": row.revision,
            "covers_root": head.root.hex(),
            "covers_size": head.size,
            "document_sha256": document_sha256(row.document),
            "file_name": row.file_name,
        }
        row.state, row.sha256, row.size, row.signed_at = SIGNED, sha256, size, now
        row.signer, row.role, row.level = signed.signer, signed.role, signed.level
        row.leaf_index = work.log.record(LeafKind.SIGNATURE, hearing_id, now, body, context.key)
        work.protocols.add(row)
    return row


def require_corrections(work: UnitOfWork, hearing_id: str, run: int, corrections: int) -> None:
    """Raises ProtocolError where people changed what drafts are made of since one that rests on so many changes."""
    if work.runs.corrections(hearing_id, run) != corrections:
        raise ProtocolError(CORRECTED_SINCE)


def require_decided(latest: Protocol) -> None:
    """Raises ProtocolError where something in the draft is only proposed: what is signed is a person's word."""
    if ProtocolDocument.from_json(latest.document).undecided:
        raise ProtocolError(UNDECIDED)


def require_edits(work: UnitOfWork, hearing_id: str, document: ProtocolDocument, edits: int) -> None:
    """Raises ProtocolError where somebody edited since, or nobody has looked at what the program writes anew."""
    if work.edits.version(hearing_id) != edits:
        raise ProtocolError(EDITED_SINCE)
    if outdated(document, edits_of(work, hearing_id)):
        raise ProtocolError(NOT_MERGED)


def _next(work: UnitOfWork, hearing_id: str, revision: Revision) -> Hearing:
    """The hearing, locked, if `revision` is the next one of its protocol; else raises ProtocolError."""
    hearing = work.hearings.lock(hearing_id)
    latest = work.protocols.latest(hearing_id)
    if hearing is None or (latest.revision if latest else 0) != revision.number - 1:
        raise ProtocolError(
            f"The protocol {revision.file_name} was changed by somebody else meanwhile: look at it again first."
        )
    return hearing


def _row(hearing_id: str, revision: Revision, now: datetime) -> Protocol:
    """Of a draft, not stated yet."""
    return Protocol(
        hearing_id=hearing_id,
        revision=revision.number,
        run=revision.run,
        corrections=revision.corrections,
        edits=revision.edits,
        state=DRAFT,
        file_name=revision.file_name,
        document=revision.document.as_json(),
        created_at=now,
        signer="",
    )


def _document_body(row: Protocol, corrects: Protocol | None) -> dict[str, str | int]:
    named = (
        {} if corrects is None else {"corrects_revision": corrects.revision, "corrects_sha256": corrects.sha256 or ""}
    )
    return {
        **named,
        "revision": row.revision,
        "form": row.document["form"],
        "language": row.document["language"],
        "document_sha256": document_sha256(row.document),
        "file_name": row.file_name,
    }
