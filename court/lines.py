"""A line of the transcript: what one person said in one go, as the machine made it or a person corrected it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """A word without blanks, in milliseconds on the timeline; `probability` is None where a person wrote it."""

    text: str
    start_ms: int
    end_ms: int
    probability: float | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Who corrected a line last, what they did and when; `machine` is what the machine had made of it. Who undid the
    only correction of one left the machine's words as they were, under its mark."""

    deed: str
    by: str
    at: datetime
    machine: str


@dataclass(frozen=True, slots=True)
class Line:
    """Never changed: a correction puts another line with an id of its own in its place.

    `voice` is the label of a voice print, `speaker` the name that a person gave instead, else empty. `alternative` is
    what it would be in another language. `vouched`: a person wrote or confirmed the words, so no doubts (`flags`) are
    left. `origins` are the ids of the machine's lines that it was made of, `mark` is None while it is the machine's.
    """

    id: str
    track: str
    role: str
    start_ms: int
    end_ms: int
    text: str
    words: tuple[Word, ...]
    language: str = ""
    alternative: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    voice: str = ""
    speaker: str = ""
    vouched: bool = False
    origins: tuple[str, ...] = ()
    mark: Mark | None = None

    def as_fields(self) -> dict[str, Any]:
        """For JSON; without the mark, which says who put it here."""
        found = {name: value for name, value in asdict(self).items() if name != "mark"}
        return found | {"words": list(found["words"]), "flags": list(self.flags), "origins": list(self.origins)}

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> "Line":
        """The inverse of `as_fields`; raises KeyError or TypeError on anything else."""
        words = tuple(Word(**one) for one in fields["words"])
        return cls(**{**fields, "words": words, "flags": tuple(fields["flags"]), "origins": tuple(fields["origins"])})


def in_order(lines: Sequence[Line], machine: Sequence[Line]) -> list[Line]:
    """By time; where several begin at once, as the machine's do."""
    place = {one.id: number for number, one in enumerate(machine)}
    return sorted(
        lines, key=lambda one: (one.start_ms, place.get(one.origins[0] if one.origins else one.id, 0), one.id)
    )
