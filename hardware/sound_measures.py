"""What is wrong with a microphone's sound, measured on its samples. Pure; `pcm` is mono at 48 kHz unless said."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.devices import AUDIO_RATE, Pcm

_FULL_SCALE = 32768.0
_CLIPPED_RUN = 3
"""So many neighbouring samples at full scale are a cut-off wave; one or two may be a peak that just fits."""

_MAINS = 50.0
_HARMONICS = 8  # up to 400 Hz; above that it is drowned in speech
_DRIFT = 0.01  # a grid's frequency stays within half a hertz of 50
_PROMINENT = 12.0  # dB over its neighbours at which a line stands out of noise, whose bins differ by 6 or so

_BAND = (100.0, 8000.0)  # hertz in which two channels are compared: below there is hum, above little is left of speech
_WHITENED_FLOOR = 1e-9

Spectrum = NDArray[np.float64]


def clipped(pcm: Pcm) -> float:
    """The share of samples that stand in a run at full scale: a converter's end stop, whatever the gain after it.

    Full scale is what 16 bits hold, or up to one step less, where some converters stop.
    """
    at_end = np.abs(pcm.astype(np.int32)) >= 32766
    if not at_end.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], at_end.astype(np.int8), [0]))))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= _CLIPPED_RUN].sum()) / len(pcm)


def hum(pcm: Pcm) -> float | None:
    """The level of mains hum in dBFS, None if there is none: 50 or 100 Hz stands out of the noise around it.

    The level counts all harmonics that stand out. Needs a second or more; what is said meanwhile hides it.
    """
    if len(pcm) < AUDIO_RATE:
        return None
    power = _power(pcm)
    step = AUDIO_RATE / len(pcm)
    found = {number: line for number in range(1, _HARMONICS + 1) if (line := _line(power, number, step)) > 0}
    if not found.keys() & {1, 2}:
        return None
    return float(10 * np.log10(sum(found.values())))


def _power(pcm: Pcm) -> Spectrum:
    """Mean square per bin, as a share of full scale; the bins around a sine add up to its own."""
    window = np.hanning(len(pcm))
    found = np.abs(np.fft.rfft(pcm / _FULL_SCALE * window)) ** 2
    return np.asarray(found * 2 / (len(pcm) * np.sum(window**2)), np.float64)


def _line(power: Spectrum, number: int, step: float) -> float:
    """The power of the harmonic `number` of the mains, 0 if it does not stand out; `step` hertz from bin to bin."""
    centre, reach = number * _MAINS, max(number * _MAINS * _DRIFT, 2 * step)
    inside = power[round((centre - reach) / step) : round((centre + reach) / step) + 1]
    # Between two harmonics and well away from both: what the microphone hears there besides hum.
    around = np.concatenate([
        power[round((centre + low) / step) : round((centre + low + 12) / step) + 1] for low in (-20.0, 8.0)
    ])  # fmt: skip
    strongest, noise = float(inside.max()), float(around.mean())
    return float(inside.sum()) if strongest > noise * 10 ** (_PROMINENT / 10) else 0.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two channels are one: `share` 1.0 for a copy, `lag` the seconds by which the second is behind."""

    share: float
    lag: float


def likeness(first: Pcm, second: Pcm, most_lag: float = 0.05) -> Likeness:
    """Generalised cross-correlation with phase transform (Knapp and Carter 1976), over equally long stretches.

    Every frequency counts alike, so a hum or a tone that both hear does not make them one, nor does a voice that
    both hear: each hears the room's echoes differently. A copy agrees at all frequencies, at any gain, either sign.
    """
    if not first.any() or not second.any():
        return Likeness(0.0, 0.0)
    size = 1 << (2 * len(first) - 1).bit_length()
    window = np.hanning(len(first))  # else the edges of the stretch, which are in both, are what agrees
    spectra = [np.fft.rfft((one - one.mean()) * window, size) for one in (first, second)]
    cross = np.conj(spectra[0]) * spectra[1]
    hertz = np.fft.rfftfreq(size, 1 / AUDIO_RATE)
    used = (hertz >= _BAND[0]) & (hertz <= _BAND[1]) & (np.abs(cross) > _WHITENED_FLOOR)
    if not used.any():
        return Likeness(0.0, 0.0)
    whitened = np.where(used, cross / np.maximum(np.abs(cross), _WHITENED_FLOOR), 0)
    # The sum of n unit phasors is n where they agree; irfft gives it as 2 n / size.
    agreement = np.abs(np.fft.irfft(whitened, size)) * size / (2 * np.count_nonzero(used))
    reach = int(most_lag * AUDIO_RATE)
    near = np.concatenate([agreement[-reach:], agreement[: reach + 1]])
    best = int(near.argmax())
    return Likeness(min(1.0, float(near[best])), (best - reach) / AUDIO_RATE)
