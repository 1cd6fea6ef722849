"""Two revisions of a protocol side by side: which words of which field changed, by whom and when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum

from court.clock import parse_utc
from protocol.model import Field, Line, ProtocolDocument


class Change(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words in a row that are in both texts, only in the first, or only in the second."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that differs; `by` is empty and `at` (UTC) None where the program wrote it."""

    label: str
    pieces: tuple[Piece, ...]
    by: str
    at: datetime | None


def compared(first: ProtocolDocument, second: ProtocolDocument) -> list[Changed]:
    """The fields that differ, in the order of the second; those that only the first has at the end."""
    before = {_name(one): one for one in first.fields}
    kept = {_name(one) for one in second.fields}
    # A field that one revision does not have is empty there.
    pairs = [(before.get(_name(one), replace(one, lines=())), one) for one in second.fields]
    pairs += [(one, Field(one.number, one.label, ())) for name, one in before.items() if name not in kept]
    found = [
        Changed(new.label, tuple(words_between(old.lines, new.lines)), new.edited_by, _when(new)) for old, new in pairs
    ]
    return [one for one in found if any(each.change is not Change.SAME for each in one.pieces)]


def words_between(first: Sequence[Line], second: Sequence[Line]) -> list[Piece]:
    """What of the words stays, goes and comes; lines stay apart."""
    old, new = _words(first), _words(second)
    pieces = []
    for tag, start, end, from_, to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(Change.SAME, _text(old[start:end])))
            continue
        if start < end:
            pieces.append(Piece(Change.GONE, _text(old[start:end])))
        if from_ < to:
            pieces.append(Piece(Change.NEW, _text(new[from_:to])))
    return pieces


def _when(field: Field) -> datetime | None:
    return parse_utc(field.edited_at) if field.edited_at else None


def _name(field: Field) -> str:
    return field.key or field.label


def _words(lines: Sequence[Line]) -> list[str]:
    return [word for line in lines for word in [*line.text.split(), "\n"]][:-1]


def _text(words: Sequence[str]) -> str:
    return " ".join(words).replace(" \n ", "\n").replace("\n ", "\n").replace(" \n", "\n")
