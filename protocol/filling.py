"""What the spare recordings of a hearing fill of it: read from both ledgers, and placed by what both heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from court.errors import CourtError
from court.spare import Fill, Offset, clock_offset, counterpart, fill, lost, remaining
from court.timeline import GapCause, SampleRange
from hardware.correlation import lag
from hardware.devices import Pcm
from hardware.segment_reader import read_pcm
from storage.db.models import Gap, Hearing, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.worm.port import WormStore

SOUND_RATE = 48_000
_RATE = 8_000  # samples per second at which two recordings are compared: speech lies below 4 kHz
_ENOUGH = 3.0  # seconds of sound of both that a comparison needs
_HEARD = 0.02  # seconds: microphones of one room are metres apart, and sound takes 3 ms for each
_BEYOND = 0.5  # seconds: how much further than the clocks' uncertainty is looked


@dataclass(frozen=True, slots=True)
class Filled:
    """A stretch of a track that the spare recording `spare` has, on its track `source`, in one or more segments.

    `cause` is why the first has a hole there, None where it never said.
    """

    track: str
    span: SampleRange
    cause: GapCause | None
    spare: str
    source: str
    offset: Offset
    fills: tuple[Fill, ...]


def filled(uow: UnitOfWork, store: WormStore | None, hearing: Hearing) -> list[Filled]:
    """All stretches of the hearing that its spare recordings fill, in order of track and time.

    Without a `store` they are placed by the nodes' clocks alone. Only what the hearing's own node lost is filled,
    never a break, and nothing the court ordered not to be recorded; while a hearing lasts, only what its node has
    stated to be lost.
    """
    spares = [one for one in uow.hearings.spares(hearing.id) if one.state != "destroyed"]
    if not spares:
        return []
    first = _Recording(uow, hearing)
    found: list[Filled] = []
    for spare in (_Recording(uow, one) for one in spares):
        for track in hearing.tracks:
            source = counterpart(track, spare.hearing.tracks)
            if source is not None:
                taken = [one.span for one in found if one.track == track["track"]]
                found += _filled_track(first, spare, track, source, taken, store)
    return sorted(found, key=lambda one: (one.track, one.span))


def _filled_track(
    first: "_Recording",
    spare: "_Recording",
    track: dict[str, str],
    source: str,
    taken: Sequence[SampleRange],
    store: WormStore | None,
) -> list[Filled]:
    found = []
    pieces = [(one.sequence, _span(one)) for one in spare.segments if one.track == source]
    for gap in first.lost(track, taken):
        offset = _offset(first, spare, gap.start_seconds, store)
        if offset is None or gap.seconds <= offset.uncertainty:
            continue  # as long as it is unsure where it lies
        fills = fill(gap, pieces, offset)
        for run in _runs(fills):
            span = SampleRange(run[0].span.start, run[-1].span.end, gap.rate)
            cause = first.cause(track["track"], span)
            found.append(Filled(track["track"], span, cause, spare.hearing.id, source, offset, tuple(run)))
    return found


def still_lost(gap: SampleRange, of_track: Sequence[Filled]) -> list[SampleRange]:
    """What of a hole in a track no spare recording fills; at its edges as exactly as the offset is known."""
    slack = max((one.offset.uncertainty for one in of_track), default=0.0)
    return remaining(gap, _inside(gap, [fill for one in of_track for fill in one.fills]), slack)


def _inside(gap: SampleRange, fills: Sequence[Fill]) -> list[Fill]:
    return [
        Fill(SampleRange(max(gap.start, one.span.start), min(gap.end, one.span.end), gap.rate), one.sequence, one.shift)
        for one in fills
        if one.span.start < gap.end and gap.start < one.span.end
    ]


class _Recording:
    """One hearing's rows, read once."""

    def __init__(self, uow: UnitOfWork, hearing: Hearing) -> None:
        self.hearing = hearing
        self.segments: Sequence[Segment] = uow.hearings.segments(hearing.id)
        self.gaps: Sequence[Gap] = uow.hearings.gaps(hearing.id)
        self.marks = uow.hearings.marks(hearing.id)
        late = {one.sha256 for one in uow.hearings.undelivered(hearing.id)}
        self.sound = [one for one in self.segments if one.rate == SOUND_RATE and one.sha256 not in late]

    def lost(self, track: dict[str, str], taken: Sequence[SampleRange]) -> list[SampleRange]:
        rate = int(track["rate"])
        segments = [_span(one) for one in self.segments if one.track == track["track"]]
        gaps = [one for one in self.gaps if one.track == track["track"]]
        declared = [_span(one) for one in gaps if GapCause(one.cause).declared]
        end = self.hearing.end_sample
        reached = max((one.end for one in (*segments, *map(_span, gaps))), default=0)
        return lost([*segments, *taken], declared, reached if end is None else end * rate // SOUND_RATE, rate)

    def cause(self, track: str, span: SampleRange) -> GapCause | None:
        for one in self.gaps:
            if one.track == track and one.start < span.end and span.start < one.end:
                return GapCause(one.cause)
        return None


def _offset(first: _Recording, spare: _Recording, at: float, store: WormStore | None) -> Offset | None:
    """Where the spare's timeline lies around `at` seconds: by the clocks, and to a few milliseconds by the sound."""
    told = clock_offset(first.marks, spare.marks, at)
    if told is None or store is None:
        return told
    near = sorted(first.sound, key=lambda one: (abs(one.end / one.rate - at), one.track != "mix"))
    for one in [each for each in near if each.end - each.start >= _ENOUGH * SOUND_RATE][:2]:
        heard = _heard_in(one, spare, told, store)
        if heard is not None:
            return heard
    return told


def _heard_in(one: Segment, spare: _Recording, told: Offset, store: WormStore) -> Offset | None:
    reach = told.uncertainty + _BEYOND
    start, end = (tick / SOUND_RATE - told.seconds for tick in (one.start, one.end))
    same = [each for each in spare.sound if each.track == one.track]
    beside = [each for each in same if each.start / SOUND_RATE < end + reach and start - reach < each.end / SOUND_RATE]
    if not beside:
        return None
    objects = tuple((each.sha256, each.start) for each in beside)
    found = _lag(store, (one.sha256, one.start), objects, round(told.seconds, 1), round(reach + 0.05, 1))
    return None if found is None else Offset(found, _HEARD, heard=True)


@lru_cache(maxsize=512)
def _lag(
    store: WormStore, one: tuple[str, int], beside: tuple[tuple[str, int], ...], expected: float, reach: float
) -> float | None:
    """The offset in seconds, looked for around `expected`; a pure function of bytes that never change."""
    try:
        pcm = read_pcm(store.read(one[0]), _RATE)[1]
        others = [(start, read_pcm(store.read(sha256), _RATE)[1]) for sha256, start in beside]
    except CourtError:
        return None  # damaged or gone: others say so; the clocks must do here
    shift = round(expected * _RATE) - one[1] * _RATE // SOUND_RATE
    # On the first's timeline by the expected offset, with silence where the spare has nothing.
    found = lag(pcm, _laid(others, shift, len(pcm), round(reach * _RATE)), 2 * round(reach * _RATE))
    return None if found is None else expected - (found - round(reach * _RATE)) / _RATE


def _laid(others: Sequence[tuple[int, Pcm]], shift: int, length: int, margin: int) -> Pcm:
    laid = np.zeros(length + 2 * margin, np.int16)
    for start, pcm in others:
        at = start * _RATE // SOUND_RATE + shift + margin
        begin, end = max(0, at), min(len(laid), at + len(pcm))
        if begin < end:
            laid[begin:end] = pcm[begin - at : end - at]
    return laid


def _runs(fills: Sequence[Fill]) -> list[list[Fill]]:
    """Fills that follow each other without a break belong together."""
    runs: list[list[Fill]] = []
    for one in fills:
        if runs and runs[-1][-1].span.end == one.span.start:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _span(piece: Segment | Gap) -> SampleRange:
    return SampleRange(piece.start, piece.end, piece.rate)
