"""From the microphones' sound of one stretch to its utterances: spans, who, pack, recognise, stitch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from transcribe.diarise.channel import AUDIBLE, HOP, dominant_channels
from transcribe.diarise.port import Detector, Diariser
from transcribe.engines.port import BatchEngine, Engine, EngineSegment, Identifier, Sound
from transcribe.guard import COMPRESSION, DETECTED, SPEECHLESS_TOO, no_speech
from transcribe.language import EXPECTED, MARGIN, SHORTEST, Guess, guess
from transcribe.pack import LONGEST, PAUSE, Piece, Window, pack, place, sound_of
from transcribe.spans import OPTIONS, detected, speech_spans
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan, Utterance, Word
from transcribe.stitch import RecognisedSpan, stitch

SECOND = 9.0
"""Seconds of a window in which the recogniser is asked again."""

LETTERS = 8.0
"""Letters per second: people speak 10 to 15."""
UNSAID = 0.7
"""Seconds of speech without words, of which more mean that the recogniser passed over some of it."""


@dataclass(frozen=True, slots=True)
class Tongues:
    """The languages that may be heard beside the hearing's own, each with its engine (None where nothing here
    recognises it), and what tells them apart.
    """

    identifier: Identifier
    engines: Mapping[str, Engine | None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Each microphone's mono 16 kHz sound, all beginning `start` seconds after the hearing; a shorter track counts as
    silent at its end. `diarise` says who speaks.
    """

    pcm: Mapping[str, Pcm]
    start: float
    diarise: Diariser = dominant_channels


def transcribe_window(
    pcm_by_track: Mapping[str, Pcm],
    start_seconds: float,
    language: str,
    engine: Engine,
    *,
    tongues: Tongues | None = None,
    detect: Detector = speech_spans,
    diarise: Diariser = dominant_channels,
) -> list[Utterance]:
    """The utterances of one stretch alone, as `transcribe_stretches`."""
    stretch = Stretch(pcm_by_track, start_seconds, diarise)
    [found] = transcribe_stretches([stretch], language, engine, tongues=tongues, detect=detect)
    return found


def transcribe_stretches(
    stretches: Sequence[Stretch],
    language: str,
    engine: Engine,
    *,
    tongues: Tongues | None = None,
    detect: Detector = speech_spans,
) -> list[list[Utterance]]:
    """For each stretch its utterances on the hearing's timeline, in order of their start; none where nobody speaks.

    Who speaks is decided within each; the recogniser gets the speech of all together, in as few windows as hold it.
    `engine` recognises the hearing's `language`; without `tongues` everything is taken for it. What is in a language
    that nothing here recognises is recognised in the hearing's, and flagged. Raises NoEngine when the engine cannot
    serve `language`.
    """
    parts = [_of_equal_length(one.pcm) for one in stretches]
    edges, pcm = _end_to_end(parts)
    spans = [
        [_moved(span, begin) for span in spoken_spans(part, detect, one.diarise)]
        for one, part, begin in zip(stretches, parts, edges[:-1], strict=True)
    ]
    texts = _in_their_languages([span for some in spans for span in some], pcm, language, engine, tongues)
    return [
        stitch([one for one in texts if one.span in some], one_of.start - begin, (begin, end))
        for one_of, some, (begin, end) in zip(stretches, map(set, spans), pairwise(edges), strict=True)
    ]


def _end_to_end(parts: Sequence[Mapping[str, Pcm]]) -> tuple[list[float], dict[str, Pcm]]:
    """Where each part begins and the last one ends, in seconds, if one follows the other without a pause; and the sound
    of all of them."""
    lengths = [max((len(one) for one in part.values()), default=0) for part in parts]
    pcm = {
        track: np.concatenate([part.get(track, np.zeros(n, np.int16)) for part, n in zip(parts, lengths, strict=True)])
        for track in sorted({track for part in parts for track in part})
    }
    return [length / SAMPLE_RATE for length in accumulate(lengths, initial=0)], pcm


def _moved(span: SpeechSpan, by: float) -> SpeechSpan:
    return replace(span, start=span.start + by, end=span.end + by)


def _in_their_languages(
    spans: Sequence[SpeechSpan], pcm: Mapping[str, Pcm], language: str, engine: Engine, tongues: Tongues | None
) -> list[RecognisedSpan]:
    engines: dict[str, Engine | None] = {**(tongues.engines if tongues else {}), language: engine}
    by_guess: dict[Guess, list[SpeechSpan]] = {}
    for span, found in zip(spans, _guesses(spans, pcm, language, tongues), strict=True):
        by_guess.setdefault(found, []).append(span)
    return [
        one
        for found, alike in by_guess.items()
        for one in _in_both_languages(
            found if engines[found.language] else Guess(language, found.language), alike, pcm, engines
        )
    ]


def spoken_spans(
    pcm: Mapping[str, Pcm], detect: Detector = speech_spans, diarise: Diariser = dominant_channels
) -> list[SpeechSpan]:
    """Who speaks when, in seconds from the start of `pcm`, the microphones' aligned sound of equal length."""
    return diarise(pcm, detect)


def parameters_of(engine: Engine, tongues: Tongues | None = None, voice_model: str = "") -> dict[str, str | int | bool]:
    """Every setting the transcript of a given sound depends on, engines and pipeline alike.

    `voice_model` is the SHA-256 of the model that told voices at shared microphones apart, empty where none did.
    """
    return {
        **engine.parameters,
        "engine": engine.name,
        "diariser": dominant_channels.__name__,
        "diariser_hop": HOP,
        "audible_permille": round(AUDIBLE * 1000),
        "window_ms": round(LONGEST * 1000),
        "pause_ms": round(PAUSE[0] * 1000),
        "longest_pause_ms": round(PAUSE[1] * 1000),
        "second_window_ms": round(SECOND * 1000),
        "compression_percent": round(COMPRESSION * 100),
        "letters_per_ten_seconds": round(LETTERS * 10),
        "vad_min_silence_ms": OPTIONS.min_silence_duration_ms,
        "vad_pad_ms": OPTIONS.speech_pad_ms,
        "no_speech_percent": round(SPEECHLESS_TOO * 100),
        "detected_percent": round(DETECTED * 100),
        **(_language_parameters(tongues) if tongues else {}),
        **({"voice_model_sha256": voice_model} if voice_model else {}),
    }


def _language_parameters(tongues: Tongues) -> dict[str, str | int | bool]:
    found: dict[str, str | int | bool] = {
        "identifier": tongues.identifier.name,
        "identifier_sha256": tongues.identifier.model_sha256,
        "expected_percent": round(EXPECTED * 100),
        "margin_permille": round(MARGIN * 1000),
    }
    for language, engine in sorted(tongues.engines.items()):
        found[f"engine_{language}"] = engine.name if engine else ""
        for name, value in ({**engine.parameters, "sha256": engine.model_sha256} if engine else {}).items():
            found[f"engine_{language}_{name}"] = value
    return found


def _guesses(
    spans: Sequence[SpeechSpan], pcm: Mapping[str, Pcm], expected: str, tongues: Tongues | None
) -> list[Guess]:
    if tongues is None:
        return [Guess(expected)] * len(spans)
    long_enough = [span for span in spans if span.seconds >= SHORTEST]
    sounds = [sound_of(Window((Piece(span, 0.0),)), pcm) for span in long_enough]
    heard = dict(zip(long_enough, tongues.identifier.identify(sounds), strict=True))
    languages = (expected, *tongues.engines)
    return [guess(heard.get(span, {}), span.seconds, expected, languages) for span in spans]


def _in_both_languages(
    found: Guess, spans: Sequence[SpeechSpan], pcm: Mapping[str, Pcm], engines: Mapping[str, Engine | None]
) -> list[RecognisedSpan]:
    """`spans` recognised in their language and, where another is nearly as probable, in that one beside it."""
    first = _all_recognised(spans, pcm, found.language, engines[found.language])
    if not found.other:
        return first
    if engines[found.other] is None:
        return [replace(one, other_language=found.other, other_text=None) for one in first]
    second = {one.span: one for one in _all_recognised(spans, pcm, found.other, engines[found.other])}
    return [
        replace(one, other_language=found.other, other_text=" ".join(word.text for word in second[one.span].words))
        for one in first
    ]


def _all_recognised(
    spans: Sequence[SpeechSpan], pcm: Mapping[str, Pcm], language: str, engine: Engine | None
) -> list[RecognisedSpan]:
    return [] if engine is None else _recognised(pack(spans), pcm, language, engine)


def _of_equal_length(pcm: Mapping[str, Pcm]) -> dict[str, Pcm]:
    longest = max((len(one) for one in pcm.values()), default=0)
    return {track: np.pad(one, (0, longest - len(one))) for track, one in pcm.items()}


def _recognised(
    windows: Sequence[Window], pcm: Mapping[str, Pcm], language: str, engine: Engine, shorter: float = SECOND
) -> list[RecognisedSpan]:
    """Every span of `windows` with its words.

    Recognisers sometimes pass over a speaker among others, stop in the midst of a window, or repeat themselves until
    it ends. They are asked once more about what was lost by that, in `shorter` windows, and then about each span alone.
    """
    found: list[RecognisedSpan] = []
    lost: list[SpeechSpan] = []
    for window, segments in zip(
        windows, _heard([sound_of(one, pcm) for one in windows], language, engine), strict=True
    ):
        words: list[list[Word]] = [[] for _ in window.pieces]
        sources: list[list[EngineSegment]] = [[] for _ in window.pieces]
        for segment in segments:
            for word in segment.words:
                index, placed = place(window, word)
                words[index].append(placed)
                if segment not in sources[index]:
                    sources[index].append(segment)
        for index, piece in enumerate(window.pieces):
            looped = any(one.compression_ratio > COMPRESSION for one in sources[index])
            understood = not looped and not _passed_over(piece.span, words[index])
            if understood or len(window.pieces) == 1:
                found.append(_believed(piece.span, words[index], sources[index], pcm, language))
            else:
                lost.append(piece.span)
    # The same window would give the same words: it is taken apart at once.
    again = [
        part
        for one in pack(lost, shorter)
        for part in ([one] if one not in windows else pack([piece.span for piece in one.pieces], 0.0))
    ]
    return [*found, *_recognised(again, pcm, language, engine, 0.0)] if again else found


def _passed_over(span: SpeechSpan, words: Sequence[Word]) -> bool:
    """Whether the recogniser has no words for what was said, or none for a part of it.

    Its words stretch over what it passed over: how long each can have taken is told by its letters.
    """
    starts = [span.begins, *(word.start for word in words), span.ends]
    taken = [0.0, *(len(word.text) / LETTERS for word in words)]
    return not words or any(b - a - said > UNSAID for (a, b), said in zip(pairwise(starts), taken, strict=True))


def _heard(sounds: Sequence[Sound], language: str, engine: Engine) -> list[list[EngineSegment]]:
    if isinstance(engine, BatchEngine):
        return engine.transcribe_all(sounds, language)
    return [engine.transcribe(one, language) for one in sounds]


def _believed(
    span: SpeechSpan, words: list[Word], sources: list[EngineSegment], pcm: Mapping[str, Pcm], language: str
) -> RecognisedSpan:
    """The span with its words, or without any where it was no speech after all."""
    sound = sound_of(Window((Piece(span, 0.0),)), pcm)
    nothing = no_speech(sources, lambda: detected(sound))
    return RecognisedSpan(span, () if nothing else tuple(words), tuple(sources), language)
