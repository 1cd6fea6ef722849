"""Stand-ins for speech in a room: noise with the rhythm of syllables, at microphones that hear each other."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from transcribe.diarise.port import Detector
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

Turn = tuple[str, float, float]
"""Track, start and end in seconds."""


def voice(seconds: float, rng: np.random.Generator, level_db: float = -24.0) -> NDArray[np.float64]:
    """Noise swelling and fading four times a second, at `level_db` of full scale."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = rng.standard_normal(time.size) * (0.15 + np.abs(np.sin(np.pi * 4 * time)))
    return np.asarray(sound * 10 ** (level_db / 20) / max(np.sqrt(np.mean(sound**2)), 1e-9))


def room(
    turns: Iterable[Turn],
    seconds: float,
    tracks: Iterable[str] = ("mic-claimant", "mic-judge", "mic-respondent"),
    *,
    bleed_db: float = -14.0,
    noise_db: float = -55.0,
    gains_db: Mapping[str, float] | None = None,
    seed: int = 0,
) -> dict[str, Pcm]:
    """What each microphone records while the `turns` are spoken; `gains_db` sets single microphones louder."""
    rng = np.random.default_rng(seed)
    length = round(seconds * SAMPLE_RATE)
    sound = {track: rng.standard_normal(length) * 10 ** (noise_db / 20) for track in tracks}
    for speaker, start, end in turns:
        spoken = voice(end - start, rng)
        at = round(start * SAMPLE_RATE)
        for track, heard in sound.items():
            heard[at : at + spoken.size] += spoken * (1.0 if track == speaker else 10 ** (bleed_db / 20))
    gains = gains_db or {}
    return {
        track: np.clip(heard * 10 ** (gains.get(track, 0.0) / 20) * 32768, -32768, 32767).astype(np.int16)
        for track, heard in sound.items()
    }


def heard_everywhere(turns: Sequence[Turn]) -> Detector:
    """A detector of speech to which every turn is loud enough, at every microphone."""

    def detect(track: str, pcm: Pcm, start: float, end: float) -> list[SpeechSpan]:
        heard = ((max(begins, start), min(ends, end)) for _, begins, ends in turns)
        return [SpeechSpan(track, begins, ends) for begins, ends in heard if begins < ends]

    return detect
