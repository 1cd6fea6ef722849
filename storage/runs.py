"""Which version of a hearing's transcript counts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.turns import FIRST_RUN


@dataclass(frozen=True, slots=True)
class Run:
    """One transcription of a whole hearing, its spare recordings included; the counts are of windows."""

    number: int
    windows: int
    unfinished: int
    given_up: int

    @property
    def complete(self) -> bool:
        return self.unfinished == 0


def shown_run(runs: Sequence[Run], chosen: int | None) -> int:
    """The run a person chose; else the newest complete one of those that gave up on the fewest windows.

    So a better model that fails on a part takes no text away. While none is complete it is the first.
    """
    complete = [one for one in runs if one.complete]
    if any(one.number == chosen for one in complete):
        return chosen or FIRST_RUN
    best = min(complete, key=lambda one: (one.given_up, -one.number), default=None)
    return FIRST_RUN if best is None else best.number
