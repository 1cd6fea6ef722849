"""Several people at one microphone: their turns are told apart by their voices, within one stretch of sound."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

import numpy as np

from transcribe.diarise.cluster import Sample, cluster
from transcribe.diarise.embedding import SHORTEST, Embedder, Vector, unit
from transcribe.diarise.port import Detector, Diariser
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

PIECE = 1.5  # seconds a voice is told from; less is unsure, and more finds a change of speaker later
STEP = 0.75  # seconds from piece to piece
ENOUGH = 1.2  # seconds; what is shorter is no voice of its own
MORE = 1  # than are enrolled are told apart in a stretch: all of the hearing together shows who is the same


@dataclass(frozen=True, slots=True)
class Voice:
    """A person's voice in one stretch: `number` as in `SpeechSpan.voice`, told from `seconds` of speech."""

    track: str
    number: int
    vector: Vector = field(repr=False)
    seconds: float

    @property
    def label(self) -> str:
        """A name that this voice print alone has, and that tells nothing of it."""
        return hashlib.sha256(self.vector.astype("<f4").tobytes()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Piece:
    span: SpeechSpan
    start: float
    end: float

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


class SharedMicrophones:
    """A Diariser that also tells apart who speaks at microphones that several people share.

    `people` says how many there are at each such microphone at most. `voices` is what was found, filled by the call:
    use one for one stretch.
    """

    def __init__(self, diarise: Diariser, embed: Embedder, people: Mapping[str, int]) -> None:
        self._diarise = diarise
        self._embed = embed
        self._people = people
        self.voices: list[Voice] = []

    def __call__(self, pcm: Mapping[str, Pcm], detect: Detector) -> list[SpeechSpan]:
        own = self._diarise(pcm, detect)
        found = [one for one in own if one.track not in self._people]
        for track, most in self._people.items():
            if track in pcm:
                found += self._told_apart(pcm[track], [one for one in own if one.track == track], most)
        return sorted(found, key=lambda one: (one.start, one.track))

    def _told_apart(self, sound: Pcm, spans: Sequence[SpeechSpan], most: int) -> list[SpeechSpan]:
        """The spans, cut where another voice begins; one too short to tell has no voice."""
        pieces = [piece for span in spans if span.seconds >= SHORTEST for piece in _pieces(span)]
        vectors = [self._embed(sound[_sample(one.start) : _sample(one.end)]) for one in pieces]
        samples = [Sample(vector, one.end - one.start) for vector, one in zip(vectors, pieces, strict=True)]
        numbers = _without_islands(pieces, cluster(samples, most + MORE, ENOUGH))
        cut = {span: list(parts) for span, parts in groupby(zip(pieces, numbers, strict=True), lambda one: one[0].span)}
        told = [part for span in spans for part in (_turns(span, cut[span]) if span in cut else [span])]
        for number in sorted(set(numbers)):
            own = [vector for vector, one in zip(vectors, numbers, strict=True) if one == number]
            seconds = sum(one.seconds for one in told if one.voice == number)
            self.voices.append(Voice(spans[0].track, number, unit(np.sum(own, axis=0)), seconds))
        return told


def _pieces(span: SpeechSpan) -> list[_Piece]:
    """Pieces of equal length that cover the span, the last one ending with it."""
    if span.seconds <= PIECE:
        return [_Piece(span, span.start, span.end)]
    starts = np.linspace(span.start, span.end - PIECE, 1 + round((span.seconds - PIECE) / STEP)).tolist()
    return [_Piece(span, start, start + PIECE) for start in starts]


def _without_islands(pieces: Sequence[_Piece], clusters: Sequence[int]) -> list[int]:
    """Numbers from 1; a piece between two others of one voice, which it overlaps, is theirs."""
    numbers = [one + 1 for one in clusters]
    for at in range(1, len(numbers) - 1):
        same = pieces[at - 1].span == pieces[at].span == pieces[at + 1].span
        if same and numbers[at - 1] == numbers[at + 1]:
            numbers[at] = numbers[at - 1]
    return numbers


def _turns(span: SpeechSpan, pieces: Sequence[tuple[_Piece, int]]) -> list[SpeechSpan]:
    """The span cut half-way between the middles of the last piece of one voice and the first of the next."""
    runs = [list(run) for _, run in groupby(pieces, key=lambda one: one[1])]
    edges = [(before[-1][0].middle + after[0][0].middle) / 2 for before, after in pairwise(runs)]
    starts, ends = [span.start, *edges], [*edges, span.end]
    return [replace(span.cut(start, end), voice=run[0][1]) for start, end, run in zip(starts, ends, runs, strict=True)]


def _sample(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
