"""From a running hearing's sound to lines of live text, with a recogniser that is scripted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.devices import AUDIO_RATE
from recorder.encode import OpusFile, SoundFile
from tools.sample_hearing.audio import read_pcm
from transcribe.engines.port import EngineSegment
from transcribe.live.detector import SpeechEar
from transcribe.live.hops import HOP
from transcribe.live.listener import WAITING, Listener, LiveLine
from transcribe.live.recogniser import Hypothesis
from transcribe.speech import SAMPLE_RATE, Pcm, Word

SAMPLE = Path(__file__).parents[2] / "samples" / "hearing-ru" / "judge.flac"
WORDS = ["раз", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять"]


@dataclass
class Counting:
    """Hears a word in every half second of loud sound; a real one takes `seconds` for it."""

    seconds: float = 0.0
    clock: float = 0.0
    heard: list[float] = field(default_factory=list)

    def recognise(self, sound: NDArray[np.float32], language: str) -> Hypothesis:
        assert language == "ru"
        loud = float(np.count_nonzero(np.abs(sound) > 0.005)) / SAMPLE_RATE
        self.heard.append(len(sound) / SAMPLE_RATE)
        self.clock += self.seconds
        words = tuple(WORDS[: round(2 * loud)])
        return Hypothesis(words, EngineSegment(tuple(Word(one, 0, 0, 0.9) for one in words), 0.0, 1.0, -0.1))


class Room:
    """Microphones whose segments grow as in a node's spool; those who speak are loud."""

    def __init__(self, folder: Path, tracks: Sequence[str], kind: type[SoundFile] = SoundFile) -> None:
        self.files = {track: kind(folder / f"{track}.mp4") for track in tracks}
        self.read = dict.fromkeys(tracks, 0)
        self.at = 0
        self.random = np.random.default_rng(1)

    def play(self, listener: Listener, seconds: float, *speaking: str) -> None:
        for _ in range(round(seconds * 10)):
            for track, file in self.files.items():
                level = 6000 if track in speaking else 20
                block = self.random.integers(-level, level, AUDIO_RATE // 10, dtype=np.int16)
                file.write(self.at, block)
                content = file.path.read_bytes()[self.read[track] :]
                if content:
                    listener.hear(track, 0, content, self.read[track] == 0)
                self.read[track] += len(content)
            self.at += AUDIO_RATE // 10


def loud(pcm: Pcm) -> bool:
    return bool(np.abs(pcm.astype(np.int32)).max() > 1000)


def make_listener(recogniser: Counting) -> Listener:
    return Listener(recogniser, "ru", lambda: loud, lambda: recogniser.clock)


def steps(listener: Listener, count: int = 20) -> list[LiveLine]:
    return [line for _ in range(count) for line in listener.step()]


@pytest.fixture(params=[SoundFile, OpusFile])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Room:
    return Room(tmp_path, ("mic-judge", "mic-claimant"), request.param)


def test_words_appear_are_revised_and_become_final(room: Room) -> None:
    listener = make_listener(Counting())
    room.play(listener, 3)
    lines: list[LiveLine] = []
    for _ in range(8):
        room.play(listener, 0.5, "mic-judge")
        lines += listener.step()
    room.play(listener, 1)
    lines += steps(listener)
    assert {one.id for one in lines} == {lines[0].id}
    assert {(one.role, one.track, one.sequence) for one in lines} == {("judge", "mic-judge", 0)}
    assert [one.final for one in lines] == [False] * (len(lines) - 1) + [True]
    assert lines[0].stable == ""
    assert any(one.stable and one.rest for one in lines)
    assert lines[-1].stable.split()[:7] == WORDS[:7]
    assert lines[-1].rest == ""
    assert lines[-1].start == pytest.approx(2.7, abs=0.25)
    assert lines[-1].end == pytest.approx(7.0, abs=0.25)


def test_where_nobody_speaks_the_recogniser_is_not_asked(room: Room) -> None:
    recogniser = Counting()
    listener = make_listener(recogniser)
    room.play(listener, 5)
    assert steps(listener) == []
    assert listener.idle
    assert recogniser.heard == []


def test_who_is_behind_recognises_what_is_newest_and_leaves_out_what_is_old(room: Room) -> None:
    recogniser = Counting()
    listener = make_listener(recogniser)
    for _ in range(WAITING + 3):
        room.play(listener, 1.5, "mic-judge")
        room.play(listener, 1)
    lines = steps(listener)
    assert len(recogniser.heard) == WAITING
    assert all(one.final for one in lines)
    shown = [one for one in lines if one.stable]
    assert len(shown) == WAITING
    assert [one.start for one in shown] == sorted((one.start for one in shown), reverse=True)
    assert max(one.start for one in lines) == shown[0].start


def test_an_utterance_that_has_ended_goes_before_one_that_goes_on(room: Room) -> None:
    listener = make_listener(Counting())
    room.play(listener, 3)
    room.play(listener, 2, "mic-judge")
    room.play(listener, 2, "mic-claimant")
    first = listener.step()
    assert [(one.role, one.final) for one in first] == [("judge", True)]
    assert {one.role for one in steps(listener)} == {"claimant"}


def test_between_hypotheses_the_recogniser_is_free_for_ends(room: Room) -> None:
    recogniser = Counting(seconds=1.0)
    listener = make_listener(recogniser)
    room.play(listener, 3)
    room.play(listener, 2, "mic-judge")
    assert listener.step()
    room.play(listener, 1, "mic-judge")
    assert listener.step() == []  # it just worked for a second
    recogniser.clock += 10
    assert listener.step()


def test_a_break_ends_what_was_said_and_time_goes_on_behind_it(room: Room) -> None:
    listener = make_listener(Counting())
    room.play(listener, 3)
    room.play(listener, 2, "mic-judge")
    listener.rest()
    assert [one.final for one in steps(listener)][-1]
    room.at += 600 * AUDIO_RATE
    room.play(listener, 3)
    room.play(listener, 2, "mic-claimant")
    room.play(listener, 1)
    lines = steps(listener)
    assert {one.role for one in lines} == {"claimant"}
    assert lines[-1].end == pytest.approx(610, abs=0.3)


@pytest.mark.parametrize("content", [b"no segment at all", b"\0\0\0\x10ftyp" + bytes(100), bytes(3 << 20)])
def test_what_cannot_be_read_is_left_out(room: Room, content: bytes) -> None:
    listener = make_listener(Counting())
    listener.hear("mic-judge", 0, content, True)
    room.play(listener, 3)
    room.play(listener, 2, "mic-claimant")
    room.play(listener, 1)
    assert steps(listener)[-1].role == "claimant"


def test_the_detector_hears_speech_and_no_noise() -> None:
    ear, spoken = SpeechEar(), read_pcm(SAMPLE)[2 * SAMPLE_RATE : 9 * SAMPLE_RATE]
    noise = np.random.default_rng(1).integers(-30, 30, 20 * HOP).astype(np.int16)
    assert not any(ear.take(noise[at : at + HOP]) for at in range(0, len(noise), HOP))
    heard = [ear.take(spoken[at : at + HOP]) for at in range(0, len(spoken) - HOP, HOP)]
    assert sum(heard) > len(heard) / 2
