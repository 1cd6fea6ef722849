"""The vocabulary of the package: speech spans, words, utterances. All times are float seconds."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Samples per second of everything that is analysed here; the evidence itself stays at its own rate."""

Pcm = NDArray[np.int16]
"""Mono samples at SAMPLE_RATE."""


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """Someone speaks into the microphone `track` during [begins, ends) seconds.

    What a recogniser should hear of that is [start, end): `lead` and `tail` seconds more, since soft consonants fade
    into the noise.

    `voice` tells people at one microphone apart within one stretch of sound, from 1; 0 where nobody told them apart.
    """

    track: str
    start: float
    end: float
    voice: int = 0
    lead: float = 0.0
    tail: float = 0.0

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def begins(self) -> float:
        return min(self.start + self.lead, self.end)

    @property
    def ends(self) -> float:
        return max(self.begins, self.end - self.tail)

    def cut(self, start: float, end: float) -> "SpeechSpan":
        """The part within [start, end): lead and tail stay with the span's own edges."""
        lead, tail = self.lead if start <= self.start else 0.0, self.tail if end >= self.end else 0.0
        return replace(self, start=start, end=end, lead=lead, tail=tail)


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word without surrounding blanks, its punctuation attached; `probability` from 0 to 1."""

    text: str
    start: float
    end: float
    probability: float

    def as_fields(self) -> dict[str, Any]:
        """Whole milliseconds, as stored and as hashed into the ledger; the probability keeps three digits."""
        return {
            "text": self.text,
            "start_ms": round(self.start * 1000),
            "end_ms": round(self.end * 1000),
            "probability": round(self.probability, 3),
        }


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one person said without another taking over; `flags` name why a person should check it.

    `text` is empty (and flagged) where speech was heard and no word recognised: that is a fact too. Where it was
    perhaps said in `other_language`, `other_text` is what it would be in that; empty if nothing here recognises it.
    `voice` as in SpeechSpan.
    """

    track: str
    role: str
    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    flags: tuple[str, ...]
    language: str = ""
    other_language: str = ""
    other_text: str = ""
    voice: int = 0


def role_of(track: str) -> str:
    """The court role a microphone track `mic-<role>[-name]` stands for; empty for any other track."""
    kind, _, rest = track.partition("-")
    return rest.partition("-")[0] if kind == "mic" else ""


def plain(text: str) -> str:
    """Words only: lower case, ё as е, no punctuation. Numbers stay as they are written."""
    return " ".join(re.findall(r"\w+", text.lower().replace("ё", "е")))
