"""Open and closed: a property of a span of time, inherited by everything derived from that span."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Openness(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class OpennessSpan:
    """The court's order that [start, end) seconds of the hearing's timeline is open or closed.

    `end` is None while the order still runs. A later order overrules an earlier one where they overlap.
    """

    start: float
    end: float | None
    openness: Openness

    def overlaps(self, start: float, end: float) -> bool:
        return start < (float("inf") if self.end is None else self.end) and end > self.start


def openness_of(spans: Iterable[OpennessSpan], start: float, end: float) -> Openness:
    """Openness of [start, end) seconds, by the orders in the sequence they were given.

    Closed if any moment of it is closed: what mixes open and closed content is handled as closed.
    """
    instant = end <= start
    hit = any(a <= start < b if instant else a < end and start < b for a, b in closed_stretches(spans))
    return Openness.CLOSED if hit else Openness.OPEN


def closed_stretches(spans: Iterable[OpennessSpan]) -> list[tuple[float, float]]:
    """What is closed by the orders in the sequence they were given: [start, end) seconds, infinite while one runs."""
    closed: list[tuple[float, float]] = []
    for span in spans:
        upper = float("inf") if span.end is None else span.end
        if span.openness is Openness.CLOSED:
            closed.append((span.start, upper))
        else:
            closed = [piece for one in closed for piece in _without(one, span.start, upper)]
    return closed


def order_now(orders: Sequence[OpennessSpan], openness: Openness, now: float, back: float = 0.0) -> OpennessSpan | None:
    """The order that the hearing is `openness` from `back` seconds before `now` on; None where it is that already.

    A second click, or a second person's, orders nothing: else the journal would tell of orders that nobody gave.
    """
    start = max(0.0, now - back)
    last = orders[-1] if orders else OpennessSpan(0.0, None, Openness.OPEN)
    if last.openness is openness and last.start <= start:
        return None
    return OpennessSpan(start, None, openness)


def _without(piece: tuple[float, float], start: float, end: float) -> list[tuple[float, float]]:
    """`piece` minus [start, end)."""
    lower, upper = piece
    rest = [(lower, min(upper, start)), (max(lower, end), upper)]
    return [(a, b) for a, b in rest if a < b]
