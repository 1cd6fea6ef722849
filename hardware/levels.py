"""How loud a microphone is, in dB below full scale."""

import math
from dataclasses import dataclass

import numpy as np

from hardware.devices import Pcm

FLOOR_DB = -120.0  # quieter than any 16-bit signal; stands for digital zero
_FULL_SCALE = 32768.0


@dataclass(frozen=True, slots=True)
class Level:
    """`rms_db` and `peak_db` in dBFS. `digital_zero`: not one bit set, which no working microphone gives."""

    rms_db: float
    peak_db: float
    digital_zero: bool


SILENT = Level(FLOOR_DB, FLOOR_DB, True)


def measure(pcm: Pcm) -> Level:
    """The level of one channel; an empty block counts as silent."""
    peak = int(np.abs(pcm.astype(np.int32)).max(initial=0))
    if peak == 0:
        return SILENT
    precise = pcm.astype(np.float64)
    rms = math.sqrt(float(np.dot(precise, precise)) / len(pcm))
    return Level(_db(rms), _db(peak), False)


def _db(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * math.log10(amplitude / _FULL_SCALE))
