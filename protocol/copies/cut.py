"""Parts of stored segments: nothing of what is left out is in their bytes, not even hidden by an edit list.

Sound is decoded, cut at the sample and encoded anew, which FLAC does without loss. Pictures are taken as packets: those
in front of a cut that can be decoded without any behind it, and behind a cut from the first keyframe on.
"""

import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import numpy as np

from hardware.boxes import fragments, our_part
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm
from hardware.errors import MediaUnreadable
from hardware.offsets import decoded_earlier
from hardware.segment_reader import NO_TRUST, read_pcm

MP4_OPTIONS = {
    "movflags": "cmaf+frag_discont+frag_keyframe+default_base_moof+skip_trailer",
    "use_editlist": "0",
    "frag_duration": "200000",
    "video_track_timescale": str(VIDEO_RATE),
}
_ENCODERS = {"flac": ("flac", {"frame_size": "2400"}), "opus": ("libopus", {"application": "voip"})}
_OPUS_BITS = 32_000
_SAMPLE, _TICK = Fraction(1, AUDIO_RATE), Fraction(1, VIDEO_RATE)
_QUIET_SECONDS = 30
_ONE_FRAGMENT = str(600 * 1_000_000)  # microseconds: longer than any segment
_WIDE = 8  # bytes of a decode time that may be negative: players read it with its sign


def sound(content: bytes, start: int, end: int, codec: str) -> bytes:
    """Samples [start, end) of the segment, as fragments; raises MediaUnreadable."""
    return encoded(samples(content, start, end), start, codec)


def samples(content: bytes, start: int, end: int) -> Pcm:
    """Samples [start, end) of the segment; what it does not have of them is silence. Raises MediaUnreadable."""
    begin, pcm = read_pcm(content)
    whole = np.zeros(end - start, np.int16)
    part = pcm[max(0, start - begin) : max(0, end - begin)]
    at = max(0, begin - start)
    whole[at : at + len(part)] = part
    return whole


def encoded(pcm: Pcm, start: int, codec: str) -> bytes:
    """These samples as fragments from `start` on, which may be negative."""
    return placed(_file(pcm, codec), start)


def silence(start: int, end: int, codec: str) -> Iterator[bytes]:
    """Silence in [start, end), piece by piece."""
    step = _QUIET_SECONDS * AUDIO_RATE
    while start < end:
        length = min(step, end - start)
        yield placed(quiet(codec), start) if length == step else encoded(np.zeros(length, np.int16), start, codec)
        start += length


def pictures(content: bytes, start: int, end: int, *, own_sets: bool) -> bytes:
    """The packets of the segment that show nothing outside [start, end), as fragments; `content` is decoded_earlier.

    With `own_sets` each keyframe bears its own parameter sets, for a stream whose head has others. Raises
    MediaUnreadable.
    """
    try:
        with av.open(io.BytesIO(our_part(content)), format="mp4", options=NO_TRUST) as source:
            template = source.streams.video[0]
            sets = parameter_sets(template.codec_context) if own_sets else b""
            file = io.BytesIO()
            with av.open(file, "w", format="mp4", options=MP4_OPTIONS) as container:
                stream = container.add_stream_from_template(template)
                stream.time_base = _TICK
                chosen = [_copy(packet, stream, sets) for packet in _decodable(_packets(source, template), start, end)]
                if not chosen:
                    return b""
                container.mux(chosen)
    except (av.FFmpegError, IndexError, ValueError, OverflowError) as error:
        raise MediaUnreadable(f"A segment of pictures cannot be read ({_reason(error)}): verify the hearing.") from None
    return placed(decoded_earlier(file.getvalue()), 0)


def size(content: bytes) -> tuple[int, int]:
    """Width and height of a segment's pictures; raises MediaUnreadable."""
    try:
        with av.open(io.BytesIO(our_part(content)), format="mp4", options=NO_TRUST) as source:
            codec: Any = source.streams.video[0].codec_context
            return codec.width, codec.height
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise MediaUnreadable(f"A segment of pictures cannot be read ({_reason(error)}): verify the hearing.") from None


def parameter_sets(codec: Any) -> bytes:
    """What decoding its pictures needs beforehand (H.264, H.265), as NAL units with their lengths before them."""
    head = bytes(codec.extradata or b"")
    if codec.name == "h264":  # ISO/IEC 14496-15 §5.3.3.1
        found, at = [], 5
        for mask in (0x1F, 0xFF):
            count, at = head[at] & mask, at + 1
            for _ in range(count):
                found.append(head[at + 2 : at + 2 + int.from_bytes(head[at : at + 2])])
                at += 2 + len(found[-1])
    else:  # §8.3.3.1
        found, at = [], 23
        for _ in range(head[22]):
            count, at = int.from_bytes(head[at + 1 : at + 3]), at + 3
            for _ in range(count):
                found.append(head[at + 2 : at + 2 + int.from_bytes(head[at : at + 2])])
                at += 2 + len(found[-1])
    return b"".join(len(one).to_bytes(4) + one for one in found)


def placed(content: bytes, ticks: int) -> bytes:
    """The fragments of `content`, so many ticks later and without its init part; what begins before 0 has a negative
    decode time."""
    parts = []
    for one in fragments(content):
        if one.width != _WIDE:
            raise MediaUnreadable("A fragment has a short decode time: the muxer writes none.")
        tick = (one.tick + ticks) % (1 << 8 * _WIDE)
        stamp = tick.to_bytes(_WIDE)
        parts += [content[one.start : one.stamp], stamp, content[one.stamp + _WIDE : one.end]]
    return b"".join(parts)


@lru_cache(maxsize=4)
def quiet(codec: str) -> bytes:
    """Some silence from 0 on, as a file of its own."""
    return _file(np.zeros(_QUIET_SECONDS * AUDIO_RATE, np.int16), codec)


def _file(pcm: Pcm, codec: str) -> bytes:
    name, options = _ENCODERS[codec]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={**MP4_OPTIONS, "frag_duration": _ONE_FRAGMENT}) as container:
        stream: Any = container.add_stream(name, rate=AUDIO_RATE, layout="mono", format="s16", options=options)
        stream.time_base = _SAMPLE
        if codec == "opus":
            stream.bit_rate = _OPUS_BITS
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, 0, _SAMPLE
        packets = [*stream.encode(frame), *stream.encode(None)]
        early = packets[0].pts  # of Opus, see recorder.encode.OpusFile
        for packet in packets:
            packet.pts = packet.dts = packet.pts - early
        container.mux(packets)
    return file.getvalue()


def _packets(source: Any, template: Any) -> Iterator[Any]:
    """Up to the first packet that is damaged or was cut off."""
    try:
        for packet in source.demux(template):
            if packet.dts is None or packet.is_corrupt:
                return
            yield packet
    except av.FFmpegError:
        return


def _decodable(packets: Iterable[Any], start: int, end: int) -> Iterator[Any]:
    """From the first keyframe shown in [start, end) on, up to the first packet that is shown after it."""
    first: int | None = None
    for packet in packets:
        if first is None:
            if not packet.is_keyframe or packet.pts < start:
                continue
            first = packet.pts
        if packet.pts + (packet.duration or 0) > end:
            return  # what comes behind it may need it
        if packet.pts >= first:  # pictures ahead of a keyframe are made with those before it
            yield packet


def _copy(packet: Any, stream: Any, sets: bytes) -> Any:
    made = av.Packet((sets if packet.is_keyframe else b"") + bytes(packet))
    made.pts, made.dts, made.duration, made.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    made.is_keyframe, made.stream = packet.is_keyframe, stream
    return made


def _reason(error: Exception) -> str:
    """Of libav's errors without their number."""
    return str(getattr(error, "strerror", None) or error)
