"""Reads one stored segment. Takes any bytes; whatever is wrong with them gives one exception."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import av
import numpy as np
from av.audio.resampler import AudioResampler

from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm
from hardware.errors import MediaUnreadable

_MAX_SECONDS = 120  # four times the longest segment: what claims more is not one of ours


Segment = bytes | str | os.PathLike[str]
"""A segment's content, or the path of its file."""

_Result = TypeVar("_Result")


def read_pcm(segment: Segment, rate: int = AUDIO_RATE) -> tuple[int, Pcm]:
    """The number of the first sample on the hearing's timeline and the mono samples, both at `rate` per second.

    A segment cut off anywhere gives its whole packets. Raises MediaUnreadable if there is not one.
    """
    return _reading(segment, lambda container: _sound(container, rate))


def pictures_end(segment: Segment) -> int:
    """The 90 kHz tick on the hearing's timeline at which the last whole picture ends.

    Raises MediaUnreadable if there is not one.
    """
    return _reading(segment, _last_shown)


def _reading(segment: Segment, read: Callable[[Any], _Result]) -> _Result:
    source: BinaryIO = io.BytesIO(segment) if isinstance(segment, bytes) else _opened(Path(segment))
    with source:
        try:
            # No trust in the content: only our own container, and nothing it refers to outside itself is opened.
            with av.open(source, format="mp4", options={"enable_drefs": "0"}) as container:
                return read(container)
        except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
            raise MediaUnreadable(f"The segment cannot be read ({error}): fetch it again.") from None


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise MediaUnreadable(f"The segment {path} cannot be read ({error.strerror}): check its path.") from None


def _sound(container: Any, rate: int) -> tuple[int, Pcm]:
    start, pieces, count = None, [], 0
    resampler = AudioResampler("s16", "mono", rate)
    for frame in _frames(container, "audio"):
        if start is None:
            start = int((frame.pts or 0) * frame.time_base * rate)
        for piece in resampler.resample(frame):
            pieces.append(piece.to_ndarray()[0])
            count += pieces[-1].size
        if count > _MAX_SECONDS * rate:
            raise MediaUnreadable(f"The segment is longer than {_MAX_SECONDS} seconds: it is not one of ours.")
    if start is None:
        raise MediaUnreadable("The segment holds not one whole packet of sound.")
    pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    return start, np.concatenate(pieces)


def _last_shown(container: Any) -> int:
    end = 0
    for frame in _frames(container, "video"):
        end = max(end, int(((frame.pts or 0) + (frame.duration or 0)) * frame.time_base * VIDEO_RATE))
    if end == 0:
        raise MediaUnreadable("The segment holds not one whole picture.")
    return end


def _frames(container: Any, kind: str) -> Iterator[Any]:
    """Decoded frames up to the first packet that is damaged."""
    stream = container.streams.best(kind)
    if stream is None:
        raise MediaUnreadable(f"The segment holds no {kind}: it is another track's.")
    packets = container.demux(stream)
    while True:
        try:
            frames = next(packets).decode()
        except (StopIteration, av.FFmpegError):
            return
        yield from frames
