"""How fast the node may send at which time of day, and the waiting that keeps to it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)=(\d{0,7})([kM]?)")
_BITS = {"": 1000, "k": 1000, "M": 1_000_000}
_CREDIT = 1.0
"""Seconds of sending that a pause earns; a longer one is not made up for by a burst."""


@dataclass(frozen=True, slots=True)
class LimitSpan:
    """From `start` until before `end`, over midnight where that is not later: `rate` in bytes a second, None for no
    limit."""

    start: time
    end: time
    rate: float | None

    def holds(self, at: time) -> bool:
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What no span names is not limited."""

    spans: tuple[LimitSpan, ...] = ()

    def rate(self, at: time) -> float | None:
        """Bytes a second at that time of day, None for no limit."""
        return next((one.rate for one in self.spans if one.holds(at)), None)


def parse_limits(text: str) -> UploadLimits:
    """From `08:00-18:00=500k,18:00-08:00=0`: kbit/s (`k` may be left out, `M` for Mbit/s), nothing or 0 for no limit.

    Raises ValueError, naming the part that cannot be used.
    """
    spans: list[LimitSpan] = []
    for part in (one.strip() for one in text.split(",")):
        if part:
            span = _span(part)
            if any(_overlap(span, other) for other in spans):
                raise ValueError(f"{part!r} lies over another span: give each time of day one limit")
            spans.append(span)
    return UploadLimits(tuple(spans))


class Metered:
    """Called with the size of what is about to be sent, waits so that no more than the present limit is sent."""

    def __init__(
        self, rate: Callable[[], float | None], now: Callable[[], float], wait: Callable[[float], object]
    ) -> None:
        """`rate` tells bytes a second now, None for no limit; `now` counts seconds and never steps back; `wait` may
        return early."""
        self._rate = rate
        self._now = now
        self._wait = wait
        self._free_at = now()

    def __call__(self, size: int) -> None:
        rate, now = self._rate(), self._now()
        if rate is None:
            self._free_at = now
            return
        self._free_at = max(self._free_at, now - _CREDIT) + size / rate
        if self._free_at > now:
            self._wait(self._free_at - now)


def _span(part: str) -> LimitSpan:
    found = _SPAN.fullmatch(part)
    try:
        if found is None:
            raise ValueError
        start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError:
        raise ValueError(f"{part!r} is no limit: write for example 08:00-18:00=500k, in kbit/s") from None
    bits = int(found[5] or 0) * _BITS[found[6]]
    return LimitSpan(start, end, bits / 8 or None)


def _overlap(one: LimitSpan, other: LimitSpan) -> bool:
    return one.holds(other.start) or other.holds(one.start)
