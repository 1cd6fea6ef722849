"""What holds of the measures whatever they are given."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.devices import AUDIO_RATE, Pcm
from hardware.levels import measure
from hardware.sound_measures import clipped, hum, likeness
from tests.factories.health import humming, louder, noise

SECONDS = 1.2
levels = st.floats(-80, -20)
seeds = st.integers(1, 1000)


@given(st.lists(st.integers(-32768, 32767), max_size=2000))
def test_any_samples_can_be_measured(samples: list[int]) -> None:
    pcm: Pcm = np.array(samples, np.int16)
    assert 0.0 <= clipped(pcm) <= 1.0
    assert measure(pcm).digital_zero == (len(set(samples)) <= 1)
    if samples:
        assert 0.0 <= likeness(pcm, pcm).share <= 1.0


@settings(max_examples=25, deadline=None)
@given(level=levels, seed=seeds)
def test_noise_of_any_level_neither_hums_nor_is_cut_off(level: float, seed: int) -> None:
    pcm = noise(3, level, seed)
    assert hum(pcm) is None
    assert clipped(pcm) == 0.0


@settings(max_examples=25, deadline=None)
@given(level=st.floats(-60, -20), room=st.floats(-90, -75), seed=seeds)
def test_a_hum_well_above_the_noise_is_always_found(level: float, room: float, seed: int) -> None:
    found = hum(humming(3, level) + noise(3, room, seed))
    assert found is not None
    assert abs(found - level - 0.5) < 1


@settings(max_examples=25, deadline=None)
@given(seed=seeds, level=st.floats(-60, -25), gain=st.floats(-12, 6), lag=st.integers(0, int(0.04 * AUDIO_RATE)))
def test_a_copy_is_found_at_any_level_gain_and_lag(seed: int, level: float, gain: float, lag: int) -> None:
    first = noise(SECONDS, level, seed)
    second = louder(np.concatenate([np.zeros(lag, np.int16), first])[: len(first)], gain)
    found = likeness(first, second)
    assert found.share >= 0.95
    assert round(found.lag * AUDIO_RATE) == lag


@settings(max_examples=25, deadline=None)
@given(seed=seeds, level=levels)
def test_two_noises_are_never_one(seed: int, level: float) -> None:
    assert likeness(noise(SECONDS, level, seed), noise(SECONDS, level, seed + 1000)).share < 0.2
