"""How good a transcript is: word error rate and speaker error against a reference.

Needs jiwer, meeteval and pyannote.metrics (the extra `evaluate`); nothing that serves imports this module.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jiwer
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

from transcribe.speech import SpeechSpan, plain

COLLAR = 0.25
"""Seconds around each reference boundary that the forgiving speaker error leaves out: how exactly people mark them."""


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Counts of words, or of letters; `reference` is how many were really said."""

    reference: int
    substituted: int
    deleted: int
    inserted: int

    @property
    def rate(self) -> float:
        return (self.substituted + self.deleted + self.inserted) / self.reference


@dataclass(frozen=True, slots=True)
class SpeakerErrors:
    """Seconds; `reference` is how long people really spoke, speech of two at once counted twice."""

    reference: float
    missed: float
    false_alarm: float
    confused: float

    @property
    def rate(self) -> float:
        return (self.missed + self.false_alarm + self.confused) / self.reference


def word_errors(reference: Mapping[str, str], recognised: Mapping[str, str]) -> WordErrors:
    """Errors in what each speaker said; a word given to the wrong speaker is one deleted and one inserted.

    Both map a speaker to all their text in order of time.
    """
    speakers = sorted(speaker for speaker, text in reference.items() if plain(text))
    extra = " ".join(text for speaker, text in recognised.items() if speaker not in speakers)
    found = jiwer.process_words(
        [plain(reference[one]) for one in speakers], [plain(recognised.get(one, "")) for one in speakers]
    )
    said = sum(len(plain(reference[one]).split()) for one in speakers)
    inserted = found.insertions + len(plain(extra).split())
    return WordErrors(said, found.substitutions, found.deletions, inserted)


def letter_errors(reference: str, recognised: str) -> WordErrors:
    """Counts of letters and digits in `plain` text, blanks left out: words written together or apart are no error."""
    meant, heard = (plain(text).replace(" ", "") for text in (reference, recognised))
    found = jiwer.process_characters([meant], [heard])
    return WordErrors(len(meant), found.substitutions, found.deletions, found.insertions)


def speaker_errors(
    reference: Sequence[SpeechSpan], found: Sequence[SpeechSpan], seconds: float, collar: float = 0.0
) -> SpeakerErrors:
    """Diarisation error over `seconds` of recording; `collar` seconds on each side of a boundary are left out."""
    metric = DiarizationErrorRate(collar=2 * collar)
    detail = metric(_annotation(reference), _annotation(found), uem=Timeline([Segment(0, seconds)]), detailed=True)
    return SpeakerErrors(detail["total"], detail["missed detection"], detail["false alarm"], detail["confusion"])


def jaccard_error(reference: Sequence[SpeechSpan], found: Sequence[SpeechSpan], seconds: float) -> float:
    """Mean over the speakers of how much of what they and their counterpart spoke is not common to both."""
    metric = JaccardErrorRate()  # type: ignore[no-untyped-call]
    return float(metric(_annotation(reference), _annotation(found), uem=Timeline([Segment(0, seconds)])))


def _annotation(spans: Sequence[SpeechSpan]) -> Annotation:
    annotation = Annotation()
    for number, span in enumerate(spans):
        annotation[Segment(span.start, span.end), number] = span.track
    return annotation
