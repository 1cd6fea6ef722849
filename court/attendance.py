"""Who appeared, as the secretary ticks it during the hearing: over what the card said before it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from court.people import Participant


class Attendance(StrEnum):
    APPEARED = "appeared"
    NOTIFIED = "notified"
    NOT_NOTIFIED = "not_notified"


@dataclass(frozen=True, slots=True)
class Tick:
    """Participant number `participant` (from 1) of the card, of that `name`; ticked at `at` seconds of the hearing,
    None where that was after it."""

    participant: int
    name: str
    attendance: Attendance
    at: float | None
    by: str


def ticked(participants: Sequence[Participant], ticks: Sequence[Tick]) -> dict[int, tuple[int, Tick]]:
    """By participant the last tick, with its number from 1; one of another name than the card's is nobody's."""
    names = {number: one.name for number, one in enumerate(participants, 1)}
    return {
        one.participant: (number, one) for number, one in enumerate(ticks, 1) if names.get(one.participant) == one.name
    }


def as_ticked(participants: Sequence[Participant], ticks: Sequence[Tick]) -> tuple[Participant, ...]:
    """The participants, present as they were ticked last."""
    last = ticked(participants, ticks)
    return tuple(
        replace(one, present=last[number][1].attendance is Attendance.APPEARED) if number in last else one
        for number, one in enumerate(participants, 1)
    )
