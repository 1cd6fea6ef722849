"""How much later one recording of a room is than another, by what both heard. Pure."""

import numpy as np

from hardware.devices import Pcm

_SHARP = 8.0
"""How far the peak must stand above what the rest of the curve scatters: noise alone comes to 4 or 5."""


def lag(first: Pcm, second: Pcm, reach: int) -> int | None:
    """The number n of samples, |n| <= `reach`, for which second[i + n] sounds as first[i]; None if that is not clear.

    Generalised cross-correlation with phase transform (Knapp and Carter 1976): loudness and colour of the two
    microphones do not count.
    """
    if min(len(first), len(second)) == 0:
        return None
    length = 1 << (len(first) + len(second) - 1).bit_length()
    spectrum = np.fft.rfft(second.astype(np.float64), length) * np.conj(np.fft.rfft(first.astype(np.float64), length))
    strength = np.abs(spectrum)
    curve = np.fft.irfft(np.divide(spectrum, strength, out=np.zeros_like(spectrum), where=strength > 1e-9), length)
    inside = np.concatenate([curve[-reach:] if reach else curve[:0], curve[: reach + 1]])
    peak, scatter = int(np.argmax(inside)), float(np.std(inside))
    if scatter == 0 or inside[peak] < _SHARP * scatter:
        return None
    return peak - reach
