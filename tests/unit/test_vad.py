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
    return [detector.speech_in(pcm[at : at + BLOCK]) for at in range(0, len(pcm), BLOCK)]


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
    noise = np.random.default_rng(1).normal(0, 3000, 9600).astype(np.int16)
    whole, pieces = SpeechDetector(), SpeechDetector()
    found = [pieces.speech_in(noise[at : at + 700]) for at in range(0, len(noise), 700)]
    assert whole.speech_in(noise) == any(found)


def test_digital_zero_is_no_speech() -> None:
    assert not SpeechDetector().speech_in(np.zeros(AUDIO_RATE, np.int16))
