"""Leads through the self-test: a moment of quiet, then "speak now" for one microphone after the other. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hardware.devices import AUDIO_RATE
from hardware.levels import Level, decibels

QUIET_SECONDS = 3.0
"""Hum is told from noise in three seconds, and nobody minds keeping still for so long."""

PROMPT_SECONDS = 6.0
"""Time to lean to a microphone and say a sentence; four microphones then take half a minute at most."""

VOICED_SECONDS = 1.0
"""So much speech is a voice, and no cough or chair."""

RISE_DB = 6.0
"""A voice into a microphone lifts its level by 20 dB and more; less than 6 is the room's own noise."""

_QUIETEST_DB = -70.0
"""Where a gate makes a microphone quieter than that between words, its rise is counted from here."""


class Stage(StrEnum):
    QUIET = "quiet"
    SPEAK = "speak"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Ear:
    """One microphone in one block; `speech`: whether somebody speaks there."""

    level: Level
    speech: bool


@dataclass(slots=True)
class Spoken:
    """What all microphones gave while one was spoken into: power per track, summed over `samples` with a voice."""

    samples: int = 0
    power: dict[str, float] = field(default_factory=dict)

    def level(self, track: str) -> float:
        """dBFS."""
        return decibels(self.power.get(track, 0.0) / self.samples) if self.samples else decibels(0.0)


class Prompts:
    """Is told every block what the microphones give; says what is asked for now."""

    def __init__(self, tracks: Sequence[str]) -> None:
        self.tracks = tuple(tracks)
        self.spoken: dict[str, Spoken] = {}
        self._waiting = list(tracks)
        self._quiet: dict[str, list[float]] = {track: [] for track in tracks}
        self._stage = Stage.QUIET
        self._since = 0  # samples

    @property
    def stage(self) -> Stage:
        return self._stage

    @property
    def track(self) -> str:
        """The microphone to speak into now; '' in the other stages."""
        return self._waiting[0] if self._stage is Stage.SPEAK else ""

    @property
    def share(self) -> float:
        """How much of the voice that is asked for was heard, 0 to 1."""
        return min(1.0, self.spoken[self.track].samples / _samples(VOICED_SECONDS)) if self.track else 0.0

    def left(self) -> float:
        """Seconds that the test may still last."""
        quiet = QUIET_SECONDS if self._stage is Stage.QUIET else 0.0
        return max(0.0, quiet + PROMPT_SECONDS * len(self._waiting) - self._since / AUDIO_RATE)

    def hear(self, ears: Mapping[str, Ear], samples: int) -> None:
        """A block of so many samples; microphones that gave nothing are not among `ears`."""
        self._since += samples
        if self._stage is Stage.QUIET:
            for track, ear in ears.items():
                self._quiet[track].append(ear.level.power)
            if self._since >= _samples(QUIET_SECONDS):
                self._waiting = [one for one in self._waiting if any(self._quiet[one])]
                self._go_on()
        elif self._stage is Stage.SPEAK:
            spoken = self.spoken[self.track]
            if any(ear.speech and self.rise(track, ear.level.rms_db) >= RISE_DB for track, ear in ears.items()):
                spoken.samples += samples
                for track, ear in ears.items():
                    spoken.power[track] = spoken.power.get(track, 0.0) + ear.level.power * samples
            if spoken.samples >= _samples(VOICED_SECONDS) or self._since >= _samples(PROMPT_SECONDS):
                self._waiting.pop(0)
                self._go_on()

    def rise(self, track: str, level_db: float) -> float:
        """How far a level stands above what this microphone gave in the quiet, in dB."""
        quiet = self._quiet.get(track) or [0.0]
        return level_db - max(_QUIETEST_DB, decibels(sum(quiet) / len(quiet)))

    def _go_on(self) -> None:
        self._since = 0
        self._stage = Stage.SPEAK if self._waiting else Stage.OVER
        if self._waiting:
            self.spoken[self._waiting[0]] = Spoken()


def _samples(seconds: float) -> int:
    return round(seconds * AUDIO_RATE)
