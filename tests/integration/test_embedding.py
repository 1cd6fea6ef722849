"""The packaged voice model on real people: the same one is alike, others are not; who shares a telephone is told apart."""

from itertools import combinations, product

import numpy as np
import pytest

from tests.speech import asterisk_ru, festvox_ru, pyannote_sample
from tests.speech.recogniser import models_dir
from transcribe.diarise.embedding import Vector, WeSpeaker
from transcribe.diarise.shared import SharedMicrophones
from transcribe.evaluate import COLLAR, speaker_errors
from transcribe.models import ensure
from transcribe.pipeline import spoken_spans
from transcribe.speech import SAMPLE_RATE, SpeechSpan

MODEL = "wespeaker-resnet34"
SECONDS = 3.0


@pytest.fixture(scope="module")
def embed() -> WeSpeaker:
    ensure(MODEL, models_dir())
    return WeSpeaker(MODEL, models_dir())


def test_one_person_is_alike_and_two_are_not(embed: WeSpeaker) -> None:
    people: list[list[Vector]] = []
    for clips in (festvox_ru(24, seed=3), asterisk_ru(24, seed=3)):
        long = [one for one in clips if one.seconds >= SECONDS + 0.5][:5]
        assert len(long) == 5
        middles = [(one.pcm.size - round(SECONDS * SAMPLE_RATE)) // 2 for one in long]
        people.append([embed(one.pcm[at:-at]) for one, at in zip(long, middles, strict=True)])
    assert all(one.shape == (256,) and np.linalg.norm(one) == pytest.approx(1) for own in people for one in own)
    assert min(float(one @ other) for own in people for one, other in combinations(own, 2)) >= 0.55
    assert max(float(one @ other) for one, other in product(*people)) <= 0.34


def test_two_women_on_one_telephone_line_are_told_apart(embed: WeSpeaker) -> None:
    call = pyannote_sample()
    told = spoken_spans(
        {"mic-remote": call.pcm},
        diarise=SharedMicrophones(lambda pcm, spans: list(spans), embed, {"mic-remote": 2}),
    )
    found = [SpeechSpan(str(one.voice), one.start, one.end) for one in told]
    truth = [SpeechSpan(*one) for one in call.speech]
    assert speaker_errors(truth, found, call.seconds, COLLAR).rate <= 0.15
