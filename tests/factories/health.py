"""Sounds and pictures for measuring: a room's noise, voices, faults of microphones, a scene that is in focus or not."""

import numpy as np
from numpy.typing import NDArray

from hardware.devices import AUDIO_RATE, Pcm
from tests.factories.recordings import tone

Luma = NDArray[np.uint8]


def noise(seconds: float, level_db: float, seed: int = 1) -> Pcm:
    """White noise of that level in dBFS."""
    samples = np.random.default_rng(seed).normal(0, 10 ** (level_db / 20) * 32768, int(seconds * AUDIO_RATE))
    return np.clip(samples, -32768, 32767).astype(np.int16)


def voice(seconds: float, level_db: float = -25.0, seed: int = 1) -> Pcm:
    """What the speech detector takes for speech: a pitch that wanders, its harmonics, four syllables a second."""
    generator = np.random.default_rng(seed)
    at = np.arange(int(seconds * AUDIO_RATE)) / AUDIO_RATE
    pitch = 120 + 10 * seed + 25 * np.sin(2 * np.pi * 0.7 * at + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / AUDIO_RATE
    sound = sum(np.sin(number * phase + generator.uniform(0, 6)) / number for number in range(1, 25))
    sound = sound * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at))
    scaled = np.asarray(sound) * 10 ** (level_db / 20) * 32768 / np.sqrt(np.mean(np.square(sound)))
    return np.clip(scaled + noise(seconds, -70, seed), -32768, 32767).astype(np.int16)


def added(*sounds: Pcm) -> Pcm:
    """All at once, cut off at full scale as a converter does."""
    return np.clip(np.sum(sounds, axis=0, dtype=np.int64), -32768, 32767).astype(np.int16)


def louder(pcm: Pcm, decibels: float) -> Pcm:
    return np.clip(pcm * 10 ** (decibels / 20), -32768, 32767).astype(np.int16)


def humming(seconds: float, level_db: float) -> Pcm:
    """50 Hz and its third harmonic, 10 dB weaker."""
    amplitude = 10 ** (level_db / 20) * 32768 * 2**0.5
    return added(tone(seconds, 50, int(amplitude)), tone(seconds, 150, int(amplitude / 3)))


def scene(width: int = 640, height: int = 360) -> Luma:
    """Edges, surfaces and a texture, as a court-room has them."""
    generator = np.random.default_rng(5)
    coarse = generator.integers(60, 200, (height // 24 + 1, width // 24 + 1))
    picture = np.kron(coarse, np.ones((24, 24)))[:height, :width]
    return np.clip(picture + generator.normal(0, 6, picture.shape), 16, 235).astype(np.uint8)


def sensor(picture: Luma, seed: int, deviation: float = 1.0) -> Luma:
    """The picture as a camera gives it: with noise that is another one every time."""
    return np.clip(picture + np.random.default_rng(seed).normal(0, deviation, picture.shape), 0, 255).astype(np.uint8)


def blurred(picture: Luma, radius: int) -> Luma:
    """Twice the mean over `radius` pixels to each side: a lens out of focus."""
    kernel = np.ones(2 * radius + 1) / (2 * radius + 1)

    def once(row: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.convolve(np.pad(row, radius, "edge"), kernel, "valid")

    found = picture.astype(np.float64)
    for axis in (0, 1, 0, 1):
        found = np.apply_along_axis(once, axis, found)
    return found.astype(np.uint8)
