"""HLS playlists and the stored segments themselves, for whoever may hear and see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api import hls, spare_media
from api.access import Action
from api.audit import journalled
from api.caller import Caller
from api.context import Context
from api.deps import ContextDep, CurrentUser
from api.errors import NotFound
from api.gate import Sieve, enter, existing_hearing, require, require_kept
from api.media import object_response
from api.reading import SAMPLES_PER_SECOND, span_of
from protocol.filling import Filled, filled
from storage.db.models import Hearing, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.worm.port import WormStore

router = APIRouter(prefix="/media", tags=["media"])

TrackId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Sequence64 = Annotated[int, Path(ge=0, lt=1 << 53)]
Sequence32 = Annotated[int, Path(ge=0, lt=1 << 31)]  # what the database's column holds
_PERSONAL = {"Cache-Control": "no-store"}


@router.get("/{hearing_id}/master.m3u8")
def master(hearing_id: str, context: ContextDep, caller: CurrentUser, camera: str = "") -> Response:
    """All sound tracks as alternatives (the room mix first) beside one camera, the first unless `camera` names one."""
    with context.database.read() as uow:
        hearing = enter(uow, caller, hearing_id, Action.PLAY)
        require_kept(hearing)
        segments = _here(uow, hearing_id)
        segments += spare_media.segments(uow, filled(uow, context.store, hearing), {one.track for one in segments})
    recorded = [one for one in hearing.tracks if any(s.track == one["track"] for s in segments)]
    sound = [one for one in recorded if one["kind"] == "audio"]
    sound.sort(key=lambda one: not one["derived"])
    pictures = [one for one in recorded if one["kind"] == "video"]
    pictures.sort(key=lambda one: one["track"] != camera)
    renditions = [_rendition(context.store, one["track"], segments) for one in (*sound, *pictures[:1])]
    text = hls.master_playlist(renditions[: len(sound)], renditions[-1] if pictures else None)
    return Response(text, media_type=hls.MEDIA_TYPE, headers=_PERSONAL)


@router.get("/{hearing_id}/{track}.m3u8")
def playlist(hearing_id: str, track: TrackId, context: ContextDep, caller: CurrentUser) -> Response:
    """One track on the hearing's timeline; gaps and what the caller may not have are gap entries of their length."""
    with journalled(context, caller, Action.PLAY, hearing_id, track) as uow:
        hearing = enter(uow, caller, hearing_id, Action.PLAY)
        require_kept(hearing)
        found = filled(uow, context.store, hearing)
        text = _playlist(uow, context.store, hearing, track, Sieve(uow, caller, hearing_id, Action.PLAY), found)
    return Response(text, media_type=hls.MEDIA_TYPE, headers=_PERSONAL)


@router.get("/{hearing_id}/{track}/{sequence}.mp4")
@router.head("/{hearing_id}/{track}/{sequence}.mp4", include_in_schema=False)
def segment(
    hearing_id: str, track: TrackId, sequence: Sequence32, request: Request, context: ContextDep, caller: CurrentUser
) -> Response:
    """One stored segment or a byte range of it; its entity tag is its SHA-256."""
    with journalled(context, caller, Action.PLAY, hearing_id, track) as uow:
        row = uow.hearings.segment(hearing_id, track, sequence)
        end = existing_hearing(uow, hearing_id).end_sample
        if row is None or (end is not None and row.start * SAMPLES_PER_SECOND >= end * row.rate):
            raise NotFound("There is no such segment.")  # nor after the end: a node that came back recorded on
        span = span_of(row)
        require_kept(require(uow, caller, hearing_id, Action.PLAY, (span.start_seconds, span.end_seconds)))
        stored = uow.log.object(row.sha256)
        if stored is None:
            raise NotFound("The segment has not arrived from the court-room yet.")
    kind = "video/mp4" if track.startswith("cam-") else "audio/mp4"
    return object_response(request, context.store, stored, kind)


def _here(uow: UnitOfWork, hearing_id: str, track: str | None = None) -> list[Segment]:
    """The segments whose objects have arrived."""
    late = {one.id for one in uow.hearings.undelivered(hearing_id)}
    return [one for one in uow.hearings.segments(hearing_id, track) if one.id not in late]


def _named(spare_id: str, track: TrackId, sequence: Sequence32, start: Sequence64) -> tuple[str, str, int, int]:
    """What of which spare recording's segment fills `track` of the hearing from tick `start` on."""
    return spare_id, track, sequence, start


Named = Annotated[tuple[str, str, int, int], Depends(_named)]


@router.get("/{hearing_id}/spare/{spare_id}/{track}/{sequence}-{start}.init.mp4")
def spare_init(hearing_id: str, named: Named, context: ContextDep, caller: CurrentUser) -> Response:
    """The init part that goes before it."""
    return _spare_part(context, caller, hearing_id, named, init=True)


@router.get("/{hearing_id}/spare/{spare_id}/{track}/{sequence}-{start}.mp4")
def spare_part(hearing_id: str, named: Named, context: ContextDep, caller: CurrentUser) -> Response:
    """What fills the hearing's track, on its timeline."""
    return _spare_part(context, caller, hearing_id, named, init=False)


def _spare_part(
    context: Context, caller: Caller, hearing_id: str, named: tuple[str, str, int, int], *, init: bool
) -> Response:
    track = named[1]
    with journalled(context, caller, Action.PLAY, hearing_id, f"{track}, spare recording {named[0]}") as uow:
        hearing = enter(uow, caller, hearing_id, Action.PLAY)
        require_kept(hearing)
        part = spare_media.part_named(uow, context.store, filled(uow, context.store, hearing), named)
        if part is None:
            raise NotFound("There is no such segment.")
        require(uow, caller, hearing_id, Action.PLAY, (part.held.start_seconds, part.held.end_seconds))
    content = part.init(context.store) if init else part.media(context.store)
    kind = "video/mp4" if track.startswith("cam-") else "audio/mp4"
    return Response(content, media_type=kind, headers={"Cache-Control": "private, no-cache"})


def _playlist(
    uow: UnitOfWork, store: WormStore, hearing: Hearing, track: str, sieve: Sieve, found: Sequence[Filled]
) -> str:
    facts = next((one for one in hearing.tracks if one["track"] == track), None)
    if facts is None:
        raise NotFound(f"The hearing has no track {track!r}.")
    segments = uow.hearings.segments(hearing.id, track)
    gaps = [one for one in uow.hearings.gaps(hearing.id) if one.track == track]
    if hearing.end_sample is None:
        end = max([0, *(one.end for one in segments), *(one.end for one in gaps)])
    else:
        end = hearing.end_sample * int(facts["rate"]) // SAMPLES_PER_SECOND
    here = [one for one in _here(uow, hearing.id, track) if one.start < end]
    pieces = [_piece(one, hearing.started_at) for one in here if sieve.passes(one.start / one.rate, one.end / one.rate)]
    own = [one for one in found if one.track == track]
    parts = spare_media.parts(uow, store, own)
    spare = [
        one.piece(hearing.started_at) for one in parts if sieve.passes(one.held.start_seconds, one.held.end_seconds)
    ]
    pieces = [*spare_media.cut_short(pieces, parts, end), *spare]
    insets = spare_media.insets(own, hearing.started_at)
    return hls.media_playlist(pieces, end, facts["rate"], ended=hearing.end_sample is not None, insets=insets)


def _piece(row: Segment, began: datetime) -> hls.Piece:
    """Its date is the hearing's beginning plus media time, which no clock jump disturbs."""
    span = span_of(row)
    moment = began + timedelta(seconds=span.start_seconds)
    return hls.Piece(span, f"{row.track}/{row.sequence}.mp4", row.size, row.init_size, moment)


def _rendition(store: WormStore, track: str, segments: Sequence[Segment]) -> hls.Rendition:
    own = [one for one in segments if one.track == track]
    seconds = sum(one.end - one.start for one in own) / own[0].rate
    bits = sum(one.size for one in own) * 8
    codec = hls.codec_name(own[0].codec, store.read(own[0].sha256, 0, own[0].init_size))
    return hls.Rendition(track, track, codec, round(bits / seconds) if seconds else 0)
