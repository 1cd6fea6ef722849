"""The working copy of a protocol: each field as a person left it, kept until it is saved as a revision.

Two people at once: an edit names the version of the field that it was made on, and whoever was slower is given what
stands there now.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from court.catalogue import N_
from court.hearing import HearingState
from protocol.editing import NO_FIELD, Edit, EditError, checked, drafted, editable, outdated
from protocol.errors import ProtocolError
from protocol.model import Field, Line, ProtocolDocument
from storage.db.models import Hearing, Protocol, ProtocolEdit
from storage.db.unit_of_work import UnitOfWork

AUDIO_RATE = 48_000
NO_DRAFT = N_("There is no draft to edit: wait until it is drawn up.")
SIGNED = N_("The protocol is signed: nothing in it changes any more. What is wrong is said in a remark.")
_OPEN = (HearingState.DRAFT, HearingState.UNDER_CORRECTION)


class Overtaken(ProtocolError):
    """Somebody else edited the field meanwhile, or the program drafted it anew: what stands there now."""

    def __init__(self, edit: Edit) -> None:
        self.edit = edit
        super().__init__(f"{edit.by} edited this field meanwhile.")


def edits_of(work: UnitOfWork, hearing_id: str) -> list[Edit]:
    return [_edit(row) for row in work.edits.of(hearing_id)]


def open_draft(work: UnitOfWork, hearing: Hearing) -> Protocol:
    """The newest revision, as long as it may be edited; raises ProtocolError."""
    latest = work.protocols.latest(hearing.id)
    if latest is None:
        raise ProtocolError(NO_DRAFT)
    if HearingState(hearing.state) not in _OPEN:
        raise ProtocolError(SIGNED)
    return latest


def shown(document: ProtocolDocument, edits: Sequence[Edit]) -> list[tuple[Field, int, bool]]:
    """The fields as the editor shows them: with the newest edits, the version of each, and whether the program writes
    something else there now than what the edit was made on."""
    made = {one.field: one for one in edits}
    old = {one.key for one in outdated(document, edits)}
    found = []
    for field in document.fields:
        edit = made.get(field.key)
        lines = edit.lines if edit is not None and edit.changes else drafted(field)
        shown_field = Field(field.number, field.label, lines, field.key, drafted(field))
        found.append((shown_field, edit.version if edit is not None else 0, field.key in old))
    return found


def edit_field(
    work: UnitOfWork,
    hearing: Hearing,
    key: str,
    lines: Sequence[Line],
    *,
    version: int,
    merged: bool,
    by: str,
    now: datetime,
) -> Edit:
    """Puts the lines into the working copy; `hearing` is locked. The same lines again change nothing.

    `version` is the one of the field they were written over. `merged`: the person has seen what the program writes now.
    Raises ProtocolError where nothing may be edited, EditError for lines that may not stand there, Overtaken.
    """
    document = ProtocolDocument.from_json(open_draft(work, hearing).document)
    field = next((one for one in document.fields if one.key == key and editable(key)), None)
    if field is None:
        raise EditError(NO_FIELD)
    row = work.edits.field(hearing.id, key)
    before = _edit(row) if row is not None else None
    machine = drafted(field)
    # Until somebody has looked at both, an edit stays one over the lines that it was made on.
    base = before.base if before is not None and before.changes and not merged else machine
    made = checked(lines, base, before.lines if before is not None else (), (hearing.end_sample or 0) / AUDIO_RATE)
    if before is not None and made == (before.lines if before.changes else base) and base == before.base:
        return before
    if before is not None and version != before.version:
        raise Overtaken(before)
    if before is None and [(one.text, one.at) for one in made] == [(one.text, one.at) for one in base]:
        return Edit(key, 0, made, base, by, now)
    row = row if row is not None else ProtocolEdit(hearing_id=hearing.id, field=key)
    row.version = work.edits.version(hearing.id) + 1
    row.lines, row.base = [asdict(one) for one in made], [asdict(one) for one in base]
    row.by, row.at = by, now
    work.edits.add(row)
    return _edit(row)


def _edit(row: ProtocolEdit) -> Edit:
    lines, base = (tuple(Line(**one) for one in values) for values in (row.lines, row.base))
    return Edit(row.field, row.version, lines, base, row.by, row.at)
