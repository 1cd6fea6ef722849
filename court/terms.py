"""Procedural terms: until when something must be done. Pure; which days are working days is asked from a calendar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

WorkingDay = Callable[[date], bool]
"""Whether the court works on that day."""


class Unit(StrEnum):
    """`DAYS` count holidays as well; a term that would end on one ends on the next working day."""

    WORKING_DAYS = "working_days"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Term:
    count: int
    unit: Unit = Unit.WORKING_DAYS


@dataclass(frozen=True, slots=True)
class Terms:
    """Those of one code. `protocol` runs from the end of the hearing, and so does `protocol_complex`, the longer one
    that the presiding judge may choose (None where the code has none); `review` (None likewise) and then `remark`, by
    when remarks are filed, from its signing; `decision` from the filing of a remark.

    `pending`: no lawyer has confirmed them for this country yet. `source` is the article they stand in.
    """

    protocol: Term
    protocol_complex: Term | None
    remark: Term
    decision: Term
    review: Term | None
    pending: bool
    source: str

    def remarks_until(self, signed: date, works: WorkingDay) -> date:
        """The last day on which a remark is in time, whenever within its term the protocol was reviewed."""
        reviewed = last_day(signed, self.review, works) if self.review else signed
        return last_day(reviewed, self.remark, works)


@dataclass(frozen=True, slots=True)
class TermDecision:
    """Whether the presiding judge chose the longer term for the protocol, why, and the name of who did."""

    longer: bool
    reason: str
    by: str


def last_day(start: date, term: Term, works: WorkingDay) -> date:
    """The last day of a term that is set in motion on `start`: it runs from the day after."""
    day = start
    if term.unit is Unit.DAYS:
        day += timedelta(days=term.count)
        while not works(day):
            day += timedelta(days=1)
        return day
    left = term.count
    while left:
        day += timedelta(days=1)
        left -= works(day)
    return day


def protocol_term_began(ended: datetime, revisions: Sequence[tuple[datetime, bool]]) -> datetime:
    """From when the protocol's term runs: the hearing's end, or the first draft of one that corrects a signed one.

    `revisions`, in order: when each was drawn up, and whether it is signed.
    """
    begun = (drawn for (_, before), (drawn, signed) in pairwise(revisions) if before and not signed)
    return max(begun, default=ended)
