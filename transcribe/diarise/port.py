"""What the pipeline asks of whoever decides who speaks, and what they ask of the detector of speech."""

from collections.abc import Mapping
from typing import Protocol

from transcribe.speech import Pcm, SpeechSpan


class Detector(Protocol):
    def __call__(self, track: str, pcm: Pcm, start: float, end: float) -> list[SpeechSpan]:
        """Where there is speech in [start, end) of a microphone's sound `pcm`, all times in seconds from its start."""
        ...


class Diariser(Protocol):
    def __call__(self, pcm: Mapping[str, Pcm], detect: Detector) -> list[SpeechSpan]:
        """What is spoken by each microphone's own person, of what `detect` takes for speech.

        `pcm` holds each track's sound of the same stretch: mono, 16 kHz, equal lengths, aligned. Spans are seconds
        from its start, result in order of start; overlapping spans of two tracks mean that two people speak at once.
        Detection costs more than telling who leads, so it need not be asked where a microphone leads nowhere.
        """
        ...
