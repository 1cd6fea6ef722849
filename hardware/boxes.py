"""How far a file is built as our segments are (fragmented MP4, ISO/IEC 14496-12 §8.8), checked before libav sees it.

libav makes room for as many samples as a file claims to have, so some hundred bytes could take gigabytes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_SAMPLES = 1 << 16
"""Packets of a segment: thirty seconds have a few hundred of sound and a few thousand of pictures."""

_MAX_INIT = 1 << 16  # bytes; ours have about a thousand
_HEADER = 8
_NON_SYNC = 0x10000


def our_part(content: bytes) -> bytes:
    """The content up to the first box that is not one of ours; packets may be cut off in the middle."""
    samples = 0
    for start, kind, body in boxes(content):
        if kind == b"moof":
            samples += _claimed(body)
            # One that was cut off has no packets behind it, and libav would read none of those before it.
            ours = samples <= MAX_SAMPLES and _HEADER + len(body) == int.from_bytes(content[start : start + 4])
        elif kind == b"moov":
            ours = len(body) <= _MAX_INIT and b"trun" not in body  # libav reads one anywhere
        else:
            ours = kind in (b"ftyp", b"mdat")
        if not ours:
            return content[:start]
    return content


def _claimed(moof: bytes) -> int:
    """How many samples a fragment claims to have; more than are allowed if it holds anything else."""
    samples = 0
    for _, kind, body in boxes(moof):
        for _, inner, fields in boxes(body) if kind == b"traf" else ():
            if inner == b"trun":
                samples += int.from_bytes(fields[4:8])
            elif inner not in (b"tfhd", b"tfdt"):
                return MAX_SAMPLES + 1
        if kind not in (b"mfhd", b"traf"):
            return MAX_SAMPLES + 1
    return samples


def boxes(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Where each box starts, its kind and what is there of its body; the kind is empty where no box can be."""
    at = 0
    while at < len(content):
        size, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + _HEADER]
        if size < _HEADER:
            kind, size = b"", len(content)
        yield at, kind, content[at + _HEADER : at + size]
        at += size


@dataclass(frozen=True, slots=True)
class Fragment:
    """Bytes [start, end) of a segment (moof and mdat) and the tick of the track's own timescale it begins at, which
    stands in `width` bytes at `stamp`. `sync`: it can be decoded without those before it."""

    start: int
    end: int
    tick: int
    stamp: int
    width: int
    sync: bool


def fragments(content: bytes) -> list[Fragment]:
    """The whole fragments of a segment, in order; of what is none of ours, those before it."""
    found: list[Fragment] = []
    content = our_part(content)
    opened: tuple[int, int, int, bool] | None = None
    for start, kind, body in boxes(content):
        end = start + _HEADER + len(body)
        if kind == b"moof":
            stamp = _stamp(body)
            opened = None if stamp is None else (start, start + _HEADER + stamp[0], stamp[1], _in_sync(body))
        elif kind == b"mdat" and opened is not None and end - start == int.from_bytes(content[start : start + 4]):
            moof, stamp_at, width, sync = opened
            tick = int.from_bytes(content[stamp_at : stamp_at + width])
            found.append(Fragment(moof, end, tick, stamp_at, width, sync))
            opened = None
    return found


def moved(content: bytes, chosen: Iterable[Fragment], ticks: int) -> bytes:
    """These fragments of the segment, beginning so many ticks later; what would begin before 0 is left out."""
    parts = []
    for one in chosen:
        tick = one.tick + ticks
        if 0 <= tick < 1 << 8 * one.width:
            parts += [
                content[one.start : one.stamp],
                tick.to_bytes(one.width),
                content[one.stamp + one.width : one.end],
            ]
    return b"".join(parts)


def _in_sync(moof: bytes) -> bool:
    """Whether its first sample is a sync sample (§8.8.3.1), by the run's own flags, else by the track's defaults."""
    default = 0
    for _, kind, traf in boxes(moof):
        for _, inner, fields in boxes(traf) if kind == b"traf" else ():
            told = int.from_bytes(fields[1:4])
            if inner == b"tfhd" and told & 0x20:
                at = 8 + sum(size for bit, size in ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4)) if told & bit)
                default = int.from_bytes(fields[at : at + 4])
            elif inner == b"trun":
                at = 8 + (4 if told & 0x1 else 0)
                own = int.from_bytes(fields[at : at + 4]) if told & 0x4 else default
                return not own & _NON_SYNC
    return False


def _stamp(moof: bytes) -> tuple[int, int] | None:
    """Where in the body of a moof its first track's decode time (tfdt, §8.8.12) stands, and its width in bytes."""
    for traf_at, kind, traf in boxes(moof):
        for at, inner, fields in boxes(traf) if kind == b"traf" else ():
            width = 8 if fields[:1] == b"\1" else 4
            if inner == b"tfdt" and len(fields) == 4 + width:
                return traf_at + _HEADER + at + _HEADER + 4, width
    return None
