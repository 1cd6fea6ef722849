"""Whose copy a recording was that got out: every copy of a hearing with a mark in its sound is tried."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from api import copy_content
from api.context import Context
from api.errors import Conflict, NotFound, Unusable
from api.gate import is_kept, require_kept, shown_hearing
from api.reading import SAMPLES_PER_SECOND
from court.case_number import match_key
from court.ids import is_id
from protocol.copies import streams
from protocol.copies.leak import leaked, resampled
from protocol.copies.streams import CopiedTrack
from protocol.copies.trace import Stored, Trail, chance
from storage.db.models import Copy, Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind, parse


@dataclass(frozen=True, slots=True)
class Traced:
    """`chance`: how probable it is at most that any of all that were tried fits so well if it is none of them."""

    copy: Copy
    score: float
    chance: float


@dataclass(frozen=True, slots=True)
class _Tried:
    """A sound track of `end` samples, and the copies that hold it with a mark."""

    track: CopiedTrack
    end: int
    copies: Sequence[Copy]


def traced(context: Context, path: Path, what: str, actor: str) -> list[Traced]:
    """How well the recording at `path` fits each copy with a mark, of a hearing (its id) or of a case (its number).

    That the stored sound was read for it is an entry. Raises NotFound, Gone, Unusable where there is nothing to
    try, Conflict where a key is not the one in the log, and LeakError.
    """
    with context.database.begin() as uow:
        tried = [one for hearing in _hearings(uow, what) for one in _tried(context, uow, hearing)]
        if not tried:
            raise Unusable("No copy of it bears a mark in its sound: there is nothing to compare this recording with.")
        body = {"actor": actor, "role": "operator", "action": "trace", "object": "copies", "ground": "", "address": ""}
        for hearing in {row.hearing_id for one in tried for row in one.copies}:
            uow.log.record(LeafKind.ACCESS, hearing, context.clock.now().utc, body, context.server_key)
    scores = [score for one in tried for score in _scores(one, path)]
    best: dict[int, tuple[Copy, float]] = {}
    for row, score in scores:
        best[row.id] = (row, max(score, best.get(row.id, (row, score))[1]))
    return [Traced(row, score, chance(score, len(scores))) for row, score in best.values()]


def _hearings(uow: UnitOfWork, what: str) -> list[Hearing]:
    if is_id(what):
        hearing = shown_hearing(uow, what)
        require_kept(hearing)
        return [hearing]
    found = [one for one in uow.hearings.find(what) if one.case_key == match_key(what)]
    if not found:
        raise NotFound(f"There is no hearing {what}, and none of a case with this number: see `courtrec hearings`.")
    return [one for one in found if is_kept(one)]


def _marked(uow: UnitOfWork, hearing: Hearing) -> list[Copy]:
    """Its copies that were made with a mark; raises Conflict where a key was put in the place of the one stated."""
    rows = [one for one in uow.copies.of(hearing.id) if one.sound_key and one.leaf_index is not None]
    if not rows:
        return []
    stated = _stated(uow, hearing)
    for row in rows:
        if stated.get(row.id) != hashlib.sha256(bytes.fromhex(row.sound_key)).hexdigest():
            raise Conflict(f"The key of copy No. {row.id} is not the one that the log states: it proves nothing.")
    return rows


def _stated(uow: UnitOfWork, hearing: Hearing) -> Mapping[int, str]:
    """The hash of each copy's key, as the log stated it first: later ones may have been chosen to fit."""
    leaves = [parse(row.entry) for row in uow.log.entries(hearing.id)]
    bodies = [one.body for one in leaves if one.kind is LeafKind.COPY and "mark_sha256" in one.body]
    return {one["copy"]: one["mark_sha256"] for one in reversed(bodies)}


def _tried(context: Context, uow: UnitOfWork, hearing: Hearing) -> list[_Tried]:
    rows, end = _marked(uow, hearing), hearing.end_sample or 0
    names = sorted({name for row in rows for name in row.tracks})
    tracks = [copy_content.copied_track(uow, context.store, hearing, name) for name in names]
    return [_Tried(one, end, [row for row in rows if one.track in row.tracks]) for one in tracks if one.is_sound]


def _scores(tried: _Tried, path: Path) -> list[tuple[Copy, float]]:
    """Of each copy of the track."""
    # What was closed since is in the copies that were made before.
    stored = streams.samples(tried.track, [(0, tried.end)], tried.end)
    trail = Trail(Stored(resampled(stored, SAMPLES_PER_SECOND)))
    for piece in leaked(path):
        trail.follow(piece)
    return [(row, trail.score(bytes.fromhex(row.sound_key))) for row in tried.copies]
