"""Each fault of a microphone is measured where it is, and nowhere else."""

import numpy as np
import pytest

from hardware.devices import AUDIO_RATE, Pcm
from hardware.sound_measures import clipped, hum, likeness
from tests.factories.health import added, humming, louder, noise, voice
from tests.factories.recordings import tone

ZERO = np.zeros(3 * AUDIO_RATE, np.int16)
SPEECH = voice(3)


@pytest.mark.parametrize("level", [-70, -55, -40, -25])
def test_the_level_of_a_hum_is_measured_over_the_noise_of_a_room(level: float) -> None:
    found = hum(added(humming(3, level), noise(3, -75)))
    assert found == pytest.approx(level + 0.5, abs=1.2)  # the harmonic adds half a decibel


def test_a_rectifiers_hum_begins_at_100_hertz_and_a_grid_drifts() -> None:
    assert hum(added(tone(3, 100, 300), noise(3, -70))) == pytest.approx(-43.8, abs=0.5)
    assert hum(added(tone(3, 49.6, 300), noise(3, -70))) == pytest.approx(-43.8, abs=0.5)


@pytest.mark.parametrize(
    "pcm",
    [ZERO, noise(3, -50), noise(3, -90), tone(3, 440), tone(3, 1000), added(tone(3, 60, 300), noise(3, -70)), SPEECH],
    ids=["zero", "noise", "soft noise", "440 Hz", "1 kHz", "60 Hz", "speech"],
)
def test_what_is_no_hum(pcm: Pcm) -> None:
    assert hum(pcm) is None


def test_too_short_a_stretch_says_nothing_of_hum() -> None:
    assert hum(humming(0.9, -30)) is None


def test_speech_that_is_amplified_too_much_is_cut_off() -> None:
    assert clipped(louder(SPEECH, 20)) > 0.05
    assert clipped(louder(tone(1, 200), 14)) == pytest.approx(0.4, abs=0.1)


@pytest.mark.parametrize("pcm", [ZERO, SPEECH, louder(SPEECH, 8), tone(1, 1000, 32700), np.zeros(0, np.int16)])
def test_what_is_loud_is_not_cut_off(pcm: Pcm) -> None:
    assert clipped(pcm) == 0.0


def test_single_peaks_at_full_scale_just_fit() -> None:
    pcm = noise(1, -40)
    pcm[1000], pcm[2000], pcm[2001] = 32767, -32768, -32768
    assert clipped(pcm) == 0.0
    pcm[3000:3003] = 32767
    assert clipped(pcm) == pytest.approx(3 / AUDIO_RATE)


@pytest.mark.parametrize(
    "copy",
    [SPEECH, louder(SPEECH, -12), -SPEECH, added(SPEECH, noise(3, -85, seed=9))],
    ids=["copy", "softer", "inverted", "through another converter"],
)
def test_a_copy_is_known_at_any_gain(copy: Pcm) -> None:
    found = likeness(SPEECH, copy)
    assert found.share > 0.95
    assert found.lag == 0.0


@pytest.mark.parametrize("milliseconds", [1, 10, 40])
def test_a_delayed_copy_is_known_with_its_lag(milliseconds: int) -> None:
    late = np.concatenate([np.zeros(48 * milliseconds, np.int16), SPEECH])[: len(SPEECH)]
    assert likeness(SPEECH, late).lag == pytest.approx(milliseconds / 1000)
    assert likeness(late, SPEECH).lag == pytest.approx(-milliseconds / 1000)
    assert likeness(SPEECH, late).share > 0.95


def echoed(pcm: Pcm, seed: int) -> Pcm:
    """As another microphone hears it across a room: later, softer, with that place's own echoes."""
    generator = np.random.default_rng(seed)
    response = generator.normal(0, 1, 9600) * np.exp(-np.arange(9600) / 2400)
    response[:200], response[200] = 0, 6
    far = np.convolve(pcm * 0.02, response)[: len(pcm)].astype(np.int16)
    return added(far, noise(len(pcm) / AUDIO_RATE, -70, seed))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (noise(3, -60, 1), noise(3, -60, 2)),
        (SPEECH, voice(3, seed=4)),
        (SPEECH, echoed(SPEECH, 3)),
        (added(humming(3, -30), noise(3, -70, 1)), added(humming(3, -30), noise(3, -70, 2))),
        (tone(3, 440), tone(3, 550)),
        (SPEECH, ZERO),
        (ZERO, ZERO),
    ],
    ids=["noises", "two voices", "one voice across a room", "one hum", "two tones", "zero", "zeros"],
)
def test_what_is_no_copy(first: Pcm, second: Pcm) -> None:
    assert likeness(first, second).share < 0.6
