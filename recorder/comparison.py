"""How the room's audio interfaces stand to one another: what their clocks count, and what their microphones hear. Pure.

Neither moves a sample: the evidence stays as it was captured, and what was measured is stated beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hardware.correlation import Delay, delay
from hardware.devices import AUDIO_RATE, Pcm
from recorder.alignment import RoomBlock

_HEARD = 4 * AUDIO_RATE  # long enough to tell, and short enough that clocks 200 ppm apart stay within a millisecond
_APART = AUDIO_RATE // 2
_SETTLED, _COUNTED = (
    60 * AUDIO_RATE,
    600 * AUDIO_RATE,
)  # a place is known to some milliseconds: over 10 min that is 5 ppm
_AGAIN = 600 * AUDIO_RATE
_MOVED = AUDIO_RATE // 100


@dataclass(frozen=True, slots=True)
class Apart:
    """The interface of `track` against that of `reference`: by how many billionths its clock counts faster, since it
    last began to give, and how many microseconds later it hears the same; None where that is not known."""

    track: str
    reference: str
    drift_ppb: int | None
    late_us: int | None


@dataclass(slots=True)
class _Ear:
    """One interface: the last seconds of all its microphones together, and what it counted since it was opened."""

    track: str
    channels: tuple[int, ...]
    heard: list[Pcm] = field(default_factory=list)
    span: int = 0
    counted: int = 0
    since: int = 0
    delay: Delay | None = None
    stated: Delay | None = None
    stated_at: int | None = None


class Comparison:
    """Of a room's interfaces, the reference first. With a single one it does nothing."""

    def __init__(self, interfaces: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        """The track and the channel of each microphone, by input."""
        if len(interfaces) < 2:
            interfaces = {}
        self._ears = {
            name: _Ear(seats[0][0], tuple(channel for _, channel in seats)) for name, seats in interfaces.items()
        }
        self._reference = next(iter(interfaces), "")

    def take(self, block: RoomBlock) -> None:
        """What was recorded next."""
        length = block.end - block.start
        for name, ear in self._ears.items():
            pcm = block.sound.get(name)
            if pcm is None:
                ear.heard, ear.span, ear.counted, ear.since = [], 0, 0, 0
                continue
            ear.heard.append(pcm[:, ear.channels].sum(axis=1, dtype=np.int32))
            del ear.heard[: max(0, len(ear.heard) - _HEARD * 10 // AUDIO_RATE)]
            ear.since += length
            if ear.since > _SETTLED:
                ear.span, ear.counted = ear.span + length, ear.counted + len(pcm)

    def due(self, at: int) -> list[Apart]:
        """What is to be stated at sample `at`: what was not yet, what has changed, and all of it every ten minutes."""
        others = [(name, ear) for name, ear in self._ears.items() if name != self._reference]
        return [found for _, ear in others if (found := self._compared(ear, at)) is not None]

    def _compared(self, ear: _Ear, at: int) -> Apart | None:
        reference = self._ears[self._reference]
        if reference.heard and ear.heard:
            found = delay(np.concatenate(reference.heard), np.concatenate(ear.heard), _APART)
            ear.delay = found or ear.delay
        moved = ear.delay is not None and (ear.stated is None or abs(ear.delay.samples - ear.stated.samples) > _MOVED)
        if not moved and at - (ear.stated_at or 0) < _AGAIN:
            return None
        ear.stated, ear.stated_at = ear.delay, at
        drift = round((ear.counted - ear.span) * 1e9 / ear.span) if ear.span >= _COUNTED else None
        late = None if ear.delay is None else round(ear.delay.samples * 1e6 / AUDIO_RATE)
        return None if drift is None and late is None else Apart(ear.track, reference.track, drift, late)
