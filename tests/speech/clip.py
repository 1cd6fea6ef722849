"""A piece of recorded human speech of which text and speakers are known."""

from dataclasses import dataclass

from tools.sample_hearing import mix

Speech = tuple[str, float, float]
"""Speaker, start and end in seconds; a clip of one person alone calls that person ``speaker``."""


class SpeechMissing(Exception):
    """Recorded speech that is not on this machine; the message says what to install."""


@dataclass(frozen=True)
class Clip:
    """``pcm`` is int16 mono at 16 kHz; ``text`` what is said in it; ``speech`` who speaks when."""

    name: str
    pcm: mix.Pcm
    text: str
    speech: tuple[Speech, ...]

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.pcm.size / mix.RATE

    @property
    def rttm(self) -> str:
        """``speech`` as RTTM."""
        return mix.rttm(self.name, self.speech)
