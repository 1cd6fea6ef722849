"""The packaged voice model on real people: one person is alike, two are not, not even on one telephone line."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from storage.db.unit_of_work import Database
from tests.factories.ledger import HEARING
from tests.factories.transcription import Court
from tests.speech import asterisk_ru, festvox_ru, pyannote_sample
from tests.speech.recogniser import models_dir
from transcribe.diarise.embedding import Vector, WeSpeaker
from transcribe.diarise.shared import SharedMicrophones
from transcribe.evaluate import COLLAR, speaker_errors
from transcribe.models import ensure
from transcribe.pipeline import spoken_spans
from transcribe.records import utterances_sha256
from transcribe.speech import SpeechSpan
from transcribe.tasks import transcribe

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
    telephone = "mic-remote"
    told = spoken_spans(
        {telephone: call.pcm},
        diarise=SharedMicrophones(
            lambda pcm, detect: detect(telephone, pcm[telephone], 0.0, call.seconds), embed, {telephone: 2}
        ),
    )
    found = [SpeechSpan(str(one.voice), one.start, one.end) for one in told]
    truth = [SpeechSpan(*one) for one in call.speech]
    assert speaker_errors(truth, found, call.seconds, COLLAR).rate <= 0.15


def test_a_window_s_utterances_bear_the_voices_of_who_shares_the_microphone(
    embed: WeSpeaker, database: Database, tmp_path: Path
) -> None:
    """A man, a woman, the man again, at a microphone at which the card has two people."""
    people = [{"role": "judge", "name": name, "present": True} for name in ("A", "B")]
    court = Court(database, tmp_path, embedder=lambda: embed, card={"language": "ru", "participants": people})
    man, woman = festvox_ru(2), asterisk_ru(1)
    pause = np.zeros(16_000, np.int16)
    said = np.concatenate([part for one in (man[0], woman[0], man[1]) for part in (pause, one.pcm)])
    court.open()
    court.record({"mic-judge": said, "mic-claimant": np.zeros_like(said)})
    assert transcribe(court.context, HEARING, 0)
    with database.read() as work:
        rows, prints = work.utterances.of(HEARING), work.voices.of(HEARING)
    voices = [one.voice for one in rows]
    assert len(set(voices)) == 2 and "" not in voices
    assert voices[0] == voices[-1] != voices[1]
    assert {one.label for one in prints} == set(voices)
    assert {one.model for one in prints} == {embed.model_sha256}
    [stated] = court.transcripts()
    assert stated["parameters"]["voice_model_sha256"] == embed.model_sha256
    assert stated["utterances_sha256"] == utterances_sha256(rows)
