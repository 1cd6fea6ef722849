"""The protocol as a document: what it says, not how it looks. Immutable; a correction is a new document.

Times are seconds on the hearing's timeline. Every line names its evidence: `card:<field>`, `note:<n>`,
`state:<n>`, `gap:<n>`, `track:*`, `utterance:<n>`, `attendance:<n>`, `stage:0`, `clock`, `ledger`; n counts from 1 in
the facts the draft was made from, 0 says that there is none. Lines that people put in have `recording:<start>-<end>`
(milliseconds) or `person`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from protocol.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Line:
    """One statement. `at` opens the recording where it was said or noted; None where it rests on none.

    `proposed`: the program heard it, and no person has said yet whether it is so.
    """

    text: str
    at: float | None
    evidence: str
    proposed: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One of the numbered fields the procedural code prescribes; `key` is its name in the form.

    Where a person edited it, `edited_by` is who, `edited_at` when (UTC), and `machine` what the program had written.
    """

    number: int
    label: str
    lines: tuple[Line, ...]
    key: str = ""
    machine: tuple[Line, ...] = ()
    edited_by: str = ""
    edited_at: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """One line of the transcript; `doubtful` when a guard flagged it, `corrected` when a person corrected or confirmed
    it."""

    at: float
    speaker: str
    text: str
    doubtful: bool
    evidence: str
    corrected: bool = False

    @property
    def marks(self) -> str:
        """What a protocol prints behind the words: [?] for doubt, [*] for a person's hand."""
        return " [?]" * self.doubtful + " [*]" * self.corrected


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the technical annex."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above the fields and in the signature block, as it is printed."""

    court: str
    case_number: str
    title: str
    subtitle: str
    judge: str
    secretary: str


@dataclass(frozen=True, slots=True)
class ProtocolDocument:
    """A protocol in one language after one form.

    `fields` are the form's, in its order. Annexes: `course` the steps of the hearing in time order,
    `completeness` what of the recording is missing and why, `transcript` the machine's words headed by
    `transcript_note`, and `technical` how the recording can be identified. `closed` when any part of the
    hearing was closed: the whole document is then handled as closed. `recording` is the recording's name,
    `corrects` the sentence that names the signed protocol this one stands in the place of, empty where there is none.
    """

    form: str
    language: str
    hearing: str
    recording: str
    closed: bool
    heading: Heading
    fields: tuple[Field, ...]
    course: tuple[Line, ...]
    completeness: tuple[Line, ...]
    transcript_note: str
    transcript: tuple[Speech, ...]
    technical: tuple[Fact, ...]
    corrects: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain lists, texts and numbers, fit for a JSON column."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ProtocolDocument":
        """The inverse of `as_json`; raises ProtocolError when a stored document has another shape."""
        try:
            return cls(
                **{
                    **value,
                    "heading": Heading(**value["heading"]),
                    "fields": tuple(
                        Field(**{**one, "lines": _lines(one["lines"]), "machine": _lines(one.get("machine", []))})
                        for one in value["fields"]
                    ),
                    "course": _lines(value["course"]),
                    "completeness": _lines(value["completeness"]),
                    "transcript": tuple(Speech(**one) for one in value["transcript"]),
                    "technical": tuple(Fact(**one) for one in value["technical"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise ProtocolError(f"The stored protocol cannot be read ({error}): draft it again.") from None

    @property
    def undecided(self) -> bool:
        """Whether something in it is only proposed: then it cannot be signed."""
        return any(one.proposed for one in (*self.course, *(line for each in self.fields for line in each.lines)))

    def with_field(self, number: int, lines: tuple[Line, ...]) -> "ProtocolDocument":
        """A copy in which the field `number` says `lines` instead."""
        return replace(
            self,
            fields=tuple(replace(one, lines=lines) if one.number == number else one for one in self.fields),
        )


def _lines(values: list[dict[str, Any]]) -> tuple[Line, ...]:
    return tuple(Line(**one) for one in values)


def _plain(value: Any) -> Any:
    """As dataclasses.asdict with lists for tuples, which takes several times as long over thousands of lines."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    return value
