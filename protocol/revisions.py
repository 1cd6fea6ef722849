"""Revisions of a protocol: only ever added, each a document, its PDF in the write-once store, and a ledger entry."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785

from court.clock import iso_utc
from court.hearing import HearingState, step
from protocol.context import ProtocolContext
from protocol.errors import ProtocolError
from protocol.form import Form
from protocol.model import ProtocolDocument
from storage.db.models import Hearing, Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind, SignedLeaf
from storage.turns import FIRST_RUN

DRAFT, SIGNED = "draft", "signed"
CORRECTED_SINCE = (
    "The transcript, the stages or the attendance were corrected after this draft was drawn up: it is drawn up anew "
    "within two minutes; look at it, then sign."
)

UNDECIDED = (
    "The draft holds stages that the program heard and nobody has decided on: accept or refuse each of them, look at "
    "the new draft, then sign."
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision about to be added: number `number` follows `number - 1`; `signer` is empty on a draft, `run` the
    version of the transcript it rests on, `corrections` how many that had."""

    number: int
    document: ProtocolDocument
    pdf: bytes
    file_name: str
    signer: str = ""
    user: str = ""
    run: int = FIRST_RUN
    corrections: int = 0

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


def file_name(form: Form, document: ProtocolDocument, number: int) -> str:
    return f"{form.say('page.file')}_{document.recording}_r{number}.pdf"


def document_sha256(document: Any) -> str:
    """SHA-256 (hex) of a document's canonical JSON (RFC 8785), '' of what has none."""
    try:
        return hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    except ValueError:
        return ""


def stated_faults(row: Protocol, leaf: SignedLeaf) -> list[str]:
    """Which of a revision's columns are not what its ledger entry states."""
    body, signed = leaf.body, leaf.kind is LeafKind.SIGNATURE
    told = {
        "hearing": (row.hearing_id, leaf.hearing),
        "revision": (row.revision, body.get("revision")),
        "state": (row.state, SIGNED if signed else DRAFT),
        "PDF": ((row.sha256, row.size), (body.get("protocol_sha256" if signed else "sha256"), body.get("size"))),
        "file name": (row.file_name, body.get("file_name")),
        "document": (document_sha256(row.document), body.get("document_sha256")),
        "signer": (row.signer, body["signer"] if signed else ""),
        "time": (iso_utc(row.created_at), leaf.at),
        "time of signing": (iso_utc(row.signed_at) if row.signed_at else "", leaf.at if signed else ""),
    }
    return [what for what, (column, entry) in told.items() if column != entry]


def add_revision(context: ProtocolContext, hearing_id: str, revision: Revision, now: datetime) -> Protocol:
    """Stores the PDF, then enters revision, ledger entry and the hearing's state: all three or none.

    Raises ProtocolError when somebody else added a revision meanwhile, IllegalStep when the hearing's state does
    not allow one; then nothing was entered.
    """
    until = now + context.keep
    stored = context.store.put(revision.sha256, revision.pdf, len(revision.pdf), until)
    with context.database.begin() as work:
        hearing = work.hearings.lock(hearing_id)
        latest = work.protocols.latest(hearing_id)
        if hearing is None or (latest.revision if latest else 0) != revision.number - 1:
            raise ProtocolError(
                f"The protocol {revision.file_name} was changed by somebody else meanwhile: look at it again first."
            )
        if revision.signer:
            require_corrections(work, hearing_id, revision.run, revision.corrections)
        hearing.state = step(
            HearingState(hearing.state), HearingState.SIGNED if revision.signer else HearingState.DRAFT
        )
        work.log.add_object(stored, now, until)
        row = _row(context, work, hearing, revision, now)
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


def _row(context: ProtocolContext, work: UnitOfWork, hearing: Hearing, revision: Revision, now: datetime) -> Protocol:
    leaf = _signature_leaf(work, revision) if revision.signer else _draft_leaf(revision)
    return Protocol(
        hearing_id=hearing.id,
        revision=revision.number,
        run=revision.run,
        corrections=revision.corrections,
        state=SIGNED if revision.signer else DRAFT,
        sha256=revision.sha256,
        size=len(revision.pdf),
        file_name=revision.file_name,
        document=revision.document.as_json(),
        leaf_index=work.log.record(leaf[0], hearing.id, now, leaf[1], context.key),
        created_at=now,
        signed_at=now if revision.signer else None,
        signer=revision.signer,
    )


def _draft_leaf(revision: Revision) -> tuple[LeafKind, dict[str, str | int]]:
    return LeafKind.PROTOCOL, {
        "revision": revision.number,
        "sha256": revision.sha256,
        "size": len(revision.pdf),
        "form": revision.document.form,
        "language": revision.document.language,
        "document_sha256": document_sha256(revision.document.as_json()),
        "file_name": revision.file_name,
    }


def _signature_leaf(work: UnitOfWork, revision: Revision) -> tuple[LeafKind, dict[str, str | int]]:
    """`covers_*` state the log the signer signed on top of; `user` is who was logged in."""
    head = work.log.head()
    return LeafKind.SIGNATURE, {
        "protocol_sha256": revision.sha256,
        "size": len(revision.pdf),
        "signer": revision.signer,
        "user": revision.user,
        "revision": revision.number,
        "covers_root": head.root.hex(),
        "covers_size": head.size,
        "document_sha256": document_sha256(revision.document.as_json()),
        "file_name": revision.file_name,
    }
