"""Where nobody speaks there is no text: a minute of everything else that a court-room hears, on every microphone."""

from collections.abc import Callable

import pytest

from tests.factories.noises import NOISES, noisy_room
from transcribe.engines.whisper import WhisperEngine
from transcribe.pipeline import Stretch, Tongues, transcribe_stretches, transcribe_window
from transcribe.speech import SAMPLE_RATE, Pcm, Utterance

SECONDS = 60
TRACKS = ("mic-claimant", "mic-judge", "mic-respondent")
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


def among_languages(pcm: dict[str, Pcm], engine: WhisperEngine) -> list[Utterance]:
    return transcribe_window(pcm, 0.0, "ru", engine, tongues=Tongues(engine, {"kk": engine, "ky": None}))


@pytest.mark.parametrize("mode", [at_once, as_cut, together, among_languages])
@pytest.mark.parametrize("nearest", ["", *TRACKS])
@pytest.mark.parametrize("noise", NOISES)
def test_no_speech_has_no_words(noise: str, nearest: str, mode: Mode, whisper_base: WhisperEngine) -> None:
    found = mode(noisy_room(noise, SECONDS, TRACKS, nearest), whisper_base)
    assert [one.text for one in found if one.words or one.text or one.other_text] == []
    assert all(one.flags for one in found), "what was taken for speech is there to be listened to"
