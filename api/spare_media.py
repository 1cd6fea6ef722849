"""The parts of a spare recording that are played where the hearing's own node has a hole.

A part is cut from its segment at fragments (half a second) and moved onto the hearing's timeline: the decode times in
its fragments' heads are replaced, and not a sample is touched. The segment as it was recorded stays what it is, under
its own hash.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from api.hls import Inset, Piece
from court.spare import Fill
from court.timeline import SampleRange
from hardware.boxes import Fragment, fragments, moved
from hardware.errors import MediaUnreadable
from hardware.offsets import held
from protocol.filling import Filled
from storage.db.models import Segment
from storage.db.unit_of_work import UnitOfWork
from storage.worm.port import WormStore

_AHEAD = 2.5  # seconds by which a part may begin before the hole it fills: pictures go back to a keyframe


@dataclass(frozen=True, slots=True)
class Part:
    """`span` on the hearing's timeline, from the first fragment that is needed; `name` as its address has it.

    `held` is what its fragments hold: the last one may go on behind the hole, and a camera with B-frames shows pictures
    earlier or later than their fragment is decoded. All of it must be open.
    """

    span: SampleRange
    held: SampleRange
    name: tuple[str, str, int, int]
    segment: Segment
    fill: Fill
    fragments: tuple[Fragment, ...]

    @property
    def _uri(self) -> str:
        spare, track, sequence, start = self.name
        return f"spare/{spare}/{track}/{sequence}-{start}"

    def piece(self, began: datetime) -> Piece:
        moment = began + timedelta(seconds=self.span.start_seconds)
        return Piece(self.span, f"{self._uri}.mp4", 0, 0, moment, init_uri=f"{self._uri}.init.mp4")

    def init(self, store: WormStore) -> bytes:
        return store.read(self.segment.sha256, 0, self.segment.init_size)

    def media(self, store: WormStore) -> bytes:
        return moved(store.read(self.segment.sha256), self.fragments, self.fill.shift)


def parts(uow: UnitOfWork, store: WormStore, of_track: Iterable[Filled]) -> list[Part]:
    """What can be played of what is filled: the segments that have arrived."""
    found = []
    for one in of_track:
        for each in one.fills:
            part = _part(uow, store, one, each)
            found += [] if part is None else [part]
    return found


def part_named(
    uow: UnitOfWork, store: WormStore, found: Iterable[Filled], name: tuple[str, str, int, int]
) -> Part | None:
    """The part of that address, if it fills anything now: nothing else of a spare recording can be had."""
    for one in found:
        for each in one.fills:
            if (one.spare, one.track, each.sequence, each.span.start) == name:
                return _part(uow, store, one, each)
    return None


def segments(uow: UnitOfWork, found: Iterable[Filled], known: set[str]) -> list[Segment]:
    """Segments of tracks that the first's node has nothing of, so that they can be told what they are; by their own
    names there."""
    rows = []
    for one in found:
        if one.track not in known:
            row = uow.hearings.segment(one.spare, one.source, one.fills[0].sequence)
            if row is not None and uow.log.object(row.sha256) is not None and row.track == one.track:
                rows.append(row)
    return rows


def cut_short(pieces: Iterable[Piece], beside: Sequence[Part], end: int) -> list[Piece]:
    """The hearing's own pieces, each up to where a part of the spare begins or the hearing ends."""
    kept = []
    for piece in pieces:
        begin = piece.span.start
        if any(one.span.start <= begin < one.fill.span.start for one in beside):
            continue  # shorter than a fragment: the spare's has it, too
        stop = min([end, piece.span.end, *(one.span.start for one in beside if one.span.start > begin)])
        kept.append(replace(piece, span=SampleRange(piece.span.start, stop, piece.span.rate)))
    return kept


def insets(found: Iterable[Filled], began: datetime) -> list[Inset]:
    """The seams of a track, as its playlist marks them."""
    return [
        Inset(one.spare, began + timedelta(seconds=one.span.start_seconds), one.span.seconds, one.offset.uncertainty)
        for one in found
    ]


def _part(uow: UnitOfWork, store: WormStore, one: Filled, each: Fill) -> Part | None:
    row = uow.hearings.segment(one.spare, one.source, each.sequence)
    if row is None or uow.log.object(row.sha256) is None:
        return None
    first, last = each.span.start - each.shift, each.span.end - each.shift
    found = [part for part in _fragments(store, row.sha256) if part[0].tick < last]
    before = [place for place, (part, _) in enumerate(found) if part.tick <= first]
    whole = [one for one in before if found[one][0].sync and first - found[one][0].tick < _AHEAD * each.span.rate]
    begin = max(whole or before, default=0)
    chosen = found[begin:]
    if not chosen:
        return None
    span = SampleRange(max(0, min(each.span.start, chosen[0][0].tick + each.shift)), each.span.end, each.span.rate)
    starts, ends = zip(*(ticks for _, ticks in chosen), strict=True)
    start, end = min(starts) + each.shift, max(ends) + each.shift
    holding = SampleRange(max(0, min(span.start, start)), max(span.end, end), span.rate)
    name = (one.spare, one.track, each.sequence, each.span.start)
    return Part(span, holding, name, row, each, tuple(part for part, _ in chosen))


@lru_cache(maxsize=2048)
def _fragments(store: WormStore, sha256: str) -> tuple[tuple[Fragment, tuple[int, int]], ...]:
    """Each with the ticks that it holds; none of what the recorder did not build, since nobody knows what it holds."""
    content = store.read(sha256)
    try:
        return tuple((one, held(content, one)) for one in fragments(content))
    except MediaUnreadable:
        return ()
