"""Sound of a segment that is still being written, as its fragments come."""

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler

from hardware.boxes import Fragment, fragments
from hardware.devices import AUDIO_RATE, Pcm
from hardware.errors import MediaUnreadable
from hardware.segment_reader import NO_TRUST

_MOST = 1 << 20  # bytes without one whole fragment: ours have a few thousand
_SAME = AUDIO_RATE // 100  # samples: what lies nearer than this goes on without a seam


class GrowingSound:
    """One track at `rate` samples per second, mono. What a segment left out leaves a hole in the positions."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._init = self._rest = b""
        self._decoder: Any = None
        self._resampler = AudioResampler("s16", "mono", rate)
        self._next = -1  # the sample (AUDIO_RATE) that would go on without a seam
        self._at = 0  # the position of what comes next

    def take(self, content: bytes, first: bool) -> Iterator[tuple[int, Pcm]]:
        """What `content`, the next bytes of the track's segment, adds: positions on the hearing's timeline (samples at
        `rate`) and sound. `first`: the bytes begin a segment. Raises MediaUnreadable, and then waits for the next one.
        """
        if first:
            self._init, self._rest, self._decoder = b"", b"", None
        self._rest += content
        found = fragments(self._rest)
        if found:
            self._init = self._init or self._rest[: found[0].start]
            whole, self._rest = self._rest[found[0].start : found[-1].end], self._rest[found[-1].end :]
            yield from self._heard(self._init + whole, found[0])
        if len(self._rest) > _MOST:
            self._rest = b""
            raise MediaUnreadable("What came of the segment being written is no segment of ours.")

    def _heard(self, content: bytes, begin: Fragment) -> Iterator[tuple[int, Pcm]]:
        if abs(begin.tick - self._next) > _SAME:
            self._resampler = AudioResampler("s16", "mono", self._rate)
            self._at = begin.tick * self._rate // AUDIO_RATE
        self._next = begin.tick
        pieces = [piece for frame in self._frames(content) for piece in self._resampler.resample(frame)]
        if pieces:
            pcm = np.concatenate([piece.to_ndarray()[0] for piece in pieces])
            yield self._at, pcm
            self._at += len(pcm)

    def _frames(self, content: bytes) -> Iterator[Any]:
        try:
            with av.open(io.BytesIO(content), "r", format="mp4", options=NO_TRUST) as container:
                stream: Any = container.streams.best("audio")
                if stream is None or stream.rate != AUDIO_RATE:
                    raise MediaUnreadable("What came of the segment being written is no sound of ours.")
                if self._decoder is None:  # it lasts as long as the segment: Opus goes on from packet to packet
                    self._decoder = av.CodecContext.create(stream.codec_context.name, "r")
                    self._decoder.extradata = stream.codec_context.extradata
                for packet in container.demux(stream):
                    for frame in self._decoder.decode(packet) if packet.size else ():
                        self._next += frame.samples
                        frame.pts = None
                        yield frame
        except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
            self._rest = b""
            raise MediaUnreadable(f"The segment being written cannot be read ({error}).") from None
