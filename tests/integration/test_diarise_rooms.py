"""Real speech in bad rooms: who speaks is told by the microphone all the same."""

from itertools import pairwise

import numpy as np
import pytest

from tests.speech import SpeechMissing
from tests.speech.courtroom import SEATS, VARIANTS, court_room
from tools.sample_hearing.mix import RATE
from transcribe.evaluate import COLLAR, speaker_errors
from transcribe.pipeline import spoken_spans
from transcribe.speech import SpeechSpan

WINDOW = 20.0  # seconds: about what the recorder cuts
MOST = {"all of it": 0.08}  # else 0.02, of the speech, boundaries left out


@pytest.mark.parametrize("overlapping", [False, True], ids=["in turn", "at once"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_is_heard_from_their_own_microphone_alone(variant: str, overlapping: bool) -> None:
    try:
        made = court_room("room", VARIANTS[variant], turns=3, seed=7, overlapping=overlapping)
    except SpeechMissing as missing:
        pytest.skip(str(missing))
    seconds = made.pcm.shape[1] / RATE
    found = []
    for start, end in pairwise([*np.arange(0.0, seconds - WINDOW / 2, WINDOW).tolist(), seconds]):
        part = made.pcm[:, round(start * RATE) : round(end * RATE)]
        spans = spoken_spans({f"mic-{seat}": part[row] for row, seat in enumerate(SEATS)})
        found += [SpeechSpan(one.track, one.start + start, one.end + start) for one in spans]
    truth = [SpeechSpan(f"mic-{seat}", start, end) for seat, start, end in made.speech]
    assert speaker_errors(truth, found, seconds, COLLAR).rate <= MOST.get(variant, 0.02)
