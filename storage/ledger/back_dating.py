"""Tokens of time-stamp authorities against the times that the entries before them state."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far the court's clocks may go ahead of the authority's before the two contradict each other.

A leaf's time is a node's own clock. One that is set over the network is right to well under a second; five minutes
is what protocols that rest on loosely set clocks allow them (Kerberos, RFC 4120 section 1.6), and less than a
hearing takes, so that nobody gains a back-dated hearing by it.
"""


@dataclass(frozen=True, slots=True)
class Covered:
    """A believed token: its checkpoint's `size` and the authority's time `at`."""

    size: int
    at: datetime


def back_dated(stamps: Iterable[Covered], entries: Iterable[tuple[int, datetime]], size: int) -> Iterator[str]:
    """A sentence for each token that is older than what it covers; one of more than the `size` known entries is not
    judged.

    `entries` are places in the log and the times stated there, in log order, perhaps not of all. Each token is held
    against the entries that came since the token before it, and against that token: so one contradiction is told once.
    """
    waiting = sorted((one for one in stamps if one.size <= size), key=lambda one: (one.size, one.at))
    before: Covered | None = None
    newest: datetime | None = None
    for index, at in entries:
        while waiting and waiting[0].size <= index:
            yield from _too_old(waiting[0], before, newest)
            before, newest = waiting.pop(0), None
        newest = at if newest is None else max(newest, at)
    for stamp in waiting:
        yield from _too_old(stamp, before, newest)
        before, newest = stamp, None


def _too_old(stamp: Covered, before: Covered | None, newest: datetime | None) -> Iterator[str]:
    named = f"The time-stamp of {stamp.size} entries says {shown(stamp.at)}"
    if newest is not None and stamp.at < newest - TOLERANCE:
        yield (
            f"{named}, but one of them was stated at {shown(newest)}: the token is back-dated, or the clock of "
            "whoever stated it was fast."
        )
    if before is not None and stamp.at < before.at - TOLERANCE:
        yield f"{named}, but that of only {before.size} says {shown(before.at)}: one of the two is wrong."


def shown(moment: datetime) -> str:
    """A moment in UTC, for a person."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
