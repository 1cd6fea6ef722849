"""Whose window is transcribed next. Pure: the database says what waits, and who was served of late.

A delivered task names no window. The worker that gets one takes the window whose turn it is now, so the order of
deliveries, and how many brokers or workers there are, changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from court.hearing import HearingState

FIRST_RUN = 1
JUST_ENDED = timedelta(hours=1)
"""So long after its end somebody waits for the draft."""
SHARED_OVER = timedelta(minutes=10)
"""Courts and rooms have equal shares of what was begun within so long."""


class Urgency(IntEnum):
    """`LIVE`: the hearing lasts or has just ended. `LATE`: its sound came long afterwards. `AGAIN`: it has a text."""

    LIVE = 0
    LATE = 1
    AGAIN = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hearing's run with windows to transcribe; `since` is when the hearing began."""

    hearing_id: str
    run: int
    urgency: Urgency
    court: str
    room: str
    since: datetime


def urgency(run: int, state: str, ended: datetime | None, now: datetime) -> Urgency:
    if run > FIRST_RUN:
        return Urgency.AGAIN
    lives = HearingState(state).live or (ended is not None and now - ended < JUST_ENDED)
    return Urgency.LIVE if lives else Urgency.LATE


def next_turn(waiting: Iterable[Waiting], served: Mapping[tuple[str, str], int]) -> Waiting | None:
    """The most urgent; among equals the court, then its room, that was served least; then the hearing begun first.

    `served` counts windows by (court, room).
    """
    of_court: dict[str, int] = {}
    for (court, _), count in served.items():
        of_court[court] = of_court.get(court, 0) + count

    def order(one: Waiting) -> tuple[int, int, int, datetime, str, int]:
        in_room = served.get((one.court, one.room), 0)
        return one.urgency, of_court.get(one.court, 0), in_room, one.since, one.hearing_id, one.run

    return min(waiting, key=order, default=None)
