"""Where on the hearing's timeline an input's own time lies, from when its items arrived. Pure.

An item cannot arrive before it happened, only later: so the least lateness of the last minute says where an input's
own time stands against the machine's clock, and how that place moves says how its clock drifts. The hearing's timeline
is counted by one of the inputs, the reference, and carried on by the machine's clock while that one is away.
"""

from collections import deque
from dataclasses import dataclass

from hardware.devices import AUDIO_RATE

_BUCKET, _BUCKETS = 5.0, 12
"""Seconds. The least of a minute lags by 6 ms behind a clock that is 100 ppm slow, and outlasts a line that is busy for
most of it."""

_STEADY, _QUIET, _ENOUGH = 0.005, 0.3, 3.0
"""Seconds: an input that was late at first catches up. It has, once it came no earlier by `_STEADY` for `_QUIET`."""


class InputClock:
    """Follows one input from its opening on. `own` is in its own seconds, `arrived` in the machine's monotonic ones."""

    def __init__(self) -> None:
        self._least: deque[tuple[int, float]] = deque()
        self._first: float | None = None
        self._fell = (0.0, 0.0)
        self.zero = 0.0
        """Where on the machine's clock its own time 0 lies, at the earliest that was seen in the last minute."""
        self.settled = False
        """Whether what it gives is likely to come in time; after 3 s it is taken so, come what may."""

    @property
    def known(self) -> bool:
        return self._first is not None

    def hear(self, arrived: float, own: float) -> None:
        """An item that ended at `own` arrived."""
        lateness = arrived - own
        bucket = int(arrived // _BUCKET)
        if self._first is None:
            self._first, self._fell = arrived, (arrived, lateness)
        elif lateness < self._fell[1] - _STEADY:
            self._fell = (arrived, lateness)
        self.settled |= arrived - self._fell[0] >= _QUIET or arrived - self._first >= _ENOUGH
        if self._least and self._least[-1][0] == bucket:
            lateness = min(lateness, self._least.pop()[1])
        self._least.append((bucket, lateness))
        while self._least[0][0] <= bucket - _BUCKETS:
            self._least.popleft()
        self.zero = min(least for _, least in self._least)


@dataclass(slots=True)
class RoomClock:
    """The hearing's timeline in samples at 48 kHz. `shift` is where the reference's own sample 0 lies on it."""

    zero: float
    """Where on the machine's clock the timeline's sample 0 lies; of a reference that is there, only the last known."""

    _reference: InputClock | None = None
    _shift: int = 0

    def sample(self, now: float) -> int:
        """How far the hearing has got at the machine's time `now`."""
        return round((now - self._zero()) * AUDIO_RATE)

    def begin(self, at: int, now: float) -> None:
        """The hearing has got to sample `at` now."""
        moved = at - self.sample(now)
        self._shift += moved
        self.zero -= moved / AUDIO_RATE

    def follow(self, clock: InputClock, own: int, least: int) -> None:
        """From now on the reference counts, whose `clock` has just been heard for the first time: its own sample `own`
        is placed where the machine's clock says, but not before the timeline's sample `least`."""
        self._shift = max(round((clock.zero - self._zero()) * AUDIO_RATE), least - own)
        self._reference = clock

    def leave(self) -> None:
        """The reference is away."""
        self.zero, self._reference = self._zero(), None

    def place(self, clock: InputClock) -> int:
        """Where on the timeline the own sample 0 of an input lies, as measured now; of the reference: for good."""
        if clock is self._reference:
            return self._shift
        return round((clock.zero - self._zero()) * AUDIO_RATE)

    def _zero(self) -> float:
        return self.zero if self._reference is None else self._reference.zero - self._shift / AUDIO_RATE
