"""A track of a copy as one fragmented MP4 stream: the lead, then the hearing's time with nothing but open parts.

Packets of segments that are open throughout go as they are stored. Where a track has nothing, or nothing that may be
handed out, sound is silence and pictures are a card that says so.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from PIL.Image import Image

from court.timeline import SampleRange
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm
from hardware.errors import MediaUnreadable
from hardware.offsets import decoded_earlier
from protocol.copies import cut
from protocol.copies.gather import gathered
from protocol.copies.mark import marked
from protocol.copies.notice import LEAD_SECONDS, still
from protocol.copies.spans import Ticks, kept

_BOX_HEAD = 8
_WORTH_A_CARD = VIDEO_RATE  # ticks without pictures: below a second the last one may stay
_SILENCE = 10 * AUDIO_RATE  # samples at once
_MARKED = "flac"


@dataclass(frozen=True, slots=True)
class Piece:
    """What fills `span` of the hearing's timeline; `read` gives a segment on that timeline, with its init part.

    `whole`: it holds that span and nothing else, and is not cut off anywhere.
    """

    span: SampleRange
    read: Callable[[], bytes]
    whole: bool


@dataclass(frozen=True, slots=True)
class CopiedTrack:
    """`codec` as its leaves name it (flac, opus, h264, hevc), `title` for players; pieces in order of time."""

    track: str
    title: str
    codec: str
    pieces: Sequence[Piece] = field(repr=False)

    @property
    def is_sound(self) -> bool:
        return self.codec in ("flac", "opus")


def sound(track: CopiedTrack, opened: Sequence[Ticks], end: int, lead: Pcm) -> Iterator[bytes]:
    """[0, end) samples of the track after its `lead`; `opened` are the samples that may go."""
    parts = _parts(track.pieces, opened)
    first = next(parts, None)
    if first is None:
        _refuse(track)
    yield _init(first[0].read())
    yield cut.encoded(lead, -len(lead), track.codec)
    reached = 0
    for piece, start, stop in (first, *parts):
        yield from cut.silence(reached, start, track.codec)
        content = piece.read()
        if piece.whole and (start, stop) == (piece.span.start, piece.span.end):
            yield gathered(content[len(_init(content)) :])
        else:
            yield cut.sound(content, start, stop, track.codec)
        reached = stop
    yield from cut.silence(reached, end, track.codec)


def marked_sound(track: CopiedTrack, opened: Sequence[Ticks], end: int, lead: Pcm, key: bytes) -> Iterator[bytes]:
    """As `sound`, with the mark of this key in every sample, for which all of it is encoded anew, without loss.

    What was cut out is silence before the mark is made, so nothing of it gets into what is open.
    """
    if not any(_parts(track.pieces, opened)):
        _refuse(track)
    yield _init(cut.quiet(_MARKED))
    yield cut.encoded(lead, -len(lead), _MARKED)
    at = 0
    for pcm in marked(samples(track, opened, end), key):
        yield cut.encoded(pcm, at, _MARKED)
        at += len(pcm)


def samples(track: CopiedTrack, opened: Sequence[Ticks], end: int) -> Iterator[Pcm]:
    """[0, end) samples of the track one after another; what is not in it, or not among the `opened`, is silence."""
    reached = 0
    for piece, start, stop in _parts(track.pieces, opened):
        yield from _silence(start - reached)
        yield cut.samples(piece.read(), start, stop)
        reached = stop
    yield from _silence(end - reached)


def _silence(length: int) -> Iterator[Pcm]:
    for at in range(0, length, _SILENCE):
        yield np.zeros(min(_SILENCE, length - at), np.int16)


def pictures(
    track: CopiedTrack, opened: Sequence[Ticks], end: int, lead: Image | None, absent: Image | None
) -> Iterator[bytes]:
    """[0, end) ticks of the camera after the card `lead`; `absent` is shown where it has nothing.

    Without cards, as for a camera of H.265, the last picture stays.
    """
    head = b""
    reached, anew = 0, lead is not None
    for piece, start, stop in _parts(track.pieces, opened):
        content = decoded_earlier(piece.read())
        init = _init(content)
        if not head:
            head = init
            yield head
            if lead is not None:
                yield still(lead, -LEAD_SECONDS * VIDEO_RATE, 0)
        if absent is not None and start - reached > _WORTH_A_CARD:
            yield still(absent, reached, start)
            anew = True
        anew = anew or init != head
        if piece.whole and not anew and (start, stop) == (piece.span.start, piece.span.end):
            yield content[len(init) :]
        else:
            yield cut.pictures(content, start, stop, own_sets=anew)
            anew = init != head
        reached = stop
    if not head:
        _refuse(track)
    if absent is not None and end - reached > _WORTH_A_CARD:
        yield still(absent, reached, end)


def size_of(track: CopiedTrack) -> tuple[int, int]:
    """Width and height of its first pictures; raises MediaUnreadable."""
    return cut.size(track.pieces[0].read())


def _refuse(track: CopiedTrack) -> NoReturn:
    raise MediaUnreadable(f"Nothing of the track {track.track} may be handed out: choose another one.")


def _parts(pieces: Iterable[Piece], opened: Sequence[Ticks]) -> Iterator[tuple[Piece, int, int]]:
    """What of each piece may go, in order of time; where pieces overlap, the earlier one."""
    reached = 0
    for piece in pieces:
        for start, stop in kept(max(reached, piece.span.start), piece.span.end, opened):
            yield piece, start, stop
            reached = stop


def _init(content: bytes) -> bytes:
    """What stands before the first fragment; its boxes alone are looked at, since a segment has hundreds of others."""
    at = 0
    while content[at + 4 : at + 8] != b"moof":
        size = int.from_bytes(content[at : at + 4])
        if size < _BOX_HEAD or at + size >= len(content):
            raise MediaUnreadable("A segment holds not one fragment: verify the hearing.")
        at += size
    return content[:at]
