"""Composition offsets of stored pictures, which FFmpeg misreads where they are negative. Pure.

Cameras with B-frames have their pictures decoded in another order than shown. Our segments state at which tick each is
shown, by offsets with a sign (ISO/IEC 14496-12 §8.8.8); libav shows a whole stream later as soon as it finds a negative
one, by a tenth of a second perhaps: what is cut by its times would hold pictures of a closed part.
"""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.boxes import Fragment, boxes, fragments
from hardware.errors import MediaUnreadable

_BOX = 8
_BASE_IS_MOOF, _NEEDED = 0x020000, 0x38  # tfhd: data offsets count from the moof; duration, size and flags stand in it
_FIRST, _OFFSET = 0x4, 0x800  # trun: flags of the first picture; composition offsets
_ALL = 0x01000F01  # a trun of version 1 that says everything of each picture
_WRAP = 1 << 64  # what begins before 0 has a negative decode time


class _Moof(NamedTuple):
    """`table` has a row for each picture: duration, size, flags, offset."""

    mfhd: bytes
    tfhd: bytes
    tick: int
    table: NDArray[np.int64]
    mdat: bytes


def decoded_earlier(content: bytes) -> bytes:
    """The segment with decode times so much earlier that no offset is negative; each picture is shown at its tick.

    Raises MediaUnreadable for offsets in fragments that are built otherwise than our muxer builds them.
    """
    if not _has_offsets(content):
        return content
    found = fragments(content)
    moofs = [_moof(content[one.start : one.end]) for one in found]
    known = [one for one in moofs if one is not None]
    shift = max((-int(one.table[:, 3].min()) for one in known), default=0)
    if len(known) < len(found):
        raise MediaUnreadable("A segment of pictures is built as the recorder builds none: verify the hearing.")
    if shift <= 0:
        return content
    return content[: found[0].start] + b"".join(_written(one, shift) for one in known)


def held(content: bytes, one: Fragment) -> tuple[int, int]:
    """From which tick to which a fragment shows or sounds; raises MediaUnreadable for one that is built otherwise."""
    moof = _moof(content[one.start : one.end])
    if moof is None:
        raise MediaUnreadable("A segment is built as the recorder builds none: verify the hearing.")
    lasts = moof.table[:, 0]
    begin = np.cumsum(lasts) - lasts + moof.table[:, 3]
    return one.tick + int(begin.min()), one.tick + int((begin + lasts).max())


def _has_offsets(content: bytes) -> bool:
    """Whether any fragment states offsets, told quickly: few cameras have B-frames, and a segment many fragments."""
    at = 0
    while at + _BOX <= len(content):
        end = at + max(_BOX, int.from_bytes(content[at : at + 4]))
        if content[at + 4 : at + _BOX] == b"moof":
            trun = content.find(b"trun", at, end)
            if 0 <= trun < len(content) - _BOX and content[trun + 6] & _OFFSET >> 8:
                return True
        at = end
    return False


def _moof(fragment: bytes) -> _Moof | None:
    """None for what is built otherwise."""
    try:
        return _parsed(fragment)
    except (KeyError, ValueError, struct.error):  # a box is not there, or is shorter than it says
        return None


def _parsed(fragment: bytes) -> _Moof | None:
    (_, _, moof), (at, _, _) = list(boxes(fragment))[:2]
    parts = {kind: body for _, kind, body in boxes(moof)}
    inner = [(kind, body) for _, kind, body in boxes(parts[b"traf"])]
    if [kind for kind, _ in inner] != [b"tfhd", b"tfdt", b"trun"]:
        return None
    tfhd, tfdt, trun = (body for _, body in inner)
    usual, says = int.from_bytes(tfhd[1:4]), int.from_bytes(trun[1:4])
    if usual & (_BASE_IS_MOOF | _NEEDED | 1) != _BASE_IS_MOOF | _NEEDED or len(tfdt) != 4 + _BOX or not says & 1:
        return None
    count, begin = int.from_bytes(trun[4:8]), 12 + 4 * bool(says & _FIRST)
    told = [place for place in range(4) if says & (0x100 << place)]
    if int.from_bytes(trun[8:12]) != at + _BOX or len(trun) != begin + 4 * count * len(told) or not count:
        return None
    table = np.zeros((count, 4), np.int64)
    table[:, :3] = struct.unpack(">III", tfhd[-12:])
    if says & _FIRST:
        table[0, 2] = int.from_bytes(trun[12:16])
    table[:, told] = np.frombuffer(trun, ">u4", count * len(told), begin).reshape(count, len(told))
    table[:, 3] = table[:, 3].astype(np.uint32).view(np.int32)
    return _Moof(parts[b"mfhd"], tfhd, int.from_bytes(tfdt[4:]), table, fragment[at:])


def _written(one: _Moof, shift: int) -> bytes:
    table = (one.table + np.array([0, 0, 0, shift])).astype(">u4").tobytes()
    tfdt = b"\1\0\0\0" + ((one.tick - shift) % _WRAP).to_bytes(8)
    trun = struct.pack(">III", _ALL, len(one.table), 0) + table
    length = len(_moofed(one, tfdt, trun))
    trun = struct.pack(">III", _ALL, len(one.table), length + _BOX) + table
    return _moofed(one, tfdt, trun) + one.mdat


def _moofed(one: _Moof, tfdt: bytes, trun: bytes) -> bytes:
    traf = _box(b"tfhd", one.tfhd) + _box(b"tfdt", tfdt) + _box(b"trun", trun)
    return _box(b"moof", _box(b"mfhd", one.mfhd) + _box(b"traf", traf))


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + _BOX).to_bytes(4) + kind + body
