"""Several people at one microphone, with voices that are as alike as the test says."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories.voices import heard_everywhere
from transcribe.diarise.cluster import ALIKE, Sample, cluster, joined_to
from transcribe.diarise.embedding import Vector, unit
from transcribe.diarise.shared import SharedMicrophones
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

MICROPHONE = "mic-defence"


def voice(person: int, spread: float = 0.0, seed: int = 0) -> Vector:
    """A voice in 16 dimensions, the person's own turned aside by up to `spread`."""
    noise = np.random.default_rng([person, seed]).standard_normal(16)
    return unit(np.asarray(np.eye(16)[person] + spread * noise / np.linalg.norm(noise), np.float32))


class Loudness:
    """Tells the person from the sound's level: person 1 speaks at 1000, person 2 at 2000, a mixture is between."""

    model_sha256 = "ef" * 32

    def __call__(self, pcm: Pcm) -> Vector:
        shares: NDArray[np.float64] = np.array([np.mean(pcm == 1000 * person) for person in range(16)])
        return unit(np.asarray(shares, np.float32))


def sound(turns: Sequence[tuple[int, float]]) -> Pcm:
    """Person and seconds of each turn, without pauses."""
    return np.concatenate([np.full(round(seconds * SAMPLE_RATE), 1000 * person, np.int16) for person, seconds in turns])


def heard(turns: Sequence[tuple[int, float]], most: int = 2) -> tuple[list[SpeechSpan], SharedMicrophones]:
    pcm = sound(turns)
    own = [SpeechSpan(MICROPHONE, 0.0, len(pcm) / SAMPLE_RATE)]
    diarise = SharedMicrophones(lambda pcm, detect: own, Loudness(), {MICROPHONE: most})
    return diarise({MICROPHONE: pcm}, heard_everywhere([])), diarise


def test_one_span_is_cut_where_another_voice_begins() -> None:
    found, diarise = heard([(1, 5.0), (2, 6.0), (1, 4.0)])
    assert [one.voice for one in found] == [1, 2, 1]
    assert [one.start for one in found[1:]] == [pytest.approx(5.0, abs=0.4), pytest.approx(11.0, abs=0.4)]
    assert [one.end for one in found] == [*(one.start for one in found[1:]), 15.0]
    assert [(one.track, one.number) for one in diarise.voices] == [(MICROPHONE, 1), (MICROPHONE, 2)]
    assert sum(one.seconds for one in diarise.voices) == pytest.approx(15.0)


def test_one_person_alone_is_one_voice() -> None:
    found, diarise = heard([(1, 9.0)], most=4)
    assert [one.voice for one in found] == [1]
    assert len(diarise.voices) == 1


def test_what_is_too_short_to_tell_has_no_voice() -> None:
    found, diarise = heard([(1, 0.3)])
    assert [(one.voice, one.seconds) for one in found] == [(0, pytest.approx(0.3))]
    assert diarise.voices == []


def test_other_microphones_are_left_alone() -> None:
    spans = [SpeechSpan("mic-judge", 0.0, 2.0), SpeechSpan(MICROPHONE, 1.0, 3.0)]
    diarise = SharedMicrophones(lambda pcm, detect: spans, Loudness(), {MICROPHONE: 2})
    pcm = sound([(1, 3.0)])
    found = diarise({"mic-judge": pcm, MICROPHONE: pcm}, heard_everywhere([]))
    assert [(one.track, one.voice) for one in found] == [("mic-judge", 0), (MICROPHONE, 1)]


def test_a_print_has_a_label_of_its_own_that_is_no_print() -> None:
    _, one = heard([(1, 5.0)])
    _, again = heard([(1, 5.0)])
    _, other = heard([(2, 5.0)])
    assert one.voices[0].label == again.voices[0].label != other.voices[0].label
    assert len(one.voices[0].label) == 12


def test_voices_that_are_alike_are_one_and_others_are_not() -> None:
    samples = [Sample(voice(person, 0.5, seed), 3.0) for seed in range(4) for person in (1, 2, 3)]
    assert cluster(samples, most=3, enough=1.0) == [0, 1, 2] * 4


def test_there_are_no_more_people_than_are_enrolled() -> None:
    samples = [Sample(voice(person), 3.0) for person in (1, 2, 3)]
    assert cluster(samples, most=3, enough=1.0) == [0, 1, 2]
    assert max(cluster(samples, most=2, enough=1.0)) == 1


def test_fewer_may_have_spoken() -> None:
    samples = [Sample(voice(1, 0.3, seed), 3.0) for seed in range(6)]
    assert min(float(one.vector @ other.vector) for one in samples for other in samples) > ALIKE
    assert cluster(samples, most=4, enough=1.0) == [0] * 6


def test_a_short_noise_takes_nobodys_place() -> None:
    samples = [Sample(voice(9), 0.7), Sample(voice(1), 3.0), Sample(voice(2), 3.0), Sample(voice(1, 0.2), 0.7)]
    numbers = cluster(samples, most=2, enough=1.0)
    assert numbers[1] != numbers[2]
    assert numbers[3] == numbers[1]


def test_names_join_and_part_voices() -> None:
    alike = [Sample(voice(1, 0.1, seed), 3.0) for seed in range(2)]
    assert cluster(alike, most=1, enough=1.0) == [0, 0]
    parted = [Sample(one.vector, one.seconds, name) for one, name in zip(alike, ("Асанов", "Беков"), strict=True)]
    assert cluster([*parted, Sample(voice(1, 0.1, 0), 3.0)], most=1, enough=1.0) == [0, 1, 0]
    joined = [Sample(voice(person), 3.0, "Асанов") for person in (1, 2)]
    assert cluster([*joined, Sample(voice(3), 3.0)], most=2, enough=1.0) == [0, 0, 1]


def test_a_voice_goes_to_the_standing_one_it_is_most_like_or_founds_its_own() -> None:
    standing = [(Sample(voice(0), 4.0), 1), (Sample(voice(1), 4.0), 3)]
    fresh = [Sample(voice(1, 0.3), 4.0), Sample(voice(2), 4.0), Sample(voice(2, 0.3), 2.0), Sample(voice(4), 2.0)]
    assert joined_to(standing, fresh, most=3, enough=3.0, unused=7)[:3] == [3, 7, 7]
    assert joined_to(standing, fresh, most=2, enough=3.0, unused=7)[1] in (1, 3), "there are no more people"
    assert joined_to([], fresh, most=2, enough=3.0, unused=7)[:2] == [7, 8]
    assert joined_to([], [Sample(voice(4), 0.6)], most=2, enough=3.0, unused=7) == [7], "somebody has to be there"


def test_nothing_is_nobody() -> None:
    assert cluster([], most=2, enough=1.0) == []
