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
    if len(pcm) == 0 or pcm.min() == pcm.max():
        return SILENT
    peak = int(np.abs(pcm.astype(np.int32)).max())
    precise = pcm.astype(np.float64)
    rms = math.sqrt(float(np.dot(precise, precise)) / len(pcm))
    return Level(_db(rms), _db(peak), False)


def decibels(power: float) -> float:
    """dBFS of a power given as a share of full scale."""
    return max(FLOOR_DB, 10 * math.log10(power)) if power > 0 else FLOOR_DB


def _db(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * math.log10(amplitude / _FULL_SCALE))
