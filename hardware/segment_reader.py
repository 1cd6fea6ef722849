"""Reads one stored segment. Takes any bytes; whatever is wrong with them gives one exception."""

import io
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
from av.audio.resampler import AudioResampler

from hardware.boxes import our_part
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm
from hardware.errors import MediaUnreadable
from hardware.offsets import decoded_earlier

_MAX_SECONDS = 120  # four times the longest segment: what claims more is not one of ours
_MAX_PIXELS = 1 << 24  # more than any 4K camera gives; libav would take gigabytes for what a few bytes can claim
_DECODERS = {"audio": ("flac", "opus"), "video": ("h264", "hevc")}
_PRE_SKIP = slice(10, 12)  # of an OpusHead (RFC 7845 §5.1), a number in little-endian order
NO_TRUST = {
    "enable_drefs": "0",  # nothing it refers to outside itself is opened
    "codec_whitelist": ",".join(itertools.chain(*_DECODERS.values())),
    "max_pixels": str(_MAX_PIXELS),
}
"""For a content nobody vouches for: of libav's hundreds of parsers and decoders it reaches only ours."""

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
    return _reading(decoded_earlier(our_part(_bytes(segment))), _last_shown)


def _bytes(segment: Segment) -> bytes:
    return segment if isinstance(segment, bytes) else _content(Path(segment))


def _reading(segment: Segment, read: Callable[[Any], _Result]) -> _Result:
    content = _bytes(segment)
    try:
        with av.open(io.BytesIO(our_part(content)), format="mp4", options=NO_TRUST) as container:
            return read(container)
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise MediaUnreadable(f"The segment cannot be read ({error}): fetch it again.") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MediaUnreadable(f"The segment {path} cannot be read ({error.strerror}): check its path.") from None


def _sound(container: Any, rate: int) -> tuple[int, Pcm]:
    start, pieces, count = None, [], 0
    resampler = AudioResampler("s16", "mono", rate)
    for frame in _heard(container):
        if frame.sample_rate != AUDIO_RATE:  # a frame of few samples a second would become hours of sound
            raise MediaUnreadable(f"The segment has {frame.sample_rate} samples a second, ours {AUDIO_RATE}.")
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


def _heard(container: Any) -> Iterator[Any]:
    """Decoded sound. Of Opus without what its encoder is late (recorder.encode.OpusFile), but from the same start."""
    late, start = None, 0
    for packet, frame in _decoded(container, "audio"):
        if packet.stream.codec_context.name != "opus":
            yield frame
            continue
        if late is None:
            late, start = (
                int.from_bytes((packet.stream.codec_context.extradata or b"")[_PRE_SKIP], "little"),
                frame.pts or 0,
            )
        pcm = frame.to_ndarray()[:, late : packet.duration or 0]
        late = max(0, late - frame.samples)
        if pcm.size:
            kept = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm), format=frame.format.name, layout=frame.layout)
            kept.sample_rate, kept.time_base, kept.pts = frame.sample_rate, frame.time_base, start
            start += kept.samples
            yield kept


def _frames(container: Any, kind: str) -> Iterator[Any]:
    return (frame for _, frame in _decoded(container, kind))


def _decoded(container: Any, kind: str) -> Iterator[tuple[Any, Any]]:
    """Packets with their decoded frames up to the first packet that is damaged."""
    stream = container.streams.best(kind)
    if stream is None:
        raise MediaUnreadable(f"The segment holds no {kind}: it is another track's.")
    decoder = stream.codec_context
    if decoder is None or decoder.name not in _DECODERS[kind]:
        ours = " or ".join(_DECODERS[kind])
        raise MediaUnreadable(f"The segment's {kind} is not in our coding ({ours}): it is none of ours.")
    decoder.options = {"max_pixels": str(_MAX_PIXELS), "flags2": "+skip_manual"}  # what is late is dropped here
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = () if packet.is_corrupt else packet.decode()  # cut off: Opus would make some noise of it
        except (StopIteration, av.FFmpegError):
            return
        yield from ((packet, frame) for frame in frames)
