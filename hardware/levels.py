"""How loud a microphone is, in dB below full scale."""

import math
from dataclasses import dataclass

import numpy as np

from hardware.devices import Pcm

FLOOR_DB = -120.0  # quieter than any 16-bit signal; stands for digital zero
_FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True)
class Level:
    """`rms_db` and `peak_db` in dBFS. `digital_zero`: not one bit changes, which no working microphone gives."""

    rms_db: float
    peak_db: float
    digital_zero: bool

    @property
    def power(self) -> float:
        """Of full scale; 0 at digital zero."""
        return 0.0 if self.digital_zero else float(10 ** (self.rms_db / 10))


SILENT = Level(FLOOR_DB, FLOOR_DB, True)


def measure(pcm: Pcm) -> Level:
    """The level of one channel; an empty block counts as silent, and so does one that stands at one value."""
    return measure_each(pcm[np.newaxis])[0]


def measure_each(channels: Pcm) -> list[Level]:
    """As `measure`, of each channel of the shape (channels, samples); all at once costs a third."""
    if channels.shape[1] == 0:
        return [SILENT] * len(channels)
    precise = channels.astype(np.float64)
    powers = np.vecdot(precise, precise) / channels.shape[1]
    least, most = channels.min(axis=1).tolist(), channels.max(axis=1).tolist()
    return [
        SILENT if low == high else Level(_db(math.sqrt(power)), _db(max(-low, high)), False)
        for power, low, high in zip(powers.tolist(), least, most, strict=True)
    ]


def decibels(power: float) -> float:
    """dBFS of a power given as a share of full scale."""
    return max(FLOOR_DB, 10 * math.log10(power)) if power > 0 else FLOOR_DB


def _db(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * math.log10(amplitude / _FULL_SCALE))
