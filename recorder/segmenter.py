"""Decides where segments are cut: in a pause common to all microphones. Pure; what is cut is recorded either way."""

from dataclasses import dataclass

from hardware.devices import AUDIO_RATE


@dataclass(frozen=True, slots=True)
class Limits:
    """In samples at 48 kHz. A segment is at least `least`, at most `most` and preferably `target` long.

    A pause must be `long_pause` to end a segment of the least length, and the longer the segment the shorter
    the pause that will do: `short_pause` at the target, none at the most.
    """

    least: int = 6 * AUDIO_RATE
    target: int = 15 * AUDIO_RATE
    most: int = 30 * AUDIO_RATE
    long_pause: int = AUDIO_RATE
    short_pause: int = 3 * AUDIO_RATE // 10

    def pause_needed(self, length: int) -> int:
        """The pause, in samples, that ends a segment of `length` samples; only for `least` <= `length` <= `most`."""
        if length <= self.target:
            share = (length - self.least) / (self.target - self.least)
            return round(self.long_pause + share * (self.short_pause - self.long_pause))
        share = (length - self.target) / (self.most - self.target)
        return round(self.short_pause * (1 - share))


class Segmenter:
    """Follows one segment after the other through blocks of sound."""

    def __init__(self, start: int, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.restart(start)

    def restart(self, start: int) -> None:
        """A new segment begins at sample `start`, for whatever reason."""
        self._start = start
        self._spoken = start

    @property
    def latest(self) -> int:
        """The sample at which a cut is due, come what may: no block may reach beyond it."""
        return self._start + self.limits.most

    def cut_after(self, end: int, speech: bool) -> bool:
        """Whether the segment ends at sample `end`, the end of a block in which someone spoke or nobody did."""
        if speech:
            self._spoken = end
        length = end - self._start
        if length >= self.limits.most:
            return True
        return length >= self.limits.least and end - self._spoken >= max(1, self.limits.pause_needed(length))
