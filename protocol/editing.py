"""What people edit of a protocol: whole fields, over what the program drafted. Pure.

A line that the program counted (times, gaps, tracks, the log) is nobody's to rewrite; everything else is. An edit keeps
the program's lines that it was made on: where a later draft has others, a person looks at both and decides.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from court.catalogue import N_
from court.clock import iso_utc
from court.errors import InputError
from protocol.model import Field, Line, ProtocolDocument

LONGEST = 4000
"""Characters of a line."""
MOST_LINES = 500
PERSON = "person"
"""The evidence of a line that a person wrote, and that rests on no moment of the recording."""
FROM_CLOCK = frozenset({"time", "finalised", "file"})
"""Fields that nobody edits: time comes from the clock, and a file's name from the recording."""

_COUNTED = re.compile(r"clock|ledger|track:.*|state:[1-9]\d*|gap:(\*|[1-9]\d*)")
_SPAN = re.compile(r"recording:(\d{1,9})-(\d{1,9})")
TOO_LONG = N_("A field has at most 500 lines, and a line at most 4000 characters.")
COUNTED = N_("Times, gaps and other lines that the program counted stay as they are: write before or after them.")
NO_SOURCE = N_("A line names a place in the recording that the draft does not have: reload the page.")
NO_FIELD = N_("The draft has no such field that can be edited: reload the page.")


class EditError(InputError):
    """The field cannot be edited like this."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A field as a person left it: `base` are the program's lines it was made on; `version` counts the hearing's
    edits."""

    field: str
    version: int
    lines: tuple[Line, ...]
    base: tuple[Line, ...]
    by: str
    at: datetime

    @property
    def changes(self) -> bool:
        """Whether it says anything else than the program did."""
        return _said(self.lines) != _said(self.base)


def editable(key: str) -> bool:
    return bool(key) and key not in FROM_CLOCK


def counted(line: Line) -> bool:
    """Whether the program counted it, so that nobody rewrites it."""
    return _COUNTED.fullmatch(line.evidence) is not None


def composed(machine: ProtocolDocument, edits: Iterable[Edit]) -> ProtocolDocument:
    """The program's draft with what people made of its fields, and beside it what the program had written there."""
    made = {one.field: one for one in edits if one.changes}
    return replace(machine, fields=tuple(_edited(one, made.get(one.key)) for one in machine.fields))


def drafted(field: Field) -> tuple[Line, ...]:
    """What the program wrote in the field."""
    return field.machine if field.edited_by else field.lines


def outdated(document: ProtocolDocument, edits: Iterable[Edit]) -> list[Field]:
    """The fields of which the program writes something else now than what people edited."""
    bases = {one.field: one.base for one in edits if one.changes}
    return [one for one in document.fields if one.key in bases and _said(drafted(one)) != _said(bases[one.key])]


def checked(lines: Sequence[Line], machine: Sequence[Line], known: Iterable[Line], length: float) -> tuple[Line, ...]:
    """The lines as they may stand in a field where the program wrote `machine`; `known` are those it had before.

    A new line has the evidence `person`, or `recording:START-END` in milliseconds of a hearing of `length` seconds.
    Raises EditError.
    """
    sources = {(one.at, one.evidence) for one in (*machine, *known)}
    made = [replace(one, text=_plain(one.text)) for one in lines]
    made = [one for one in made if one.text]
    if len(made) > MOST_LINES or any(len(one.text) > LONGEST for one in made):
        raise EditError(TOO_LONG)
    if [one for one in made if counted(one)] != [one for one in machine if counted(one)]:
        raise EditError(COUNTED)
    if not all((one.at, one.evidence) in sources or _of_recording(one, length) for one in made):
        raise EditError(NO_SOURCE)
    return tuple(made)


def parse_lines(values: object) -> tuple[Line, ...]:
    """Lines as JSON; raises EditError for anything else."""
    if not isinstance(values, list) or not all(_is_line(one) for one in values):
        raise EditError(NO_SOURCE)
    return tuple(Line(one["text"], one["at"], one["evidence"]) for one in values)


def _is_line(value: object) -> bool:
    if not isinstance(value, Mapping) or not {"text", "at", "evidence"} <= value.keys():
        return False
    number = value["at"] is None or (isinstance(value["at"], (int, float)) and not isinstance(value["at"], bool))
    return number and isinstance(value["text"], str) and isinstance(value["evidence"], str)


def _of_recording(line: Line, length: float) -> bool:
    if line.evidence == PERSON:
        return line.at is None
    span = _SPAN.fullmatch(line.evidence)
    if span is None or line.at is None:
        return False
    start, end = int(span[1]), int(span[2])
    return start <= end <= length * 1000 + 1000 and abs(line.at * 1000 - start) < 1


def _plain(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _edited(field: Field, edit: Edit | None) -> Field:
    if edit is None:
        return field
    return replace(field, lines=edit.lines, machine=field.lines, edited_by=edit.by, edited_at=iso_utc(edit.at))


def _said(lines: Iterable[Line]) -> list[tuple[str, float | None]]:
    """Numbers of notes and utterances may shift without anything being said differently."""
    return [(one.text, one.at) for one in lines]
