"""Which of two microphones hears something later, and by how much; and what is stated of two interfaces."""

from pathlib import Path

import numpy as np
import pytest

from hardware.correlation import delay
from hardware.devices import AUDIO_RATE, Pcm
from recorder.alignment import RoomBlock
from recorder.comparison import Apart, Comparison
from tools.sample_hearing.audio import read_pcm

VOICE = read_pcm(Path("samples/hearing-ru/judge.flac"))[5 * AUDIO_RATE : 9 * AUDIO_RATE]
REACH = AUDIO_RATE // 2


def mixed(pcm: Pcm, share: float, noise: float, seed: int = 1) -> Pcm:
    return np.asarray(pcm * share + np.random.default_rng(seed).normal(0, noise, len(pcm)), np.int16)


@pytest.mark.parametrize("late", [0, 30, -48, 960, -9600, 23_997])
@pytest.mark.parametrize(("share", "noise"), [(1.0, 0.0), (0.05, 30.0), (0.2, 300.0)])
def test_a_voice_that_both_hear(late: int, share: float, noise: float) -> None:
    found = delay(mixed(VOICE, 1, 30), mixed(np.roll(VOICE, late), share, noise, 2), REACH)
    assert found is not None
    assert found.samples == late


def test_noise_that_both_hear() -> None:
    hiss = mixed(np.zeros(2 * AUDIO_RATE, np.int16), 1, 3000)
    found = delay(hiss, np.roll(hiss, 4800), REACH)
    assert found is not None
    assert found.samples == 4800


def test_clocks_that_run_apart_are_compared_all_the_same() -> None:
    at = np.arange(len(VOICE)) * (1 + 200e-6)
    found = delay(VOICE, np.asarray(np.interp(at - 4800, np.arange(len(VOICE)), VOICE), np.int16), REACH)
    assert found is not None
    assert found.samples == pytest.approx(4800, abs=AUDIO_RATE // 1000)


@pytest.mark.parametrize("second", ["silence", "hiss", "nothing"])
def test_nothing_in_common(second: str) -> None:
    other = {
        "silence": np.zeros_like(VOICE),
        "hiss": mixed(np.zeros_like(VOICE), 1, 300, 3),
        "nothing": np.zeros(0, np.int16),
    }[second]
    assert delay(VOICE, other, REACH) is None


def compared(ppm: float, late: int, seconds: int) -> list[tuple[int, Apart]]:
    """What is stated of an interface whose clock is wrong by `ppm` and that hears the voice `late` samples later."""
    comparison = Comparison({"desk": [("mic-judge", 0), ("mic-secretary", 1)], "wall": [("mic-witness", 0)]})
    block, counted = AUDIO_RATE // 10, 0
    first, second = VOICE, mixed(np.roll(VOICE, late), 0.2, 30)
    stated = []
    for number in range(seconds * 10):
        start, end = number * block, (number + 1) * block
        until = round(end * (1 + ppm * 1e-6))
        own = np.arange(counted, until)
        heard = np.take(second, own, mode="wrap").reshape(-1, 1)
        desk = np.column_stack([np.take(first, np.arange(start, end), mode="wrap"), np.zeros(block, np.int16)])
        comparison.take(RoomBlock(start, end, {"desk": desk, "wall": heard}, (), {}))
        counted = until
        if end % (60 * AUDIO_RATE) == 0:
            stated += [(end // AUDIO_RATE, one) for one in comparison.due(end)]
    return stated


def test_what_one_interface_hears_later_is_stated_once_and_its_drift_after_ten_minutes() -> None:
    first, second, third = compared(0, 2400, 1300)
    assert first == (60, Apart("mic-witness", "mic-judge", None, 50_000))
    assert [at for at, _ in (second, third)] == [660, 1260]
    assert third[1] == Apart("mic-witness", "mic-judge", 0, 50_000)


@pytest.mark.parametrize("ppm", [-100.0, 37.0, 100.0])
def test_the_drift_that_is_stated_is_the_true_one(ppm: float) -> None:
    last = compared(ppm, 0, 1300)[-1][1]
    assert last.drift_ppb is not None
    assert last.drift_ppb / 1000 == pytest.approx(ppm, abs=1)


def test_a_single_interface_is_compared_with_nothing() -> None:
    comparison = Comparison({"desk": [("mic-judge", 0)]})
    comparison.take(RoomBlock(0, 4800, {"desk": np.zeros((4800, 1), np.int16)}, (), {}))
    assert comparison.due(AUDIO_RATE * 3600) == []
