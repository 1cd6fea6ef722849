"""From the microphones' sound of one stretch to its utterances: spans, who, pack, recognise, stitch."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from transcribe.diarise.channel import dominant_channels
from transcribe.diarise.port import Diariser
from transcribe.engines.port import Engine, EngineSegment
from transcribe.pack import LONGEST, SILENCE, Piece, Window, pack, place, sound_of
from transcribe.spans import OPTIONS, speech_spans
from transcribe.speech import Pcm, SpeechSpan, Utterance, Word
from transcribe.stitch import RecognisedSpan, stitch


def transcribe_window(
    pcm_by_track: Mapping[str, Pcm],
    start_seconds: float,
    language: str | None,
    engine: Engine,
    *,
    detect: Callable[[str, Pcm], list[SpeechSpan]] = speech_spans,
    diarise: Diariser = dominant_channels,
) -> list[Utterance]:
    """Utterances of one stretch on the hearing's timeline, in order of their start; none where nobody speaks.

    `pcm_by_track` holds each microphone's mono 16 kHz sound, all beginning at `start_seconds` of the hearing; a
    shorter track counts as silent at its end. Raises EngineError when the engine cannot serve `language`.
    """
    pcm = _of_equal_length(pcm_by_track)
    recognised = [
        one for window in pack(spoken_spans(pcm, detect, diarise)) for one in _recognise(window, pcm, language, engine)
    ]
    return stitch(recognised, start_seconds)


def spoken_spans(
    pcm: Mapping[str, Pcm],
    detect: Callable[[str, Pcm], list[SpeechSpan]] = speech_spans,
    diarise: Diariser = dominant_channels,
) -> list[SpeechSpan]:
    """Who speaks when, in seconds from the start of `pcm`, the microphones' aligned sound of equal length."""
    return diarise(pcm, [span for track in sorted(pcm) for span in detect(track, pcm[track])])


def parameters_of(engine: Engine, voice_model: str = "") -> dict[str, str | int | bool]:
    """Every setting the transcript of a given sound depends on, engine and pipeline alike.

    `voice_model` is the SHA-256 of the model that told voices at shared microphones apart, empty where none did.
    """
    return {
        **engine.parameters,
        "engine": engine.name,
        "diariser": dominant_channels.__name__,
        "window_ms": round(LONGEST * 1000),
        "silence_ms": round(SILENCE * 1000),
        "vad_min_silence_ms": OPTIONS.min_silence_duration_ms,
        "vad_pad_ms": OPTIONS.speech_pad_ms,
        **({"voice_model_sha256": voice_model} if voice_model else {}),
    }


def _of_equal_length(pcm: Mapping[str, Pcm]) -> dict[str, Pcm]:
    longest = max((len(one) for one in pcm.values()), default=0)
    return {track: np.pad(one, (0, longest - len(one))) for track, one in pcm.items()}


def _recognise(
    window: Window, pcm: Mapping[str, Pcm], language: str | None, engine: Engine
) -> Iterator[RecognisedSpan]:
    words: list[list[Word]] = [[] for _ in window.pieces]
    sources: list[list[EngineSegment]] = [[] for _ in window.pieces]
    for segment in engine.transcribe(sound_of(window, pcm), language):
        for word in segment.words:
            index, placed = place(window, word)
            words[index].append(placed)
            if segment not in sources[index]:
                sources[index].append(segment)
    for index, piece in enumerate(window.pieces):
        if words[index] or len(window.pieces) == 1:
            yield RecognisedSpan(piece.span, tuple(words[index]), tuple(sources[index]))
        else:  # recognisers sometimes pass over a speaker among others: ask once more about this one alone
            yield from _recognise(Window((Piece(piece.span, 0.0),)), pcm, language, engine)
