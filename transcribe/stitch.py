"""Recognised spans joined into utterances. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from transcribe.engines.port import EngineSegment
from transcribe.guard import Doubt, doubts
from transcribe.speech import SpeechSpan, Utterance, Word, role_of

PAUSE = 1.5
"""Seconds a speaker may pause within one utterance."""


TOUCHES = 0.05
"""Seconds; so near to another edge a span was cut there."""


@dataclass(frozen=True, slots=True)
class RecognisedSpan:
    """A speech span with its words on the same timeline and the recogniser's segments they came from.

    `language` is the one it was recognised in; `other_text` its text in `other_language`, where that is nearly as
    probable, None where nothing here recognises it.
    """

    span: SpeechSpan
    words: tuple[Word, ...]
    segments: tuple[EngineSegment, ...]
    language: str = ""
    other_language: str = ""
    other_text: str | None = ""


def stitch(spans: Iterable[RecognisedSpan], shift: float, stretch: tuple[float, float]) -> list[Utterance]:
    """Utterances of a stretch of sound [begin, end) seconds, in order of their start, times moved by `shift`.

    Spans of one voice at one microphone join while it only pauses, keeps to the language, and nobody else begins.
    """
    turns: list[list[RecognisedSpan]] = []
    for one in sorted(spans, key=lambda one: (one.span.start, one.span.track)):
        last = turns[-1][-1] if turns else None
        if last and _same_speech(last, one):
            turns[-1].append(one)
        else:
            turns.append([one])
    return [_utterance(turn, shift, stretch) for turn in turns]


def _same_speech(last: RecognisedSpan, one: RecognisedSpan) -> bool:
    same = (last.span.track, last.span.voice) == (one.span.track, one.span.voice)
    return same and one.span.start - last.span.end <= PAUSE and _tongue(last) == _tongue(one)


def _tongue(one: RecognisedSpan) -> tuple[str, str]:
    return one.language, one.other_language


def _utterance(turn: list[RecognisedSpan], shift: float, stretch: tuple[float, float]) -> Utterance:
    words = [word for one in turn for word in one.words]
    segments = [segment for one in turn for segment in one.segments]
    first, last = turn[0].span, turn[-1].span
    return Utterance(
        track=first.track,
        role=role_of(first.track),
        start=first.begins + shift,
        end=last.ends + shift,
        text=" ".join(word.text for word in words),
        words=tuple(replace(word, start=word.start + shift, end=word.end + shift) for word in words),
        flags=(
            *doubts(words, segments, sum(one.span.seconds for one in turn), _cuts(turn, stretch)),
            *_language_doubts(turn),
        ),
        language=turn[0].language,
        other_language=turn[0].other_language,
        other_text=" ".join(one.other_text for one in turn if one.other_text),
        voice=first.voice,
    )


def _cuts(turn: list[RecognisedSpan], stretch: tuple[float, float]) -> list[float]:
    """Where speech went on when the sound ended or began: at the stretch's edges, and where a long span was cut in two.

    Spans that begin and end in silence are not cut, however unsure the recogniser is of their first word.
    """
    begin, end = stretch
    edges = [edge for one in turn for edge in (one.span.start, one.span.end)]
    return [
        edge
        for edge in edges
        if min(edge - begin, end - edge) <= TOUCHES or sum(abs(edge - other) <= TOUCHES for other in edges) > 1
    ]


def _language_doubts(turn: list[RecognisedSpan]) -> tuple[Doubt, ...]:
    if not turn[0].other_language:
        return ()
    return (Doubt.NO_RECOGNISER if turn[0].other_text is None else Doubt.LANGUAGE_DOUBTFUL,)
