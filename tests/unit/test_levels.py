import numpy as np
import pytest

from hardware.levels import SILENT, decibels, measure
from tests.factories.recordings import tone


def test_full_scale_square_is_0_db() -> None:
    level = measure(np.resize(np.array([-32768, 32767], np.int16), 4800))
    assert (level.rms_db, level.peak_db) == pytest.approx((0.0, 0.0), abs=0.001)


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


def test_a_converter_that_stands_at_one_value_gives_no_signal() -> None:
    assert measure(np.full(4800, 17, np.int16)) == SILENT


def test_power_and_decibels_are_two_names_of_one_level() -> None:
    assert decibels(measure(tone(1, 1000)).power) == pytest.approx(measure(tone(1, 1000)).rms_db)
    assert decibels(SILENT.power) == SILENT.rms_db
