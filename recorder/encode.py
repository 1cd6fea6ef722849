"""Writes one segment: a fragmented MP4 (CMAF) file that plays however it is cut off.

The decode time in every fragment is the hearing's own, and the init part is the same in all segments of a track, so
the segments of a track, one behind the other, are one stream.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from court.room import Profile
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm, Picture, PictureFormat
from recorder.boxes import init_size
from recorder.sink import Sink

SYNC_SECONDS = 0.4
"""How much a power cut may take of what was written. A fragment goes to the kernel at once, which outlives us."""
_FRAGMENT_SECONDS = 0.1
_KEYFRAME_SECONDS = 2
_HEAD = 1 << 16
_SAMPLE, _TICK = Fraction(1, AUDIO_RATE), Fraction(1, VIDEO_RATE)

_MP4 = {
    "movflags": "cmaf+frag_discont+frag_keyframe+default_base_moof+skip_trailer",
    "use_editlist": "0",
    "flush_packets": "1",
    "video_track_timescale": str(VIDEO_RATE),
}
_FLAC = {"frame_size": "2400"}  # a block of the room, 0.1 s, is two frames: the encoder holds nothing of it back
_OPUS = {"application": "voip", "frame_duration": "20"}
_OPUS_BITS = 32_000  # per second: speech without audible loss
_X264 = {"preset": "superfast", "tune": "zerolatency", "bf": "0", "threads": "1"}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished segment file: its size, that of its init part, its SHA-256 in hex."""

    size: int
    init_size: int
    sha256: str


class SegmentFile:
    """One growing segment; subclasses know what stream it holds."""

    fragment_seconds = _FRAGMENT_SECONDS
    rate: int
    """Ticks per second of its packets' stamps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sink = Sink(path)
        options = {**_MP4, "frag_duration": str(int(self.fragment_seconds * 1_000_000))}
        self._container: Any = av.open(self._sink, "w", format="mp4", options=options)
        self._synced: int | None = None

    @property
    def written(self) -> int:
        """Bytes that are in the file: of whole fragments."""
        return self._sink.size

    def seal(self) -> Sealed:
        """Writes what is left, makes it durable, closes."""
        self._mux(self._rest())
        self._container.close()
        self._sink.close()
        with self.path.open("rb") as file:
            return Sealed(self._sink.size, init_size(file.read(_HEAD)), self._sink.sha256)

    def abandon(self) -> None:
        """Closes the file as it is: nothing the muxer still holds reaches it, not even later."""
        self._sink.abandon()
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()

    def _rest(self) -> list[Any]:
        return []

    def _mux(self, packets: list[Any]) -> None:
        """Packets whose stamps count `rate` ticks per second."""
        if not packets:
            return
        self._container.mux(packets)
        reached = packets[-1].dts
        if self._synced is None or reached - self._synced >= SYNC_SECONDS * self.rate:
            self._sink.sync()
            self._synced = reached


class SoundFile(SegmentFile):
    """Mono FLAC, 48 kHz, 16 bit."""

    codec = "flac"
    rate = AUDIO_RATE
    fragment_seconds = 0.04  # every frame

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._stream = self._make_stream()
        self._stream.time_base = _SAMPLE

    def _make_stream(self) -> Any:
        return self._container.add_stream("flac", rate=AUDIO_RATE, layout="mono", format="s16", options=_FLAC)

    def write(self, start: int, pcm: Pcm) -> None:
        """Appends mono samples, which must follow those before; `start` counts samples of the hearing."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        frame.pts, frame.time_base = start, _SAMPLE
        self._mux(self._stream.encode(frame))

    def _rest(self) -> list[Any]:
        packets: list[Any] = self._stream.encode(None)
        return packets


class OpusFile(SoundFile):
    """Mono Opus (RFC 6716) at about 32 kbit/s, in packets of 20 ms.

    Its encoder is late by the pre-skip that the init part names (312 samples). A segment's first packet stands at the
    hearing's sample all the same; the first 312 decoded samples are to be dropped, and the packets last 312 samples
    longer than the sound. hardware.segment_reader undoes exactly that.
    """

    codec = "opus"
    fragment_seconds = 0.2  # their heads would be a third of it otherwise

    def _make_stream(self) -> Any:
        stream = self._container.add_stream("libopus", rate=AUDIO_RATE, layout="mono", format="s16", options=_OPUS)
        stream.bit_rate = _OPUS_BITS
        self._late: int | None = None
        return stream

    def write(self, start: int, pcm: Pcm) -> None:
        if self._late is None:
            self._begin = start
        super().write(start, pcm)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            if self._late is None:
                self._late = self._begin - packet.pts
            packet.pts = packet.dts = packet.pts + self._late
        super()._mux(packets)


class PictureFile(SegmentFile, ABC):
    rate = VIDEO_RATE

    @abstractmethod
    def write(self, picture: Picture) -> None:
        """Appends a picture; its `start` counts ticks of the hearing."""


class EncodedPictureFile(PictureFile):
    """Frames, encoded here as H.264. Begins with a keyframe."""

    def __init__(self, path: Path, form: PictureFormat, quality: Mapping[str, str]) -> None:
        super().__init__(path)
        rate = Fraction(form.frames_per_second).limit_denominator(1001)
        options = {**_X264, **quality, "g": str(max(1, round(rate * _KEYFRAME_SECONDS)))}
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height = form.width & ~1, form.height & ~1
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = self._stream.time_base = _TICK
        self._duration = round(VIDEO_RATE / rate)

    def write(self, picture: Picture) -> None:
        frame = picture.content.reformat(width=self._stream.width, height=self._stream.height, format="yuv420p")
        frame.pts, frame.time_base = picture.start, _TICK
        frame.duration = self._duration
        frame.pict_type = av.video.frame.PictureType.NONE  # the encoder chooses, not the source's encoder
        self._mux(self._stream.encode(frame))

    def _rest(self) -> list[Any]:
        packets: list[Any] = self._stream.encode(None)
        return packets


class KeptPictureFile(PictureFile):
    """H.264 or H.265 packets exactly as the camera made them. The first must be a keyframe."""

    def __init__(self, path: Path, form: PictureFormat) -> None:
        super().__init__(path)
        self._stream = self._container.add_stream_from_template(form.kept)
        if form.codec == "hevc":
            self._stream.codec_context.codec_tag = "hvc1"  # parameter sets in the init part, as browsers want them
        self._stream.time_base = _TICK
        self._duration = round(VIDEO_RATE / form.frames_per_second)

    def write(self, picture: Picture) -> None:
        packet = av.Packet(bytes(picture.content))
        packet.pts, packet.dts = picture.start, picture.decode_start
        packet.time_base, packet.duration = _TICK, self._duration
        packet.is_keyframe = picture.keyframe
        packet.stream = self._stream
        self._mux([packet])


@dataclass(frozen=True, slots=True)
class Coding:
    """How a room's profile has sound written, and pictures that are encoded here (`quality`: options of x264)."""

    sound: type[SoundFile]
    quality: Mapping[str, str]

    def picture_file(self, path: Path, form: PictureFormat) -> PictureFile:
        """Keeps the packets of a camera that gives H.264 or H.265, encodes the frames of any other."""
        return EncodedPictureFile(path, form, self.quality) if form.kept is None else KeptPictureFile(path, form)


CODINGS = {
    Profile.EVIDENCE: Coding(SoundFile, {"crf": "23"}),
    Profile.SLOW_LINE: Coding(OpusFile, {"crf": "30", "maxrate": "250k", "bufsize": "500k"}),
}
EVIDENCE = CODINGS[Profile.EVIDENCE]
