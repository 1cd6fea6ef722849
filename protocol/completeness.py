"""Completeness, computed: every second of every expected track is recorded, declared or a named fault."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from court.timeline import GapCause, SampleRange, holes
from protocol.facts import Cover, GapFact, HearingFacts

# A camera is cut at frame boundaries, so its end may lie a frame before or after the end of the sound.
FRAME_SECONDS = 0.1
# One outage hits the tracks of a room at slightly different samples; it is told as one.
SAME_OUTAGE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Outage:
    """[start, end) seconds without recording on `tracks`; `cause` None when nothing explains it.

    `number` is the first gap's place in the facts, counted from 1; 0 for an unexplained hole. `spare`: the first node
    did not record it, for that cause, and the spare node did.
    """

    start: float
    end: float
    cause: GapCause | None
    tracks: tuple[str, ...]
    log: str
    number: int
    spare: bool = False

    @property
    def declared(self) -> bool:
        return self.cause is not None and self.cause.declared

    @property
    def missing(self) -> bool:
        """Whether there is no recording of it, and no order of the court says why."""
        return not self.declared and not self.spare


class Doubt(StrEnum):
    """Why it is not settled what became of a stretch: nothing says so, or its bytes are awaited still."""

    UNEXPLAINED = "unexplained"
    AWAITED = "awaited"


@dataclass(frozen=True, slots=True)
class Unsettled:
    """[start, end) seconds of `tracks` that are neither recorded here, nor declared, nor a named fault."""

    start: float
    end: float
    tracks: tuple[str, ...]
    doubt: Doubt


def outages(facts: HearingFacts) -> list[Outage]:
    """All stretches without recording on captured tracks, in time order, those of one event merged."""
    captured = {one.track: one.segments for one in facts.tracks if not one.derived}
    return find_outages(captured, facts.gaps, facts.length, facts.covers)


def find_outages(
    captured: Mapping[str, Sequence[SampleRange]],
    gaps: Sequence[GapFact],
    length: float,
    covers: Sequence[Cover] = (),
) -> list[Outage]:
    """The same from the segments of each captured track; `length` of the hearing in seconds."""
    single = [
        Outage(gap.range.start_seconds, gap.range.end_seconds, gap.cause, (gap.track,), gap.device_log, number)
        for number, gap in enumerate(gaps, 1)
        if gap.track in captured
    ]
    found = [*single, *_unexplained(captured, gaps, length)]
    return _merged([part for one in found for part in _covered(one, covers)])


def missing_seconds(found: Iterable[Outage]) -> float:
    """How much of the hearing lacks at least one track for a reason nobody declared, and no spare node recorded."""
    total = reached = 0.0
    for outage in sorted((one for one in found if one.missing), key=lambda one: one.start):
        total += max(0.0, outage.end - max(outage.start, reached))
        reached = max(reached, outage.end)
    return total


def unsettled(found: Iterable[Outage], awaited: Iterable[tuple[str, SampleRange]]) -> list[Unsettled]:
    """What keeps the hearing's protocol from being signed, in order of time.

    `awaited` are a track's segments that are stated but not here; where a spare recording has the same, nothing waits.
    """
    told = list(found)
    doubts = [
        Unsettled(one.start, one.end, one.tracks, Doubt.UNEXPLAINED)
        for one in told
        if one.cause is None and not one.spare
    ]
    doubts += [one for one in _joined(awaited) if not any(_spared(one, each) for each in told)]
    return sorted(doubts, key=lambda one: (one.start, one.tracks))


def unexplained(
    captured: Mapping[str, Sequence[SampleRange]], gaps: Sequence[GapFact], length: float
) -> list[tuple[str, SampleRange]]:
    """The stretches of each captured track that no segment and no gap covers; `length` of the hearing in seconds."""
    found = []
    for track, segments in captured.items():
        pieces = [*segments, *(gap.range for gap in gaps if gap.track == track)]
        rate = pieces[0].rate if pieces else 48_000
        for start, end in holes(pieces, round(length * rate)):
            hole = SampleRange(start, end, rate)
            if hole.seconds > FRAME_SECONDS:
                found.append((track, hole))
    return found


def _unexplained(captured: Mapping[str, Sequence[SampleRange]], gaps: Sequence[GapFact], length: float) -> list[Outage]:
    return [
        Outage(hole.start_seconds, hole.end_seconds, None, (track,), "", 0)
        for track, hole in unexplained(captured, gaps, length)
    ]


def _joined(awaited: Iterable[tuple[str, SampleRange]]) -> list[Unsettled]:
    """Segments that follow each other as one stretch."""
    runs: list[Unsettled] = []
    for track, piece in sorted(awaited):
        start, end = piece.start_seconds, piece.end_seconds
        if runs and runs[-1].tracks == (track,) and start - runs[-1].end <= FRAME_SECONDS:
            runs[-1] = replace(runs[-1], end=end)
        else:
            runs.append(Unsettled(start, end, (track,), Doubt.AWAITED))
    return runs


def _spared(one: Unsettled, outage: Outage) -> bool:
    """Whether the spare node recorded all of it."""
    inside = outage.start - FRAME_SECONDS <= one.start and one.end <= outage.end + FRAME_SECONDS
    return outage.spare and inside and set(one.tracks) <= set(outage.tracks)


def _covered(one: Outage, covers: Sequence[Cover]) -> list[Outage]:
    """A single track's outage in parts: those a spare recording accounts for, and the rest.

    A rest no longer than the cover's place is unsure by is none.
    """
    if one.declared:
        return [one]
    parts: list[Outage] = []
    at = one.start
    for cover in sorted((each for each in covers if each.track == one.tracks[0]), key=lambda each: each.start):
        start, end = max(at, cover.start), min(one.end, cover.end)
        if end <= start:
            continue
        if start - at > cover.slack:
            parts.append(replace(one, start=at, end=start))
            at = start
        end = one.end if one.end - end <= cover.slack else end
        parts.append(replace(one, start=at, end=end, cause=cover.cause or one.cause, spare=cover.cause is None))
        at = end
    return [*parts, replace(one, start=at)] if at < one.end else parts


def _merged(single: list[Outage]) -> list[Outage]:
    result: list[Outage] = []
    for one in sorted(single, key=lambda each: (each.start, each.number)):
        same = next((at for at, other in enumerate(result) if _same_event(one, other)), None)
        if same is None:
            result.append(one)
            continue
        other = result[same]
        tracks = other.tracks if one.tracks[0] in other.tracks else other.tracks + one.tracks
        result[same] = replace(other, end=max(other.end, one.end), tracks=tracks, log=other.log or one.log)
    return result


def _same_event(one: Outage, other: Outage) -> bool:
    return (
        (one.cause, one.spare) == (other.cause, other.spare)
        and abs(one.start - other.start) < SAME_OUTAGE_SECONDS
        and abs(one.end - other.end) < SAME_OUTAGE_SECONDS
        and one.tracks[0] not in other.tracks
    )
