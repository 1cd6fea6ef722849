"""A courtroom composed of recorded clips: what each microphone hears, with exact text and speaker times."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.speech.clip import Clip, Speech
from tools.sample_hearing import mix
from tools.sample_hearing.audio import write_flac
from tools.sample_hearing.timeline import Slot, lay_out

SPEECH_DBFS = -24.0


@dataclass(frozen=True)
class Line:
    """One turn of a composite: who says which clip, and how it follows the turn before."""

    role: str
    clip: Clip
    slot: Slot = field(default_factory=Slot)


@dataclass(frozen=True)
class Utterance:
    """What was said by whom, on the composite's timeline in seconds."""

    role: str
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Composite:
    """``pcm`` is int16 at 16 kHz of shape (microphones, samples), microphones in the order of ``seats``."""

    name: str
    seats: tuple[str, ...]
    pcm: mix.Pcm
    utterances: tuple[Utterance, ...]
    speech: tuple[Speech, ...]

    @property
    def text(self) -> str:
        """The reference text, in order of start."""
        return " ".join(u.text for u in self.utterances)

    @property
    def rttm(self) -> str:
        """Who speaks when, speaker = role."""
        return mix.rttm(self.name, self.speech)

    def write(self, folder: Path) -> list[Path]:
        """Writes one FLAC per microphone; the files, in the order of ``seats``."""
        files = [folder / f"{role}.flac" for role in self.seats]
        for path, pcm in zip(files, self.pcm, strict=True):
            write_flac(path, pcm)
        return files


def compose(
    name: str, seats: Sequence[str], lines: Sequence[Line], seed: int, acoustics: mix.Acoustics | None = None
) -> Composite:
    """Seats one role per microphone and lets the lines be spoken one after another; the same for the same seed.

    Clips of one speaker only. Lines in a break are heard by the microphones like all others and are in the reference.
    Raises ValueError for a role without a seat and for what ``lay_out`` refuses.
    """
    rng = np.random.default_rng(seed)
    voices = [mix.at_level(mix.trimmed(mix.to_signal(line.clip.pcm)), SPEECH_DBFS) for line in lines]
    timeline = lay_out([line.slot for line in lines], [voice.size for voice in voices], rng)
    placed: list[mix.Placed] = []
    utterances: list[Utterance] = []
    speech: list[Speech] = []
    for line, voice, start in zip(lines, voices, timeline.starts, strict=True):
        placed.append(mix.Placed(list(seats).index(line.role), start, voice))
        utterances.append(Utterance(line.role, start / mix.RATE, (start + voice.size) / mix.RATE, line.clip.text))
        speech += [(line.role, (start + a) / mix.RATE, (start + b) / mix.RATE) for a, b in mix.speech_spans(voice)]
    pcm = mix.microphones(placed, len(seats), timeline.length, acoustics or mix.Acoustics(), rng)
    return Composite(name, tuple(seats), pcm, tuple(utterances), tuple(speech))
