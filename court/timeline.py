"""Media time: counted in samples since the hearing's recording began, exact, authoritative.

Every track of a hearing shares one origin. Segments and gaps of a track tile its timeline without holes, so
completeness is arithmetic on whole numbers; seconds are for people and are never summed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


@dataclass(frozen=True, slots=True, order=True)
class SampleRange:
    """[start, end) in samples (audio) or ticks (video) at `rate` per second."""

    start: int
    end: int
    rate: int

    def __post_init__(self) -> None:
        if not (0 <= self.start <= self.end and self.rate > 0):
            raise ValueError(f"no such range: {self.start}..{self.end} at {self.rate} per second")

    @property
    def start_seconds(self) -> float:
        return self.start / self.rate

    @property
    def end_seconds(self) -> float:
        return self.end / self.rate

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / self.rate


class GapCause(StrEnum):
    """Why a stretch of a track holds no recording. The first two are declared by the court, the rest are faults.

    `UNDELIVERED` was recorded, but the court gave its bytes up, which never reached it.
    """

    BREAK = "break"
    DELIBERATION = "deliberation"
    DEVICE_LOST = "device_lost"
    OVERRUN = "overrun"
    RESTART = "restart"
    DISK_FULL = "disk_full"
    UNDELIVERED = "undelivered"

    @property
    def declared(self) -> bool:
        return self in (GapCause.BREAK, GapCause.DELIBERATION)


def holes(pieces: Iterable[SampleRange], end: int) -> list[tuple[int, int]]:
    """What of [0, end) samples is covered by no piece; pieces of one rate, in any order."""
    missing: list[tuple[int, int]] = []
    reached = 0
    for piece in sorted(pieces):
        if piece.start > reached:
            missing.append((reached, piece.start))
        reached = max(reached, piece.end)
    if reached < end:
        missing.append((reached, end))
    return missing


def rests(rates: Mapping[str, int], reached: Mapping[str, int], seconds: Fraction) -> dict[str, SampleRange]:
    """What of each track lies between the tick it reached and the hearing's end, at so many `seconds`.

    `rates` are the ticks per second by track; one that `reached` does not name has nothing. Tracks that reached the end
    are left out.
    """
    ends = {track: math.floor(seconds * rate) for track, rate in rates.items()}
    return {
        track: SampleRange(reached.get(track, 0), end, rates[track])
        for track, end in ends.items()
        if reached.get(track, 0) < end
    }


def overlaps(pieces: Iterable[SampleRange]) -> list[tuple[int, int]]:
    """Stretches covered twice, which an honest track never has."""
    twice: list[tuple[int, int]] = []
    reached = 0
    for piece in sorted(pieces):
        if piece.start < reached:
            twice.append((piece.start, min(reached, piece.end)))
        reached = max(reached, piece.end)
    return twice


def clock_text(seconds: float) -> str:
    """`hh:mm:ss` on the hearing's timeline, rounded down so that a link never starts late."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
