"""Where somebody speaks, per microphone: Silero VAD as carried by faster-whisper."""

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps, get_vad_model

from transcribe.engines.port import Sound
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

# A span ends after 0.4 s without speech: shorter pauses belong to a sentence. Padding keeps soft consonants.
# A span longer than a recogniser's window is cut by the detector, at a pause if it finds one.
OPTIONS = VadOptions(
    threshold=0.5,
    min_speech_duration_ms=120,
    max_speech_duration_s=28.0,
    min_silence_duration_ms=400,
    speech_pad_ms=120,
)


def speech_spans(track: str, pcm: Pcm, start: float, end: float) -> list[SpeechSpan]:
    """The Detector (diarise/port.py); spans in order, none for silence."""
    begin = round(start * SAMPLE_RATE)
    part = pcm[begin : round(end * SAMPLE_RATE)]
    if not part.any():
        return []
    found = get_speech_timestamps(part.astype(np.float32) / 32768.0, OPTIONS)
    return [
        SpeechSpan(track, (begin + one["start"]) / SAMPLE_RATE, (begin + one["end"]) / SAMPLE_RATE) for one in found
    ]


def detected(sound: Sound) -> float:
    """The detector's mean probability of speech over `sound`, a span of speech by itself."""
    step = 512  # samples, as the model takes them
    return float(np.mean(get_vad_model()(np.pad(sound, (0, -len(sound) % step)))))
