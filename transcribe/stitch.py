"""Recognised spans joined into utterances. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from transcribe.engines.port import EngineSegment
from transcribe.guard import doubts
from transcribe.speech import SpeechSpan, Utterance, Word, role_of

PAUSE = 1.5
"""Seconds a speaker may pause within one utterance."""


@dataclass(frozen=True, slots=True)
class RecognisedSpan:
    """A speech span with its words on the same timeline and the recogniser's segments they came from."""

    span: SpeechSpan
    words: tuple[Word, ...]
    segments: tuple[EngineSegment, ...]


def stitch(spans: Iterable[RecognisedSpan], start_seconds: float) -> list[Utterance]:
    """Utterances in order of their start, times moved by `start_seconds`.

    Spans of one voice at one microphone join while its speaker only pauses and nobody else begins.
    """
    turns: list[list[RecognisedSpan]] = []
    for one in sorted(spans, key=lambda one: (one.span.start, one.span.track)):
        last = turns[-1][-1].span if turns else None
        same = last and (last.track, last.voice) == (one.span.track, one.span.voice)
        if last and same and one.span.start - last.end <= PAUSE:
            turns[-1].append(one)
        else:
            turns.append([one])
    return [_utterance(turn, start_seconds) for turn in turns]


def _utterance(turn: list[RecognisedSpan], shift: float) -> Utterance:
    words = [word for one in turn for word in one.words]
    segments = [segment for one in turn for segment in one.segments]
    first, last = turn[0].span, turn[-1].span
    return Utterance(
        track=first.track,
        role=role_of(first.track),
        start=first.start + shift,
        end=last.end + shift,
        text=" ".join(word.text for word in words),
        words=tuple(replace(word, start=word.start + shift, end=word.end + shift) for word in words),
        flags=doubts(words, segments, sum(one.span.seconds for one in turn)),
        voice=first.voice,
    )
