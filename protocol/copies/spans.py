"""Which ticks of a track may leave the court. Pure."""

import math
from collections.abc import Iterable, Sequence

from court.openness import OpennessSpan, closed_stretches

Ticks = tuple[int, int]


def open_ticks(orders: Iterable[OpennessSpan], end: int, rate: int) -> list[Ticks]:
    """What of [0, end) ticks at `rate` is open: those that lie in no closed stretch, not even with a part of them."""
    closed = sorted(
        # A float of milliseconds times the rate may miss a whole tick by its last bit.
        (math.floor(round(start * rate, 3)), end if math.isinf(stop) else math.ceil(round(stop * rate, 3)))
        for start, stop in closed_stretches(orders)
    )
    found, reached = [], 0
    for start, stop in closed:
        if reached < min(start, end):
            found.append((reached, min(start, end)))
        reached = max(reached, stop)
    if reached < end:
        found.append((reached, end))
    return found


def kept(start: int, end: int, opened: Sequence[Ticks]) -> list[Ticks]:
    """What of [start, end) is among the `opened`, in order."""
    parts = ((max(start, a), min(end, b)) for a, b in opened)
    return [(a, b) for a, b in parts if a < b]
