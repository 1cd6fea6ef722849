"""Where nobody speaks there is no text: a minute of everything else that a court-room hears, on every microphone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hardware.devices import AUDIO_RATE
from recorder.encode import SoundFile
from tests.factories.noises import NOISES, noisy_room
from tests.speech.recogniser import models_dir
from transcribe.engines.whisper import WhisperEngine
from transcribe.live.detector import SpeechEar
from transcribe.live.listener import Listener, LiveLine
from transcribe.live.recogniser import QuickWhisper
from transcribe.models import ensure
from transcribe.pipeline import Stretch, Tongues, transcribe_stretches, transcribe_window
from transcribe.speech import SAMPLE_RATE, Pcm, Utterance

SECONDS = 60
TRACKS = ("mic-claimant", "mic-judge", "mic-respondent")
NAMES = ("Асанов Б. Т.", "Иманова А. К.", "Садыкова Айгуль Маратовна", "Нурланов Ерлан Серикович")
Mode = Callable[[dict[str, Pcm], WhisperEngine], list[Utterance]]


def at_once(pcm: dict[str, Pcm], engine: WhisperEngine) -> list[Utterance]:
    return transcribe_window(pcm, 0.0, "ru", engine)


def as_cut(pcm: dict[str, Pcm], engine: WhisperEngine) -> list[Utterance]:
    """In windows of 15 s, which cut the noise anywhere, in a hearing in another language."""
    return [
        one
        for at in range(0, SECONDS, 15)
        for one in transcribe_window(
            {track: sound[at * SAMPLE_RATE : (at + 15) * SAMPLE_RATE] for track, sound in pcm.items()}, at, "en", engine
        )
    ]


def together(pcm: dict[str, Pcm], engine: WhisperEngine) -> list[Utterance]:
    """The same windows, as they go to the recogniser where they have waited."""
    stretches = [
        Stretch({track: sound[at * SAMPLE_RATE : (at + 15) * SAMPLE_RATE] for track, sound in pcm.items()}, at)
        for at in range(0, SECONDS, 15)
    ]
    return [one for said in transcribe_stretches(stretches, "ru", engine) for one in said]


def names_told(pcm: dict[str, Pcm], engine: WhisperEngine) -> list[Utterance]:
    """A recogniser that knows names has something to write where nothing is said."""
    return [*at_once(pcm, engine.with_hotwords(NAMES)), *together(pcm, engine.with_hotwords(NAMES))]


def among_languages(pcm: dict[str, Pcm], engine: WhisperEngine) -> list[Utterance]:
    return transcribe_window(pcm, 0.0, "ru", engine, tongues=Tongues(engine, {"kk": engine, "ky": None}))


@pytest.mark.parametrize("mode", [at_once, as_cut, together, names_told, among_languages])
@pytest.mark.parametrize("nearest", ["", *TRACKS])
@pytest.mark.parametrize("noise", NOISES)
def test_no_speech_has_no_words(noise: str, nearest: str, mode: Mode, whisper_base: WhisperEngine) -> None:
    found = mode(noisy_room(noise, SECONDS, TRACKS, nearest), whisper_base)
    assert [one.text for one in found if one.words or one.text or one.other_text] == []
    assert all(one.flags for one in found), "what was taken for speech is there to be listened to"


@pytest.fixture(scope="module")
def whisper_tiny() -> QuickWhisper:
    ensure("whisper-tiny", models_dir())
    return QuickWhisper("whisper-tiny", models_dir(), "cpu")


@pytest.mark.parametrize("nearest", ["", *TRACKS])
@pytest.mark.parametrize("noise", NOISES)
def test_no_speech_has_no_live_text(noise: str, nearest: str, whisper_tiny: QuickWhisper, tmp_path: Path) -> None:
    lines = lines_while_recorded(noisy_room(noise, SECONDS, TRACKS, nearest), whisper_tiny, tmp_path)
    assert [(one.stable, one.rest) for one in lines if one.stable or one.rest] == []


def lines_while_recorded(pcm: dict[str, Pcm], recogniser: QuickWhisper, folder: Path) -> list[LiveLine]:
    """All lines of a hearing whose segments grow by half a second between two looks at them."""
    listener = Listener(recogniser, "ru", lambda: SpeechEar().take)
    files = {track: SoundFile(folder / f"{track}.mp4") for track in pcm}
    read = dict.fromkeys(pcm, 0)
    lines: list[LiveLine] = []
    for at in range(0, SECONDS * SAMPLE_RATE, SAMPLE_RATE // 2):
        for track, file in files.items():
            block = np.repeat(pcm[track][at : at + SAMPLE_RATE // 2], AUDIO_RATE // SAMPLE_RATE)
            file.write(at * (AUDIO_RATE // SAMPLE_RATE), block)
            content = file.path.read_bytes()[read[track] :]
            if content:
                listener.hear(track, 0, content, read[track] == 0)
            read[track] += len(content)
        lines += listener.step()
    listener.rest()
    while not listener.idle:
        lines += listener.step()
    return [*lines, *listener.step()]
