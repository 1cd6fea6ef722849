"""What the stamps of a live input say of its samples: a jump is a hole, a slow difference is two clocks."""

from collections.abc import Iterator
from itertools import pairwise

import av
import numpy as np
import pytest

from hardware.av_input import _Sound
from hardware.devices import AUDIO_RATE, AudioBlock

FRAME = 1024
HOLE = AUDIO_RATE // 10


def frames(count: int) -> Iterator[av.AudioFrame]:
    for number in range(count):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, FRAME), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_RATE, number * FRAME
        yield frame


def blocks(sound: _Sound, ppm: float, count: int, jump: int = 0, at: int = 0) -> list[AudioBlock]:
    """Of frames whose stamps are of a clock that is faster by `ppm`, and jump by so many samples at frame `at`."""
    found: list[AudioBlock] = []
    for number, frame in enumerate(frames(count)):
        stamp = round(number * FRAME * (1 + ppm * 1e-6)) + (jump if number >= at else 0)
        found += sound.blocks(frame, stamp)
    return [*found, *sound.rest()]


@pytest.mark.parametrize("ppm", [-100, 100])
def test_two_clocks_make_no_hole(ppm: float) -> None:
    sound = _Sound(0, HOLE, follow=True)
    half_an_hour = 1800 * AUDIO_RATE // FRAME
    found = blocks(sound, ppm, half_an_hour)
    assert found[-1].end == half_an_hour * FRAME
    assert sound.ahead == pytest.approx(1800 * AUDIO_RATE * ppm * 1e-6, abs=AUDIO_RATE // 200)


def test_a_jump_is_a_hole() -> None:
    found = blocks(_Sound(0, HOLE, follow=True), 100, 2000, jump=AUDIO_RATE, at=1000)
    assert found[-1].end == pytest.approx(2000 * FRAME + AUDIO_RATE, abs=250)
    (hole,) = [after.start - before.end for before, after in pairwise(found) if after.start > before.end]
    assert hole == pytest.approx(AUDIO_RATE, abs=250)


def test_a_clock_that_is_set_back_leaves_the_count_alone() -> None:
    sound = _Sound(0, HOLE, follow=True)
    found = blocks(sound, 0, 2000, jump=-10 * AUDIO_RATE, at=1000)
    assert found[-1].end == 2000 * FRAME
    assert sound.ahead == pytest.approx(-10 * AUDIO_RATE)
