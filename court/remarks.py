"""Remarks on a protocol or a recording: filed, where late let in by the judge, decided. Pure.

What happened to a remark is a list of steps, of which none is ever changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from court.catalogue import N_
from court.errors import CourtError

LONGEST = 10_000
"""Characters of a remark, and of the reasons for what was decided on it."""


class RemarkSubject(StrEnum):
    """What a remark is made against."""

    PROTOCOL = "protocol"
    RECORDING = "recording"


class RemarkDeed(StrEnum):
    """`ADMIT` lets in a remark that came too late, `RETURN` does not; `ACCEPT` and `REJECT` decide one."""

    FILE = "file"
    WITHDRAW = "withdraw"
    ADMIT = "admit"
    RETURN = "return"
    ACCEPT = "accept"
    REJECT = "reject"


ENDINGS = frozenset({RemarkDeed.WITHDRAW, RemarkDeed.RETURN, RemarkDeed.ACCEPT, RemarkDeed.REJECT})


@dataclass(frozen=True, slots=True)
class Step:
    """`text` is the remark itself, or the reasons. `by` is whose step it is, `entered_by` who is answerable for the
    entry: a secretary enters what came on paper."""

    remark: str
    deed: RemarkDeed
    by: str
    entered_by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """`at_ms` is the moment of the hearing that it is about, None where it is about the whole. `late`: it was filed
    after its term."""

    id: str
    against: RemarkSubject
    at_ms: int | None
    late: bool
    filed: Step
    admitted: Step | None = None
    ended: Step | None = None

    @property
    def possible(self) -> frozenset[RemarkDeed]:
        """What can be done with it now."""
        if self.ended is not None:
            return frozenset()
        if self.late and self.admitted is None:
            return frozenset({RemarkDeed.ADMIT, RemarkDeed.RETURN, RemarkDeed.WITHDRAW})
        return frozenset({RemarkDeed.ACCEPT, RemarkDeed.REJECT, RemarkDeed.WITHDRAW})

    @property
    def span(self) -> tuple[float, float]:
        """The seconds of the hearing that it may tell of."""
        return (0.0, float("inf")) if self.at_ms is None else (self.at_ms / 1000, self.at_ms / 1000 + 0.001)


class ImpossibleStep(CourtError):
    """The remark is not in a state for this."""


def require_possible(remark: Remark, deed: RemarkDeed) -> None:
    """Raises ImpossibleStep, saying what to do instead."""
    if deed in remark.possible:
        return
    if remark.ended is not None:
        raise ImpossibleStep(N_("This remark is decided already, or withdrawn: reload the page."))
    if remark.late and remark.admitted is None:
        raise ImpossibleStep(N_("This remark was filed after its term: first let it in, or return it."))
    raise ImpossibleStep(N_("This remark was filed in time, or let in: accept it or reject it."))


def remarks(steps: Iterable[tuple[Step, Mapping[str, Any]]]) -> list[Remark]:
    """The remarks that came of these steps, in the order of their filing; with each step what else it says."""
    found: dict[str, Remark] = {}
    for step, more in steps:
        if step.deed is RemarkDeed.FILE:
            subject = RemarkSubject(more["against"])
            found[step.remark] = Remark(step.remark, subject, more["at_ms"], more["late"], step)
            continue
        one = found[step.remark]
        admitted = step if step.deed is RemarkDeed.ADMIT else one.admitted
        ended = step if step.deed in ENDINGS else one.ended
        found[step.remark] = Remark(one.id, one.against, one.at_ms, one.late, one.filed, admitted, ended)
    return list(found.values())
