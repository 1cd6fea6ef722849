"""Real speech in bad rooms: who speaks is told by the microphone all the same."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.speech import SpeechMissing
from tests.speech.courtroom import SEATS, VARIANTS, court_room
from tools.sample_hearing.mix import RATE
from transcribe.diarise.port import Detector
from transcribe.evaluate import COLLAR, speaker_errors
from transcribe.pipeline import spoken_spans
from transcribe.spans import speech_spans
from transcribe.speech import Pcm, SpeechSpan

WINDOW = 20.0  # seconds: about what the recorder cuts
MOST = {"all of it": 0.08}  # else 0.02, of the speech, boundaries left out


def heard(pcm: NDArray[np.int16], detect: Detector = speech_spans) -> list[SpeechSpan]:
    """Who speaks in `pcm`, a row per seat, window by window."""
    seconds = pcm.shape[1] / RATE
    found = []
    for start, end in pairwise([*np.arange(0.0, seconds - WINDOW / 2, WINDOW).tolist(), seconds]):
        part = pcm[:, round(start * RATE) : round(end * RATE)]
        spans = spoken_spans({f"mic-{seat}": part[row] for row, seat in enumerate(SEATS)}, detect)
        found += [SpeechSpan(one.track, one.begins + start, one.ends + start) for one in spans]
    return found


def over_all(track: str, pcm: Pcm, start: float, end: float) -> list[SpeechSpan]:
    """Speech in [start, end) by a detector that has heard everything, as none needs to."""
    spans = ((max(one.start, start), min(one.end, end)) for one in speech_spans(track, pcm, 0.0, len(pcm) / RATE))
    return [SpeechSpan(track, begins, ends) for begins, ends in spans if begins < ends]


@pytest.mark.parametrize("down_db", [0, 26, 34])
@pytest.mark.parametrize("variant", ["bleed −14 dB", "noise 10 dB"])
def test_quiet_speech_is_not_lost_by_detecting_only_where_a_microphone_leads(variant: str, down_db: int) -> None:
    try:
        made = court_room("quiet", VARIANTS[variant], turns=3, seed=9)
    except SpeechMissing as missing:
        pytest.skip(str(missing))
    quiet = np.rint(made.pcm * 10 ** (-down_db / 20)).astype(np.int16)
    truth = [SpeechSpan(f"mic-{seat}", start, end) for seat, start, end in made.speech]
    everywhere, found = heard(quiet, over_all), heard(quiet)
    assert [one for one in everywhere if not any(_common(one, other) for other in found)] == []
    seconds = quiet.shape[1] / RATE
    before, now = speaker_errors(truth, everywhere, seconds), speaker_errors(truth, found, seconds)
    assert now.missed <= before.missed + 0.01 * now.reference


def _common(one: SpeechSpan, other: SpeechSpan) -> bool:
    return one.track == other.track and one.start < other.end and other.start < one.end


@pytest.mark.parametrize("overlapping", [False, True], ids=["in turn", "at once"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_is_heard_from_their_own_microphone_alone(variant: str, overlapping: bool) -> None:
    try:
        made = court_room("room", VARIANTS[variant], turns=3, seed=7, overlapping=overlapping)
    except SpeechMissing as missing:
        pytest.skip(str(missing))
    seconds = made.pcm.shape[1] / RATE
    found = heard(made.pcm)
    truth = [SpeechSpan(f"mic-{seat}", start, end) for seat, start, end in made.speech]
    assert speaker_errors(truth, found, seconds, COLLAR).rate <= MOST.get(variant, 0.02)
