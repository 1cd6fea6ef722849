"""How much later one microphone hears what another hears, by cross-correlation. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.devices import AUDIO_RATE, Pcm

_DECIMATION = 3  # 16 kHz hold all of speech
_RATE = AUDIO_RATE // _DECIMATION
_LOW, _HIGH = 150.0, 4000.0  # Hz: outside that rooms hum and hiss
_NEAR = _RATE // 250  # what lies this near the peak belongs to it: 4 ms
_CLEAR = 2.0  # noise alone reaches 1.1, a voice 30 dB below its own microphone more than 20


@dataclass(frozen=True, slots=True)
class Delay:
    """`samples` at 48 kHz by which the second signal is later than the first, to a multiple of 3; `clarity`: how much
    higher its peak is than the next one."""

    samples: int
    clarity: float


def delay(first: Pcm, second: Pcm, most: int) -> Delay | None:
    """Of the two mono signals, `most` samples at most in either direction; None where they hear nothing in common.

    Generalised cross-correlation with phase transform (Knapp and Carter, 1976): each frequency counts the same, so that
    a voice that is near the one and far from the other microphone is still found.
    """
    length = min(len(first), len(second)) // _DECIMATION
    reach = min(most // _DECIMATION, length - 1)
    if reach < 1:
        return None
    size = 1 << (2 * length - 1).bit_length()
    spectra = [np.fft.rfft(_thinned(pcm, length), size) for pcm in (first, second)]
    cross = spectra[1] * np.conj(spectra[0])
    cross /= np.maximum(np.abs(cross), 1e-9)
    bands = np.fft.rfftfreq(size, 1 / _RATE)
    cross[(bands < _LOW) | (bands > _HIGH)] = 0
    found = np.fft.irfft(cross, size)
    around = np.abs(np.concatenate([found[-reach:], found[: reach + 1]]))
    peak = int(np.argmax(around))
    others = np.concatenate([around[: max(0, peak - _NEAR)], around[peak + _NEAR + 1 :]])
    next_peak = float(others.max(initial=0.0))
    clarity = float(around[peak]) / next_peak if next_peak else 0.0
    return Delay((peak - reach) * _DECIMATION, clarity) if clarity >= _CLEAR else None


def _thinned(pcm: Pcm, length: int) -> NDArray[np.float64]:
    return np.asarray(pcm[: length * _DECIMATION].reshape(-1, _DECIMATION).mean(axis=1), np.float64)
