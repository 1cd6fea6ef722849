"""On the sample hearing: what the judge says is heard as speech, the pauses in which nobody speaks are found."""

import json
from pathlib import Path

import numpy as np

from court.room import Input, SourceKind
from hardware.devices import AUDIO_RATE, AudioBlock
from hardware.inputs import open_input
from recorder.vad import SpeechDetector

SAMPLE = Path(__file__).parents[2] / "samples" / "hearing-ru"
BLOCK = AUDIO_RATE // 10


def heard(role: str) -> list[bool]:
    """For each tenth of a second."""
    source = open_input(Input("microphone", SourceKind.FILE, files=(str(SAMPLE / f"{role}.flac"),)), 1)
    pcm = np.vstack([item.pcm for item in source.items() if isinstance(item, AudioBlock)])[:, 0]
    source.close()
    detector = SpeechDetector()
    return [detector.speech_in(pcm[np.newaxis, at : at + BLOCK])[0] for at in range(0, len(pcm), BLOCK)]


def test_speech_is_heard_and_pauses_are_found() -> None:
    turns = json.loads((SAMPLE / "reference.json").read_text(encoding="utf-8"))
    judge = heard("judge")
    spoken = [judge[int(t["start"] * 10) + 1 : int(t["end"] * 10)] for t in turns if t["role"] == "judge"]
    assert np.mean([any(turn) for turn in spoken]) == 1.0
    assert np.mean(np.concatenate(spoken)) > 0.8

    busy = np.zeros(len(judge) + 1, bool)
    for turn in turns:
        busy[int(turn["start"] * 10) - 1 : int(turn["end"] * 10) + 2] = True
    assert np.mean(np.asarray(judge)[~busy[: len(judge)]]) < 0.2


def test_frames_across_blocks_are_heard_like_in_one_piece() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, (1, 9600)).astype(np.int16)
    whole, pieces = SpeechDetector(), SpeechDetector()
    found = [pieces.speech_in(noise[:, at : at + 700]) for at in range(0, noise.shape[1], 700)]
    assert whole.speech_in(noise) == [any(one[0] for one in found)]


def test_each_microphone_is_heard_by_itself() -> None:
    generator = np.random.default_rng(1)
    both = generator.normal(0, [[3000], [3]], (2, AUDIO_RATE)).astype(np.int16)
    together, loud, soft = SpeechDetector(2), SpeechDetector(), SpeechDetector()
    found = [together.speech_in(both[:, at : at + BLOCK]) for at in range(0, AUDIO_RATE, BLOCK)]
    assert [one for one, _ in found] == [
        loud.speech_in(both[:1, at : at + BLOCK])[0] for at in range(0, AUDIO_RATE, BLOCK)
    ]
    assert [one for _, one in found] == [
        soft.speech_in(both[1:, at : at + BLOCK])[0] for at in range(0, AUDIO_RATE, BLOCK)
    ]
    assert found[-1] == [True, False]


def test_digital_zero_is_no_speech() -> None:
    assert SpeechDetector().speech_in(np.zeros((1, AUDIO_RATE), np.int16)) == [False]
