"""Pure signal arithmetic of a simulated courtroom: levels, speech spans, microphones that hear each other.

A signal is one-dimensional float64, full scale ±1, at ``RATE`` samples per second. Positions and lengths are samples.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FRAME = RATE // 100
FULL_SCALE = 32_768

Signal = NDArray[np.float64]
Pcm = NDArray[np.int16]
Span = tuple[int, int]


@dataclass(frozen=True)
class Placed:
    """A voice in the room: heard at full level by microphone ``channel`` from sample ``start`` on."""

    channel: int
    start: int
    signal: Signal


@dataclass(frozen=True)
class Acoustics:
    """What the room does to sound. Levels in dB (noise: dBFS, RMS), delays and `rt60` in seconds.

    With an `rt60` above 0 every microphone also hears the room's tail of each voice, which falls by 60 dB in that time.
    Its power, `reverb_db` against the voice's direct sound at its own microphone, is the same everywhere in the room.
    """

    bleed_db: float = -14.0
    noise_dbfs: float = -55.0
    nearest_delay: float = 0.003
    delay_per_seat: float = 0.002
    rt60: float = 0.0
    reverb_db: float = -8.0


def gain(db: float) -> float:
    """The amplitude factor of a level in dB."""
    return float(10.0 ** (db / 20.0))


def frame_levels(signal: Signal) -> Signal:
    """RMS level in dBFS of each 10 ms frame; an incomplete last frame is left out."""
    frames = signal[: len(signal) // FRAME * FRAME].reshape(-1, FRAME)
    levels: Signal = 10.0 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    return levels


def speech_spans(signal: Signal, below_peak_db: float = 35.0, bridge: float = 0.3) -> list[Span]:
    """Where a clean voice speaks: frames within ``below_peak_db`` of the loudest.

    Pauses of up to ``bridge`` seconds belong to the speech.
    Only meaningful on one voice without room noise. Silence gives an empty list.
    """
    levels = frame_levels(signal)
    if levels.size == 0 or levels.max() < -90.0:
        return []
    active = np.flatnonzero(levels > levels.max() - below_peak_db)
    breaks = np.flatnonzero(np.diff(active) * FRAME > bridge * RATE)
    firsts = active[np.concatenate(([0], breaks + 1))]
    lasts = active[np.concatenate((breaks, [active.size - 1]))]
    return [(int(a) * FRAME, (int(b) + 1) * FRAME) for a, b in zip(firsts, lasts, strict=True)]


def trimmed(signal: Signal) -> Signal:
    """The signal without the silence before its first and after its last speech."""
    spans = speech_spans(signal)
    return signal[spans[0][0] : spans[-1][1]] if spans else signal[:0]


def at_level(signal: Signal, dbfs: float) -> Signal:
    """The signal scaled so that its speech (pauses not counted) has this RMS level; silence stays silence."""
    spans = speech_spans(signal)
    if not spans:
        return signal
    speech = np.concatenate([signal[a:b] for a, b in spans])
    return signal * (gain(dbfs) / float(np.sqrt(np.mean(speech**2))))


def room_noise(length: int, dbfs: float, rng: np.random.Generator) -> Signal:
    """Ventilation-like noise: white noise through a three-pole low pass at about 300 Hz, at this RMS level."""
    pole = float(np.exp(-2.0 * np.pi * 300.0 / RATE))
    step = np.arange(256)
    kernel = (step + 1) * (step + 2) * pole**step
    noise = np.convolve(rng.standard_normal(length + kernel.size - 1), kernel, mode="valid")
    return noise * (gain(dbfs) / float(np.sqrt(np.mean(noise**2))))


def microphones(
    placed: Iterable[Placed], channels: int, length: int, acoustics: Acoustics, rng: np.random.Generator
) -> Pcm:
    """What ``channels`` microphones in one room capture, as int16 of shape (channels, length).

    Each voice is at full level at its own microphone; the others hear it ``bleed_db`` lower and a few milliseconds
    later, the later the farther the seat. Every microphone has noise of its own. Sound beyond ``length`` is cut off,
    and what exceeds full scale is clipped, as a converter does.
    """
    room = np.stack([room_noise(length, acoustics.noise_dbfs, rng) for _ in range(channels)])
    for voice in placed:
        for channel in range(channels):
            seats = abs(channel - voice.channel)
            late = round((acoustics.nearest_delay + acoustics.delay_per_seat * seats) * RATE) if seats else 0
            start = voice.start + late
            heard = voice.signal[: max(0, length - start)]
            room[channel, start : start + heard.size] += heard * (gain(acoustics.bleed_db) if seats else 1.0)
            if acoustics.rt60:
                tail = reverberation(voice.signal, acoustics, rng)[: max(0, length - start)]
                room[channel, start : start + tail.size] += tail
    return to_pcm(room)


def reverberation(signal: Signal, acoustics: Acoustics, rng: np.random.Generator) -> Signal:
    """The diffuse tail that a signal leaves in the room, ``rt60`` longer than it: decaying noise, convolved with it."""
    time = np.arange(round(acoustics.rt60 * RATE)) / RATE
    tail = rng.standard_normal(time.size) * 10.0 ** (-3.0 * time / acoustics.rt60)
    tail *= gain(acoustics.reverb_db) / float(np.sqrt(np.sum(tail**2)))
    size = signal.size + tail.size - 1
    return np.asarray(np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(tail, size), size))


def to_pcm(signal: Signal) -> Pcm:
    """Float signal to 16-bit samples, clipped at full scale."""
    scaled = np.clip(np.rint(signal * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return scaled.astype(np.int16)


def to_signal(pcm: Pcm) -> Signal:
    """16-bit samples to float, full scale ±1."""
    return pcm.astype(np.float64) / FULL_SCALE


def rttm(recording: str, speech: Sequence[tuple[str, float, float]]) -> str:
    """Rich Transcription Time Marked text of (speaker, start, end), seconds, in order of start."""
    lines = (
        f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
        for speaker, start, end in sorted(speech, key=lambda item: item[1:])
    )
    return "".join(lines)
