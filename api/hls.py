"""HLS playlists over the stored segments (RFC 8216 and its second edition). Pure: rows in, text out.

Playback time is the hearing's time: whatever of the timeline a track cannot give (a break, a fault, a stretch that
has not arrived, a part the listener may not have) stands in the playlist as EXT-X-GAP entries of the same length.
Segments are played straight from the evidence: the init part and the media part are byte ranges of one file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from court.clock import iso_utc
from court.timeline import SampleRange

TARGET_SECONDS = 30
MEDIA_TYPE = "application/vnd.apple.mpegurl"
_GAP_URI = "gap"


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment to play: `uri` relative to the playlist, sizes in bytes, `utc` its beginning on the wall clock.

    With `init_uri` the init part is a resource of its own, and `uri` all that is to be played, whatever its size.
    """

    span: SampleRange
    uri: str
    size: int
    init_size: int
    utc: datetime
    init_uri: str = ""


@dataclass(frozen=True, slots=True)
class Inset:
    """A stretch that is played from another recording: its seams are `utc` and so many `seconds` later."""

    recording: str
    utc: datetime
    seconds: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Rendition:
    """A track in the master playlist; `codec` as RFC 6381 names it, empty if unknown."""

    track: str
    name: str
    codec: str
    bits_per_second: int


def media_playlist(pieces: Iterable[Piece], end: int, rate: int, ended: bool, insets: Iterable[Inset] = ()) -> str:
    """The playlist of one track over [0, end) ticks at `rate`; `ended` closes it.

    `pieces` are what can be played, in any order, without overlap; everything else becomes gap entries. All of them
    carry the hearing's own time stamps, so the timeline has no discontinuity where an inset begins or ends.
    """
    body: list[str] = []
    longest = float(TARGET_SECONDS)
    reached, init = 0, ("", -1)
    for piece in sorted(pieces, key=lambda one: one.span):
        body += _gap(reached, piece.span.start, rate)
        if (piece.init_uri, piece.init_size) != init or piece.span.start > reached:
            # Behind a gap a camera may have begun anew.
            init = piece.init_uri, piece.init_size
            body.append(f"#EXT-X-MAP:{_init_of(piece)}")
        body += [
            f"#EXT-X-PROGRAM-DATE-TIME:{iso_utc(piece.utc)}",
            f"#EXTINF:{piece.span.seconds:.6f},",
            *([] if piece.init_uri else [f"#EXT-X-BYTERANGE:{piece.size - piece.init_size}@{piece.init_size}"]),
            piece.uri,
        ]
        longest = max(longest, piece.span.seconds)
        reached = piece.span.end
    body += _gap(reached, end, rate)
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:8",
        f"#EXT-X-TARGETDURATION:{round(longest)}",
        f"#EXT-X-PLAYLIST-TYPE:{'VOD' if ended else 'EVENT'}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *(_date_range(one) for one in insets),
    ]
    return "\n".join([*head, *body, *(["#EXT-X-ENDLIST"] if ended else [])]) + "\n"


def master_playlist(sound: Sequence[Rendition], picture: Rendition | None) -> str:
    """All sound tracks as alternatives, the first of them the default, beside one picture if there is any."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:8", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for position, one in enumerate(sound):
        chosen = "YES" if position == 0 else "NO"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="{_quotable(one.name)}",DEFAULT={chosen},'
            f'AUTOSELECT={chosen},CHANNELS="1",URI="{one.track}.m3u8"'
        )
    variants = [[one for one in (picture, *sound[:1]) if one is not None]]
    if sound and picture is not None and picture.codec.startswith("hvc1"):
        variants.append([*sound[:1]])  # not every browser plays H.265: let it play the sound at least
    for heard_and_seen in variants:
        attributes = [f"BANDWIDTH={max(1, sum(one.bits_per_second for one in heard_and_seen))}"]
        if all(one.codec for one in heard_and_seen):
            attributes.append(f'CODECS="{",".join(one.codec for one in heard_and_seen)}"')
        if sound:
            attributes.append('AUDIO="sound"')
        for variant in heard_and_seen[:1]:
            lines += [f"#EXT-X-STREAM-INF:{','.join(attributes)}", f"{variant.track}.m3u8"]
    return "\n".join(lines) + "\n"


def codec_name(codec: str, init: bytes) -> str:
    """The RFC 6381 name of a stored codec; `init` is the segment's init part, which holds what the name needs.

    Empty where it cannot be told: the player then finds out by itself.
    """
    if codec == "h264":
        # ISO/IEC 14496-15 §5.3.3.1: avcC begins with its version, then profile, compatibility and level.
        start = init.find(b"avcC") + 5
        return f"avc1.{init[start : start + 3].hex()}" if 5 <= start <= len(init) - 3 else ""
    if codec == "hevc":
        start = init.find(b"hvcC") + 5
        return _hevc_name(init[start : start + 12]) if 5 <= start <= len(init) - 12 else ""
    return {"flac": "fLaC", "opus": "Opus"}.get(codec, "")


def _hevc_name(told: bytes) -> str:
    """ISO/IEC 14496-15 Annex E.3, from hvcC after its version: profile, compatibility, constraints and level."""
    space, tier, profile = told[0] >> 6, told[0] >> 5 & 1, told[0] & 31
    compatible = int(f"{int.from_bytes(told[1:5]):032b}"[::-1], 2)
    constraints = "".join(f".{byte:x}" for byte in told[5:11].rstrip(b"\0"))
    return f"hvc1.{' ABC'[space].strip()}{profile}.{compatible:x}.{'LH'[tier]}{told[11]}{constraints}"


def _date_range(one: Inset) -> str:
    return (
        f'#EXT-X-DATERANGE:ID="{one.recording}-{iso_utc(one.utc)}",CLASS="courtrec.spare",START-DATE="{iso_utc(one.utc)}",'
        f'DURATION={one.seconds:.3f},X-RECORDING="{one.recording}",X-UNCERTAINTY={one.uncertainty:.3f}'
    )


def _init_of(piece: Piece) -> str:
    return f'URI="{piece.init_uri}"' if piece.init_uri else f'URI="{piece.uri}",BYTERANGE="{piece.init_size}@0"'


def _gap(start: int, end: int, rate: int) -> list[str]:
    """Gap entries that fill [start, end) ticks, none longer than the target duration."""
    lines: list[str] = []
    while start < end:
        stop = min(end, start + TARGET_SECONDS * rate)
        lines += ["#EXT-X-GAP", f"#EXTINF:{(stop - start) / rate:.6f},", _GAP_URI]
        start = stop
    return lines


def _quotable(text: str) -> str:
    """`text` without what would end a quoted attribute."""
    return "".join(c for c in text if c.isprintable() and c != '"')
