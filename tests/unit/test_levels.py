import numpy as np
import pytest

from hardware.levels import SILENT, measure
from tests.factories.recordings import tone


def test_full_scale_square_is_0_db() -> None:
    level = measure(np.full(4800, -32768, np.int16))
    assert (level.rms_db, level.peak_db) == (0.0, 0.0)


def test_sine_has_its_rms_3_db_below_its_peak() -> None:
    level = measure(tone(1, 1000, amplitude=16384))
    assert level.peak_db == pytest.approx(-6.02, abs=0.01)
    assert level.rms_db == pytest.approx(-9.03, abs=0.01)


def test_the_softest_sound_is_not_digital_zero() -> None:
    soft = np.zeros(4800, np.int16)
    soft[7] = 1
    level = measure(soft)
    assert not level.digital_zero
    assert level.peak_db == pytest.approx(-90.3, abs=0.01)


@pytest.mark.parametrize("samples", [0, 4800])
def test_zeros_are_digital_zero(samples: int) -> None:
    assert measure(np.zeros(samples, np.int16)) == SILENT
