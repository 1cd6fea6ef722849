"""The port behind which every device stands: what an open input is, and what it gives.

Times are the input's own and begin at 0 where it was opened (a recording: at its beginning). Audio counts samples
at 48 000 per second, pictures count ticks of 90 000 per second. Placing them on the hearing's timeline is the
recorder's task.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

AUDIO_RATE = 48_000
VIDEO_RATE = 90_000

Pcm = NDArray[np.int16]


def ticks(sample: int) -> int:
    """The 90 kHz tick at audio sample `sample`, rounded down; exact for every multiple of 8 samples."""
    return sample * VIDEO_RATE // AUDIO_RATE


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """`pcm` has the shape (samples, channels); `start` is the sample number of its first row."""

    start: int
    pcm: Pcm

    @property
    def end(self) -> int:
        return self.start + len(self.pcm)

    @property
    def seconds(self) -> float:
        return self.start / AUDIO_RATE

    @property
    def end_seconds(self) -> float:
        return self.end / AUDIO_RATE


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """What a camera's pictures are. `kept` stands for the stream whose packets are given, to be kept as they are: a
    stream that may be the template of others. None: frames are given, to be encoded as H.264. `codec` is what is
    recorded: h264 or hevc."""

    width: int
    height: int
    frames_per_second: float
    kept: Any = field(default=None, repr=False)
    codec: str = "h264"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture at tick `start`: a frame to be encoded, or a packet to be kept as it is.

    `decode_start` orders packets; it differs from `start` only where a camera uses B-frames. `content` is an
    av.Packet where the format says that packets are kept, else an av.VideoFrame.
    """

    start: int
    decode_start: int
    keyframe: bool
    format: PictureFormat
    content: Any = field(repr=False)

    @property
    def seconds(self) -> float:
        return self.decode_start / VIDEO_RATE

    @property
    def end_seconds(self) -> float:
        return self.seconds


Item = AudioBlock | Picture


class Source(Protocol):
    """An open input. `live`: what is not read in time is lost; `endless`: no hearing waits for its end.

    `channels` is 0 where there is no sound."""

    @property
    def live(self) -> bool: ...

    @property
    def endless(self) -> bool: ...

    @property
    def channels(self) -> int: ...

    @property
    def picture(self) -> PictureFormat | None: ...

    @property
    def description(self) -> str: ...

    def items(self) -> Iterator[Item]:
        """Everything it gives, in the order of time; ends with a recording, raises DeviceLost with a device."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Interruptible(Protocol):
    """A source that may wait for ever, for somebody to call in or a server that hangs."""

    def interrupt(self) -> None:
        """From any thread: `items` ends soon, whatever it waits for. To be closed by whoever reads it."""
        ...
