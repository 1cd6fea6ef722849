"""Sound that bears the time in its pitch, so that any moment of it tells when it was played."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PERIOD = 64.0
"""Seconds after which it begins again."""
LOWEST, RISE = 400.0, 100.0  # hertz; hertz a second
WINDOW = 2048
"""Samples by which a moment is told, to a few milliseconds."""


def time_code(seconds: float) -> NDArray[np.int16]:
    """Mono, from time 0 on."""
    t = np.arange(int(seconds * RATE)) / RATE % PERIOD
    return np.asarray(16_000 * np.sin(2 * np.pi * (LOWEST * t + RISE / 2 * t * t)), np.int16)


def time_code_graph() -> str:
    """The same as a filter of FFmpeg."""
    t = f"mod(t,{PERIOD})"
    return f"aevalsrc='0.5*sin(2*PI*({LOWEST}*{t}+{RISE / 2}*{t}*{t}))':s={RATE}"


def moment(pcm: NDArray[Any]) -> float:
    """The time at the end of `pcm` (mono, at least WINDOW samples), modulo PERIOD."""
    spectrum = np.abs(np.fft.rfft(pcm[-WINDOW:] * np.hanning(WINDOW), 8 * WINDOW))
    top = int(spectrum.argmax())
    before, at, after = np.log(spectrum[top - 1 : top + 2] + 1e-12)
    hertz = (top + (before - after) / (2 * (before - 2 * at + after))) * RATE / (8 * WINDOW)
    return float((hertz - LOWEST) / RISE + WINDOW / 2 / RATE)
