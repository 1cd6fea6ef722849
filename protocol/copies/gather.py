"""The fragments of stored sound as one: FFmpeg is longer over a fragment's boxes than over its packets. Pure."""

import struct

import numpy as np
from numpy.typing import NDArray

from hardware.boxes import MAX_SAMPLES

_BOX = 8  # bytes of a box before its body
_HEAD = np.dtype([
    ("length", ">u4"), ("moof", "V12"), ("_mfhd", "V8"), ("_traf", ">u4"), ("traf", "V16"), ("_track", "V8"),
    ("duration", ">u4"), ("size", ">u4"), ("flags", ">u4"), ("tfdt", "V12"), ("tick", ">u8"),
    ("_trun", ">u4"), ("trun", "V4"), ("says", ">u4"), ("count", ">u4"), ("offset", ">u4"),
])  # fmt: skip
"""moof with mfhd; traf with tfhd, tfdt and the head of trun, as libav writes them for sound (ISO/IEC 14496-12 §8.8)."""
_BUILT = {
    "moof": b"moof\0\0\0\x10mfhd", "traf": b"traf\0\0\0\x20tfhd\0\2\0\x3a", "tfdt": b"\0\0\0\x14tfdt\1\0\0\0",
    "trun": b"trun",
}  # fmt: skip
_COLUMNS = {0x01000001: 0, 0x01000201: 1, 0x01000301: 2}
"""What a trun says of each packet by itself: nothing, its size, its duration and size; a number each."""
_BOTH = 0x01000301
_TRAF, _TRUN = 24, 84  # where they begin


def gathered(content: bytes) -> bytes:
    """The same packets at the same times in one fragment; the content as it is where its fragments are built otherwise,
    or do not follow one another."""
    starts, bodies, ends = _fragments(content)
    if not starts or ends[-1] != len(content):
        return content
    heads = np.frombuffer(content, np.uint8)[np.add.outer(starts, np.arange(_HEAD.itemsize))].view(_HEAD)[:, 0]
    columns = np.array([_COLUMNS.get(says, -1) for says in heads["says"].tolist()])
    if not _built(heads, columns):
        return content
    counts = heads["count"].astype(np.int64)
    firsts = np.cumsum(counts) - counts
    told = np.column_stack([np.repeat(heads["duration"], counts), np.repeat(heads["size"], counts)]).astype(">u4")
    for one in np.flatnonzero(columns):
        count, width = counts[one], columns[one]
        table = np.frombuffer(content, ">u4", count * width, starts[one] + _HEAD.itemsize).reshape(count, width)
        told[firsts[one] : firsts[one] + count, -width:] = table
    packets = b"".join([content[body:end] for body, end in zip(bodies, ends, strict=True)])
    begun = np.concatenate([[0], np.cumsum(told[:, 0], dtype=np.uint64)])[firsts].astype(np.uint64)
    if (heads["tick"] != heads["tick"][0] + begun).any() or told[:, 1].sum(dtype=np.int64) != len(packets):
        return content
    length = _HEAD.itemsize + told.nbytes
    head = bytearray(content[:_TRUN])
    head[:4], head[_TRAF : _TRAF + 4] = length.to_bytes(4), (length - _TRAF).to_bytes(4)
    run = struct.pack(">I4sIII", length - _TRUN, b"trun", _BOTH, len(told), length + _BOX)
    return b"".join([head, run, told.tobytes(), (len(packets) + _BOX).to_bytes(4), b"mdat", packets])


def _fragments(content: bytes) -> tuple[list[int], list[int], list[int]]:
    """Where each begins, where its packets do, and where they end; up to what cannot be one."""
    starts, bodies, ends, at = [], [], [], 0
    while at + _HEAD.itemsize < len(content):
        box = at + int.from_bytes(content[at : at + 4])
        end = box + int.from_bytes(content[box : box + 4])
        if not at + _HEAD.itemsize <= box < box + _BOX <= end <= len(content):
            break
        starts.append(at)
        bodies.append(box + _BOX)
        ends.append(end)
        at = end
    return starts, bodies, ends


def _built(heads: NDArray[np.void], columns: NDArray[np.int64]) -> bool:
    """Whether they are built as ours, with tables of so many columns."""
    return bool(
        all((heads[name] == np.void(value)).all() for name, value in _BUILT.items())
        and (columns >= 0).all()
        and heads["count"].sum(dtype=np.int64) <= MAX_SAMPLES
        and (heads["length"] == _HEAD.itemsize + 4 * columns * heads["count"]).all()
        and (heads["offset"] == heads["length"] + _BOX).all()
        and (heads["flags"] == heads["flags"][0]).all()
    )
