"""A spare recording beside the first: where its timeline lies on the first's, and what of the first it fills. Pure.

Two nodes in one room record the same hearing, each on a timeline of its own. Media time of either is tied to the wall
clock by *marks*: a sample had been recorded when its entry was written, and never later than that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from court.timeline import SampleRange, holes

MARKS = 12
"""Marks of each recording that count: those nearest in time, since two devices' sample clocks drift apart."""

CLOCKS_APART = 0.1
"""Seconds by which two clocks disciplined over one network, and the ways into two nodes, may differ unseen."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What lies at `seconds` of the timeline had been recorded at `utc`."""

    seconds: float
    utc: datetime


@dataclass(frozen=True, slots=True)
class Offset:
    """What lies at t seconds of the spare's timeline lies at t + `seconds` of the first's, give or take `uncertainty`.

    `heard`: found in the sound that both recorded; else told by the two nodes' clocks alone.
    """

    seconds: float
    uncertainty: float
    heard: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Fill:
    """`span` of the first's track is taken from the spare's segment `sequence`, whose ticks count `shift` less."""

    span: SampleRange
    sequence: int
    shift: int


def clock_offset(first: Sequence[Mark], spare: Sequence[Mark], at: float) -> Offset | None:
    """The offset around `at` seconds of the first's timeline, by the two nodes' clocks; None without marks of both.

    A mark is late by what the node took to write it, so the earliest beginning that any of them tells is the best.
    """
    if not first or not spare:
        return None
    own = sorted(first, key=lambda mark: abs(mark.seconds - at))[:MARKS]
    began, spread = _beginning(own)
    moment = began + timedelta(seconds=at)
    other, other_spread = _beginning(sorted(spare, key=lambda mark: abs(mark.utc - moment))[:MARKS])
    return Offset((other - began).total_seconds(), CLOCKS_APART + spread + other_spread)


def lost(segments: Iterable[SampleRange], declared: Iterable[SampleRange], end: int, rate: int) -> list[SampleRange]:
    """What of [0, end) ticks a track neither recorded nor left out by the court's word."""
    return [SampleRange(start, stop, rate) for start, stop in holes([*segments, *declared], end)]


def fill(gap: SampleRange, recorded: Iterable[tuple[int, SampleRange]], offset: Offset) -> list[Fill]:
    """What of `gap` the spare's segments, (sequence, range) on its own timeline, hold: in order, without overlap."""
    shift = round(offset.seconds * gap.rate)
    found: list[Fill] = []
    reached = gap.start
    for sequence, piece in sorted(recorded, key=lambda one: one[1]):
        start, end = max(reached, piece.start + shift), min(gap.end, piece.end + shift)
        if piece.rate == gap.rate and start < end:
            found.append(Fill(SampleRange(start, end, gap.rate), sequence, shift))
            reached = end
    return found


def counterpart(track: dict[str, str], spare_tracks: Iterable[dict[str, str]]) -> str | None:
    """The spare's track that stands in for `track`: the one of its name, else the only one of its kind and role."""
    tracks = [*spare_tracks]
    if any((one["track"], one["kind"]) == (track["track"], track["kind"]) for one in tracks):
        return track["track"]
    same = [one["track"] for one in tracks if track["role"] and _seat(one) == _seat(track)]
    return same[0] if len(same) == 1 else None


def _seat(track: dict[str, str]) -> tuple[str, str]:
    return track["kind"], track["role"]


def _beginning(marks: Sequence[Mark]) -> tuple[datetime, float]:
    """When the timeline began by the earliest of the marks, and by how many seconds they scatter."""
    told = sorted(mark.utc - timedelta(seconds=mark.seconds) for mark in marks)
    middle = median((one - told[0]).total_seconds() for one in told)
    return told[0], middle
