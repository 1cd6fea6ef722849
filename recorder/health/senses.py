"""What the recording notices of each device while it records, for the alarms. Pure; written by the recording's thread
alone, and read by others at any time."""

from dataclasses import dataclass

from hardware.devices import AUDIO_RATE, Pcm, Picture
from hardware.levels import Level
from hardware.sound_measures import clipped

CLIPPED_BLOCKS = 5
"""So many blocks of 0.1 s with cut-off sound are too loud a voice; a gavel or a dropped file cuts off one or two."""

CLIPPED_WITHIN = 10 * AUDIO_RATE
_NEARLY_FULL_DB = -0.1  # nothing softer can be cut off, and need not be looked through


@dataclass(slots=True)
class MicrophoneSense:
    """`silent` counts the samples of digital zero up to now, `lost` is why the device gives nothing (''  if it does),
    `muted`: the secretary has declared it so."""

    track: str
    muted: bool = False
    silent: int = 0
    lost: str = ""
    _clipped: tuple[int, ...] = ()

    def hear(self, pcm: Pcm, level: Level, end: int) -> None:
        """A block that ends at sample `end` of the hearing."""
        self.lost = ""
        self.silent = self.silent + len(pcm) if level.digital_zero else 0
        if level.peak_db > _NEARLY_FULL_DB and clipped(pcm) > 0:
            self._clipped = (*self._clipped[1 - CLIPPED_BLOCKS :], end)

    def lose(self, why: str) -> None:
        self.silent, self.lost = 0, why

    def rest(self) -> None:
        """Nothing is to be known of it now: the court deliberates."""
        self.silent, self.lost, self._clipped = 0, "", ()

    def too_loud(self, now: int) -> bool:
        """Whether it is cut off again and again, at sample `now`."""
        return len(self._clipped) == CLIPPED_BLOCKS and now - self._clipped[0] <= CLIPPED_WITHIN


@dataclass(slots=True)
class CameraSense:
    """`latest` is the newest picture that can be looked at by itself; `lost` as of a microphone."""

    track: str
    latest: Picture | None = None
    lost: str = ""

    def see(self, picture: Picture) -> None:
        self.lost = ""
        if picture.keyframe:
            self.latest = picture

    def lose(self, why: str) -> None:
        self.latest, self.lost = None, why
