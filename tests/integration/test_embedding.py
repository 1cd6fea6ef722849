"""The packaged voice model on real people: one person is alike, two are not, not even on one telephone line."""

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
from transcribe.speech import SpeechSpan

MODEL = "wespeaker-resnet34"
SENTENCES = 2  # in each sample: about six seconds


@pytest.fixture(scope="module")
def embed() -> WeSpeaker:
    ensure(MODEL, models_dir())
    return WeSpeaker(MODEL, models_dir())


def test_one_person_is_alike_and_two_are_not(embed: WeSpeaker) -> None:
    people: list[list[Vector]] = []
    for clips in (festvox_ru(10, seed=3), asterisk_ru(10, seed=3)):
        samples = [clips[at : at + SENTENCES] for at in range(0, len(clips), SENTENCES)]
        people.append([embed(np.concatenate([one.pcm for one in sample])) for sample in samples])
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
