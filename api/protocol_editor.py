"""The editor of a protocol's draft: its fields with the newest edits, saving them, and what judge and secretary say.

What is typed goes into the working copy at once; the log has a revision when somebody saves one (decision 43).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api import reading
from api.access import Action
from api.audit import record_access
from api.caller import Caller
from api.composition import protocol_context
from api.context import Context
from api.errors import Conflict, NotFound, Unusable
from api.gate import require
from api.schemas import UtteranceView
from court.catalogue import N_
from protocol.comparison import Change, Changed, Piece, compared, words_between
from protocol.editing import Edit, EditError, counted, editable, parse_lines
from protocol.errors import ProtocolError
from protocol.form import Form
from protocol.forms import load_form
from protocol.model import Line, ProtocolDocument
from protocol.tasks import draft_protocol
from protocol.working_copy import Overtaken, edit_field, edits_of, open_draft, shown
from storage.db.models import Hearing, ProtocolComment
from storage.db.unit_of_work import UnitOfWork

LONGEST_COMMENT = 2000
NOTHING_NEW = N_("Nothing was changed since the newest revision.")
NO_COMMENT = N_("Write something first; a comment has at most 2000 characters.")
NO_REVISION = N_("There is no such revision of the protocol.")


@dataclass(frozen=True, slots=True)
class Comment:
    """`done_by` is empty while it is open."""

    number: int
    text: str
    by: str
    role: str
    at: datetime
    done_by: str


@dataclass(frozen=True, slots=True)
class Merge:
    """What else stands in a field: `by` is empty for the program. `pieces` lead from the person's words to these."""

    by: str
    at: datetime | None
    lines: list[dict[str, Any]]
    mine: tuple[Piece, ...]
    theirs: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class EditedField:
    """A field as the editor shows it. `lines` and `machine` are for its script: text, at, evidence, counted."""

    key: str
    number: int
    label: str
    editable: bool
    version: int
    by: str
    at: datetime | None
    lines: list[dict[str, Any]]
    machine: list[dict[str, Any]]
    merge: Merge | None
    comments: tuple[Comment, ...]

    @property
    def open(self) -> int:
        return sum(not one.done_by for one in self.comments)


@dataclass(frozen=True, slots=True)
class Quotation:
    """A line of the transcript, and the line that it becomes in the protocol."""

    start: float
    speaker: str
    text: str
    line: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that the editor shows; `revision` is the newest one, `unsaved` whether it lacks edits."""

    revision: int
    title: str
    unsaved: bool
    fields: list[EditedField]
    quotations: list[Quotation]


def sheet(context: Context, uow: UnitOfWork, caller: Caller, hearing_id: str) -> Sheet:
    """Raises Forbidden, NotFound, and Conflict where there is no draft that may be edited."""
    hearing = require(uow, caller, hearing_id, Action.EDIT_PROTOCOL)
    try:
        latest = open_draft(uow, hearing)
    except ProtocolError as error:
        raise Conflict(str(error)) from error
    document, edits = ProtocolDocument.from_json(latest.document), edits_of(uow, hearing_id)
    protocol = protocol_context(context)
    form = load_form(document.form, document.language, protocol.forms, protocol.profile)
    said = reading.transcript(uow, caller, hearing, context.store).utterances
    return Sheet(
        latest.revision,
        document.heading.title,
        uow.edits.version(hearing_id) != latest.edits,
        _fields(document, edits, comments(uow, hearing_id)),
        [_quotation(form, one) for one in said if one.text.strip()],
    )


def save_field(
    context: Context, caller: Caller, hearing_id: str, key: str, lines: str, *, version: int, merged: bool
) -> Edit:
    """Puts what was typed (`lines` as JSON) into the working copy.

    Raises Forbidden, NotFound, EditError, Conflict where nothing may be edited any more, Overtaken.
    """
    try:
        told = parse_lines(json.loads(lines))
    except ValueError:
        told = parse_lines(None)
    with context.database.begin() as uow:
        hearing = _locked(uow, caller, hearing_id)
        now = context.clock.now().utc
        try:
            return edit_field(uow, hearing, key, told, version=version, merged=merged, by=caller.name, now=now)
        except Overtaken:
            raise
        except ProtocolError as error:
            raise Conflict(str(error)) from error


def overtaken(lines: str, theirs: Edit) -> Merge:
    """What the person wrote beside what somebody else made of the field meanwhile."""
    try:
        own = parse_lines(json.loads(lines))
    except (ValueError, EditError):
        own = ()
    return _merge(own, theirs.lines, theirs.by, theirs.at)


def save_revision(context: Context, caller: Caller, hearing_id: str) -> None:
    """The working copy becomes the next revision, in the log; raises as `save_field`, and Conflict without changes."""
    with context.database.begin() as uow:
        hearing = _locked(uow, caller, hearing_id)
        try:
            open_draft(uow, hearing)
        except ProtocolError as error:
            raise Conflict(str(error)) from error
        record_access(context, uow, caller, Action.EDIT_PROTOCOL, hearing_id=hearing_id, subject="protocol")
    try:
        if not draft_protocol(protocol_context(context), hearing_id):
            raise Conflict(NOTHING_NEW)
    except ProtocolError as error:
        raise Conflict(str(error)) from error


def comments(uow: UnitOfWork, hearing_id: str) -> dict[str, tuple[Comment, ...]]:
    """By field, the oldest first."""
    found: dict[str, tuple[Comment, ...]] = {}
    for row in uow.edits.comments(hearing_id):
        made = Comment(row.id, row.text, row.by, row.role, row.at, row.done_by)
        found[row.field] = (*found.get(row.field, ()), made)
    return found


def add_comment(context: Context, caller: Caller, hearing_id: str, key: str, text: str) -> None:
    """Raises Forbidden, NotFound, Unusable for a text or field that is none."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST_COMMENT or not editable(key):
        raise Unusable(NO_COMMENT)
    with context.database.begin() as uow:
        _locked(uow, caller, hearing_id)
        now, role = context.clock.now().utc, caller.role.value
        uow.edits.add(
            ProtocolComment(hearing_id=hearing_id, field=key[:32], text=text, by=caller.name, role=role, at=now)
        )


def settle_comment(context: Context, caller: Caller, hearing_id: str, number: int) -> str:
    """Marks it as settled, and gives its field; raises Forbidden, NotFound."""
    with context.database.begin() as uow:
        _locked(uow, caller, hearing_id)
        row = uow.edits.comment(hearing_id, number)
        if row is None:
            raise NotFound("There is no such comment.")
        row.done_by = row.done_by or caller.name
        return row.field


def changes(uow: UnitOfWork, caller: Caller, hearing_id: str, left: int, right: int) -> list[Changed]:
    """What differs between two revisions; raises Forbidden, NotFound."""
    require(uow, caller, hearing_id, Action.EDIT_PROTOCOL)
    documents = {row.revision: row.document for row in uow.protocols.of(hearing_id)}
    if left not in documents or right not in documents:
        raise NotFound(NO_REVISION)
    return compared(*(ProtocolDocument.from_json(documents[one]) for one in (left, right)))


def _locked(uow: UnitOfWork, caller: Caller, hearing_id: str) -> Hearing:
    uow.hearings.lock(hearing_id)
    return require(uow, caller, hearing_id, Action.EDIT_PROTOCOL)


def _fields(
    document: ProtocolDocument, edits: Sequence[Edit], said: dict[str, tuple[Comment, ...]]
) -> list[EditedField]:
    made = {one.field: one for one in edits}
    found = []
    for field, version, old in shown(document, edits):
        edit = made.get(field.key)
        found.append(
            EditedField(
                key=field.key,
                number=field.number,
                label=field.label,
                editable=editable(field.key),
                version=version,
                by=edit.by if edit is not None and edit.changes else "",
                at=edit.at if edit is not None and edit.changes else None,
                lines=_for_script(field.lines),
                machine=_for_script(field.machine),
                merge=_merge(field.lines, field.machine, "", None) if old else None,
                comments=said.get(field.key, ()),
            )
        )
    return found


def _merge(mine: Sequence[Line], theirs: Sequence[Line], by: str, at: datetime | None) -> Merge:
    pieces = words_between(mine, theirs)
    own = tuple(one for one in pieces if one.change is not Change.NEW)
    other = tuple(one for one in pieces if one.change is not Change.GONE)
    return Merge(by, at, _for_script(theirs), own, other)


def _for_script(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [{"text": one.text, "at": one.at, "evidence": one.evidence, "counted": counted(one)} for one in lines]


def _quotation(form: Form, one: UtteranceView) -> Quotation:
    """In the words of the form, with its place in the recording."""
    speaker = form.say(f"role.{one.role or 'unknown'}")
    if one.speaker or one.voice:
        speaker = f"{speaker}, {one.speaker or form.say('role.voice', number=one.voice)}"
    start, end = round(one.start * 1000), round(one.end * 1000)
    text = form.say("say.spoken", speaker=speaker, words=one.text.strip())
    line = Line(text, start / 1000, f"recording:{start}-{end}")
    return Quotation(one.start, speaker, one.text.strip(), _for_script([line])[0])
