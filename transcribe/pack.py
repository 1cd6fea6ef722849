"""Speech spans packed into the recogniser's windows, and its words brought back to the timeline. Pure.

One call of a Whisper model costs a full 30 s encode however little is said, so the spans of a stretch go together
into as few windows as possible, with pauses between them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan, Word

LONGEST = 30.0
"""Seconds a window may last."""
PAUSE = (0.3, 1.0)
"""Seconds of silence between two spans of a window: as long as the pause was, within these bounds."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A span as it lies in a window: its sound begins `at` seconds from the window's start."""

    span: SpeechSpan
    at: float

    @property
    def end(self) -> float:
        return self.at + self.span.seconds


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces in order, never overlapping, at most LONGEST seconds in all."""

    pieces: tuple[Piece, ...]

    @property
    def seconds(self) -> float:
        return self.pieces[-1].end


def pack(spans: Iterable[SpeechSpan], longest: float = LONGEST) -> list[Window]:
    """Windows of at most `longest` seconds that hold every span once, in the order given.

    A span longer than that has a window to itself; only one longer than LONGEST is cut.
    """
    windows: list[Window] = []
    pieces: list[Piece] = []
    for span in (part for one in spans for part in _fitting(one)):
        at = pieces[-1].end + _pause(pieces[-1].span, span) if pieces else 0.0
        if pieces and at + span.seconds > longest:
            windows.append(Window(tuple(pieces)))
            pieces, at = [], 0.0
        pieces.append(Piece(span, at))
    return [*windows, Window(tuple(pieces))] if pieces else windows


def _pause(before: SpeechSpan, span: SpeechSpan) -> float:
    least, most = PAUSE
    return min(max(least, span.start - before.end), most)


def _fitting(span: SpeechSpan) -> list[SpeechSpan]:
    if span.seconds <= LONGEST:
        return [span]
    edges = [float(edge) for edge in np.linspace(span.start, span.end, ceil(span.seconds / LONGEST) + 1)]
    return [span.cut(start, end) for start, end in pairwise(edges)]


def sound_of(window: Window, pcm: Mapping[str, Pcm]) -> NDArray[np.float32]:
    """The window's mono sound in [-1, 1] at 16 kHz: each piece from its own microphone, silence between."""
    sound = np.zeros(round(window.seconds * SAMPLE_RATE), dtype=np.float32)
    for piece in window.pieces:
        start = round(piece.span.start * SAMPLE_RATE)
        at = round(piece.at * SAMPLE_RATE)
        taken = pcm[piece.span.track][start : start + min(round(piece.span.seconds * SAMPLE_RATE), len(sound) - at)]
        sound[at : at + len(taken)] = taken.astype(np.float32) / 32768.0
    return sound


def place(window: Window, word: Word) -> tuple[int, Word]:
    """The piece a word of the window's sound belongs to (its index) and the word on the spans' timeline.

    A word belongs where most of it lies, or to the nearest piece, and never reaches beyond where its span's voice is
    heard.
    """
    index = max(range(len(window.pieces)), key=lambda number: _overlap(window.pieces[number], word))
    if _overlap(window.pieces[index], word) <= 0:
        index = _nearest(window, (word.start + word.end) / 2)
    piece = window.pieces[index]
    start = min(max(word.start, piece.at), piece.end)
    end = min(max(word.end, start), piece.end)
    shift = piece.span.start - piece.at
    begins, ends = (min(max(one + shift, piece.span.begins), piece.span.ends) for one in (start, end))
    return index, Word(word.text, begins, ends, word.probability)


def _overlap(piece: Piece, word: Word) -> float:
    return min(piece.end, word.end) - max(piece.at, word.start)


def _nearest(window: Window, moment: float) -> int:
    after = bisect_right([piece.at for piece in window.pieces], moment)
    near = [number for number in (after - 1, after) if 0 <= number < len(window.pieces)]
    return min(near, key=lambda n: max(window.pieces[n].at - moment, moment - window.pieces[n].end))
