"""Protocol and transcript as files for other programs: DOCX, JSON, WebVTT, RTTM."""

import json
from dataclasses import dataclass
from enum import StrEnum

from api import copy_content
from api.composition import protocol_context
from api.context import Context
from api.errors import NotFound
from court.card import HearingCard
from court.clock import iso_utc
from protocol.copies.captions import rttm, webvtt
from protocol.forms import load_form
from protocol.machine import machine_readable
from protocol.model import ProtocolDocument
from protocol.word import word_file
from storage.db.models import Hearing, Protocol
from storage.db.unit_of_work import UnitOfWork


class Kind(StrEnum):
    """`DOCX` and `JSON` are the protocol, closed as a whole where any part of the hearing was; the other two are the
    open lines of the transcript."""

    DOCX = "docx"
    JSON = "json"
    VTT = "vtt"
    RTTM = "rttm"

    @property
    def of_protocol(self) -> bool:
        return self in (Kind.DOCX, Kind.JSON)


MEDIA_TYPES = {
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.JSON: "application/json",
    Kind.VTT: "text/vtt; charset=utf-8",
    Kind.RTTM: "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Exported:
    name: str
    content: bytes


def protocol_file(context: Context, row: Protocol | None, kind: Kind) -> Exported:
    """The revision as DOCX or JSON; raises NotFound without one, ProtocolError where it cannot be read."""
    if row is None:
        raise NotFound("There is no protocol of this hearing yet.")
    name = f"{row.file_name.removesuffix('.pdf')}.{kind}"
    document = ProtocolDocument.from_json(row.document)
    if kind is Kind.JSON:
        told = machine_readable(
            document.as_json(), revision=row.revision, state=row.state, signer=row.signer or "",
            signed_at=iso_utc(row.signed_at) if row.signed_at else None, file_name=row.file_name, sha256=row.sha256,
        )  # fmt: skip
        return Exported(name, json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
    protocols = protocol_context(context)
    form = load_form(document.form, document.language, protocols.forms, protocols.profile)
    draft = row.state != copy_content.SIGNED
    return Exported(name, word_file(document, form, row.revision, draft=draft, moment=row.created_at))


def transcript_file(context: Context, uow: UnitOfWork, hearing: Hearing, kind: Kind) -> Exported:
    """The open lines as WebVTT or RTTM; raises Conflict where nothing is open or the hearing has not ended."""
    parts = copy_content.opened(uow, hearing)
    language = HearingCard.parse(hearing.card).language
    found = copy_content.cues(copy_content.lines(uow, hearing, context.store, parts), language)
    text = webvtt(found, note=hearing.case_number) if kind is Kind.VTT else rttm(found, hearing.id)
    return Exported(f"{hearing.id}.{kind}", text.encode())
