"""What the spare recordings of a hearing fill of it: read from both ledgers, and placed by what both heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from court.errors import CourtError
from court.hearing import HearingState
from court.lines import Line
from court.spare import Fill, Offset, clock_offset, counterpart, fill, lost
from court.timeline import GapCause, SampleRange
from hardware.correlation import delay
from hardware.devices import Pcm
from hardware.segment_reader import read_pcm
from protocol.facts import Cover
from storage.db.models import Gap, Hearing, NoteRow, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.worm.port import WormStore

SOUND_RATE = 48_000
_ENOUGH = 3.0  # seconds of sound of both that a comparison needs
_HEARD = 0.02  # seconds: microphones of one room are metres apart, and sound takes 3 ms for each
_ONE_NOTE = 3.0  # seconds: the same words on both nodes within that are one note
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
    spares = [one for one in uow.hearings.spares(hearing.id) if one.state != HearingState.DESTROYED]
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


def notes_beside(uow: UnitOfWork, hearing: Hearing) -> list[tuple[float, NoteRow]]:
    """Notes that only a spare recording has, since the hearing's own node was away: with their moment in seconds of the
    hearing. What both were told is told once."""
    spares = uow.hearings.spares(hearing.id)
    if not spares:
        return []
    first, own = _Recording(uow, hearing), uow.hearings.notes(hearing.id)
    away = [first.lost(one, ()) for one in hearing.tracks if one["kind"] == "audio"]
    behind = uow.hearings.reached(hearing.id)  # while the hearing lasts, its node may be away now
    found: list[tuple[float, NoteRow]] = []
    for spare in spares:
        marks = uow.hearings.marks(spare.id)
        for note in uow.hearings.notes(spare.id):
            at = note.at_sample / SOUND_RATE
            offset = clock_offset(first.marks, marks, at)
            if offset is None:
                continue
            at, slack = max(0.0, at + offset.seconds), offset.uncertainty
            told = [(one.at_sample / SOUND_RATE, one) for one in own] + found
            same = [moment for moment, one in told if (one.template, one.text) == (note.template, note.text)]
            lived = at < behind and not all(_near(at, spans, slack) for spans in away)
            if not lived and all(abs(one - at) > slack + _ONE_NOTE for one in same):
                found.append((at, note))
    return found


def _near(at: float, spans: Sequence[SampleRange], slack: float) -> bool:
    return any(one.start_seconds - slack <= at <= one.end_seconds + slack for one in spans)


def spoken(uow: UnitOfWork, found: Sequence[Filled], run: int | None = None) -> list[tuple[Filled, Line]]:
    """What was said on the spare recordings in what they fill: an utterance across a seam belongs where most of it is.

    Of that version of the transcript, or of the one that is shown. Its times are on the spare's timeline:
    `Filled.offset` says where that is.
    """
    rows = {one: uow.lines.of(one, run) for one in {each.spare for each in found}}
    return [
        (one, row)
        for one in found
        for row in rows[one.spare]
        if row.track == one.source and _within(one, (row.start_ms + row.end_ms) / 2000)
    ]


def _within(one: Filled, seconds: float) -> bool:
    return one.span.start_seconds <= seconds + one.offset.seconds < one.span.end_seconds


def on_timeline(uow: UnitOfWork, hearing_id: str, recording_id: str, seconds: float) -> float:
    """A moment of a spare recording on the hearing's own timeline, by the nodes' clocks; of its own, the same."""
    if recording_id == hearing_id:
        return seconds
    offset = clock_offset(uow.hearings.marks(hearing_id), uow.hearings.marks(recording_id), seconds)
    return seconds if offset is None else max(0.0, seconds + offset.seconds)


def covers(uow: UnitOfWork, hearing: Hearing, found: Sequence[Filled]) -> list[Cover]:
    """What the spare recordings account for of the hearing: what they fill, and the court's breaks that they state."""
    ended_on = uow.hearings.get(uow.hearings.ended_on(hearing.id) or "")
    told = []
    for one in found:
        end = one.span.end_seconds
        if ended_on is not None and one.spare == ended_on.id and hearing.end_sample is not None:
            # The court said by the clocks that the hearing ended where this recording does: that is the same moment.
            last = (ended_on.end_sample or 0) / SOUND_RATE + one.offset.seconds
            end = hearing.end_sample / SOUND_RATE if last - end < _BEYOND else end
        told.append(Cover(one.track, one.span.start_seconds, end, one.offset.uncertainty, None))
    spares = uow.hearings.spares(hearing.id)
    own = uow.hearings.marks(hearing.id) if spares else []
    for spare in spares:
        marks = uow.hearings.marks(spare.id)
        of_source = {counterpart(one, spare.tracks): one["track"] for one in hearing.tracks}
        for gap in uow.hearings.gaps(spare.id):
            offset = clock_offset(own, marks, gap.start / gap.rate)
            if offset is not None and GapCause(gap.cause).declared and gap.track in of_source:
                start, end = (tick / gap.rate + offset.seconds for tick in (gap.start, gap.end))
                told.append(Cover(of_source[gap.track], start, end, offset.uncertainty, GapCause(gap.cause)))
    return told


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
        pcm = read_pcm(store.read(one[0]))[1]
        others = [(start, read_pcm(store.read(sha256))[1]) for sha256, start in beside]
    except CourtError:
        return None  # damaged or gone: others say so; the clocks must do here
    most, shift = round(reach * SOUND_RATE), round(expected * SOUND_RATE)
    # Both on the first's timeline, the spare's by the expected offset, with silence where there is nothing.
    begin, length = one[1] - most, len(pcm) + 2 * most
    own = _laid([(most, pcm)], length)
    other = _laid([(start + shift - begin, each) for start, each in others], length)
    found = delay(own, other, most)
    return None if found is None else expected - found.samples / SOUND_RATE


def _laid(pieces: Sequence[tuple[int, Pcm]], length: int) -> Pcm:
    laid = np.zeros(length, np.int16)
    for at, pcm in pieces:
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
