"""What the pipeline asks of whoever decides who speaks."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from transcribe.speech import Pcm, SpeechSpan


class Diariser(Protocol):
    def __call__(self, pcm: Mapping[str, Pcm], spans: Sequence[SpeechSpan]) -> list[SpeechSpan]:
        """Of all `spans` in which a microphone hears speech, the parts spoken by its own person.

        `pcm` holds each track's sound of the same stretch: mono, 16 kHz, equal lengths, aligned. Spans are seconds
        from its start, result in order of start; overlapping spans of two tracks mean that two people speak at once.
        """
        ...
