"""When each turn of a hearing is spoken: pure, in samples at ``mix.RATE``."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.sample_hearing.mix import RATE, Span

LEAD_IN = 2.0
TAIL = 2.0
PAUSE = (0.4, 1.2)
BEFORE_BREAK = 0.6
QUIET_IN_BREAK = 1.5
AFTER_BREAK = 0.8


@dataclass(frozen=True)
class Slot:
    """How a turn follows the one before: ``overlap`` seconds of both at once, or in the break, or after a pause."""

    overlap: float = 0.0
    in_break: bool = False


@dataclass(frozen=True)
class Timeline:
    """Start of each turn, the break (if any) and the length of the whole, in samples."""

    starts: tuple[int, ...]
    pause: Span | None
    length: int


def lay_out(slots: Sequence[Slot], lengths: Sequence[int], rng: np.random.Generator) -> Timeline:
    """Places turns of the given lengths one after another with real pauses drawn from ``rng``.

    Turns in the break must follow each other, and a turn must follow them. ValueError when they do not, or when an
    overlap is longer than either of the two turns.
    """
    starts: list[int] = []
    pause_start: int | None = None
    pause_end: int | None = None
    clock = seconds(LEAD_IN)
    for index, (slot, length) in enumerate(zip(slots, lengths, strict=True)):
        if slot.in_break and pause_start is None:
            pause_start = clock + seconds(BEFORE_BREAK)
            start = pause_start + seconds(QUIET_IN_BREAK)
        elif slot.in_break and pause_end is not None:
            raise ValueError("a sample hearing can have only one break")
        elif not slot.in_break and pause_start is not None and pause_end is None:
            pause_end = clock + seconds(QUIET_IN_BREAK)
            start = pause_end + seconds(AFTER_BREAK)
        elif index == 0:
            start = clock
        elif slot.overlap:
            start = clock - seconds(slot.overlap)
            if start < starts[-1] or seconds(slot.overlap) > length:
                raise ValueError(f"turn {index + 1}: an overlap of {slot.overlap} s is longer than a turn")
        else:
            start = clock + seconds(float(rng.uniform(*PAUSE)))
        starts.append(start)
        clock = max(clock, start + length)
    if pause_start is not None and pause_end is None:
        raise ValueError("the break of a sample hearing must end: put a turn after it")
    pause = (pause_start, pause_end) if pause_start is not None and pause_end is not None else None
    return Timeline(tuple(starts), pause, clock + seconds(TAIL))


def seconds(duration: float) -> int:
    """Seconds to samples."""
    return round(duration * RATE)
