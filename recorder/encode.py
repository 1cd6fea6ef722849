"""Writes one segment: a fragmented MP4 (CMAF) file that plays however it is cut off.

The decode time in every fragment is the hearing's own, and the init part is the same in all segments of a track, so
the segments of a track, one behind the other, are one stream.
"""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm, Picture, PictureFormat
from recorder.boxes import init_size
from recorder.sink import Sink

FRAGMENT_SECONDS = 0.5
_KEYFRAME_SECONDS = 2
_HEAD = 1 << 16

_MP4 = {
    "movflags": "cmaf+frag_discont+frag_keyframe+default_base_moof+skip_trailer",
    "use_editlist": "0",
    "frag_duration": str(int(FRAGMENT_SECONDS * 1_000_000)),
    "flush_packets": "1",
    "video_track_timescale": str(VIDEO_RATE),
}
_X264 = {"preset": "superfast", "tune": "zerolatency", "crf": "23", "bf": "0", "threads": "1"}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished segment file: its size, that of its init part, its SHA-256 in hex."""

    size: int
    init_size: int
    sha256: str


class SegmentFile:
    """One growing segment; subclasses know what stream it holds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sink = Sink(path)
        self._container: Any = av.open(self._sink, "w", format="mp4", options=_MP4)

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

    def _rest(self) -> Iterable[Any]:
        return ()

    def _mux(self, packets: Iterable[Any]) -> None:
        for packet in packets:
            self._container.mux(packet)
            self._sink.sync()


class SoundFile(SegmentFile):
    """Mono FLAC, 48 kHz, 16 bit."""

    codec = "flac"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._stream = self._container.add_stream("flac", rate=AUDIO_RATE, layout="mono", format="s16")
        self._stream.time_base = Fraction(1, AUDIO_RATE)

    def write(self, start: int, pcm: Pcm) -> None:
        """Appends mono samples, which must follow those before; `start` counts samples of the hearing."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE
        frame.pts, frame.time_base = start, Fraction(1, AUDIO_RATE)
        self._mux(self._stream.encode(frame))

    def _rest(self) -> Iterable[Any]:
        return list(self._stream.encode(None))


class PictureFile(SegmentFile, ABC):
    """H.264."""

    codec = "h264"

    @abstractmethod
    def write(self, picture: Picture) -> None:
        """Appends a picture; its `start` counts ticks of the hearing."""


class EncodedPictureFile(PictureFile):
    """Frames, encoded here. Begins with a keyframe."""

    def __init__(self, path: Path, form: PictureFormat) -> None:
        super().__init__(path)
        rate = Fraction(form.frames_per_second).limit_denominator(1001)
        options = {**_X264, "g": str(max(1, round(rate * _KEYFRAME_SECONDS)))}
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height = form.width & ~1, form.height & ~1
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, VIDEO_RATE)
        self._stream.time_base = Fraction(1, VIDEO_RATE)
        self._duration = round(VIDEO_RATE / rate)

    def write(self, picture: Picture) -> None:
        frame = picture.content.reformat(width=self._stream.width, height=self._stream.height, format="yuv420p")
        frame.pts, frame.time_base = picture.start, Fraction(1, VIDEO_RATE)
        frame.duration = self._duration
        frame.pict_type = av.video.frame.PictureType.NONE  # the encoder chooses, not the source's encoder
        self._mux(self._stream.encode(frame))

    def _rest(self) -> Iterable[Any]:
        return list(self._stream.encode(None))


class KeptPictureFile(PictureFile):
    """H.264 packets exactly as the camera made them. The first must be a keyframe."""

    def __init__(self, path: Path, form: PictureFormat) -> None:
        super().__init__(path)
        self._stream = self._container.add_stream_from_template(form.kept)
        self._stream.time_base = Fraction(1, VIDEO_RATE)
        self._duration = round(VIDEO_RATE / form.frames_per_second)

    def write(self, picture: Picture) -> None:
        packet = av.Packet(bytes(picture.content))
        packet.pts, packet.dts = picture.start, picture.decode_start
        packet.time_base, packet.duration = Fraction(1, VIDEO_RATE), self._duration
        packet.is_keyframe = picture.keyframe
        packet.stream = self._stream
        self._mux([packet])


def picture_file(path: Path, form: PictureFormat) -> PictureFile:
    """Keeps the packets of an H.264 source, encodes the frames of any other."""
    return EncodedPictureFile(path, form) if form.kept is None else KeptPictureFile(path, form)
