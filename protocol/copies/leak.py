"""The sound of a recording that got out, whatever it was made or cut with."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler

from hardware.devices import Pcm
from protocol.copies.trace import BLOCK_SECONDS, RATE
from protocol.errors import LeakError

_FORMATS = "aac,ac3,aiff,amr,asf,avi,caf,flac,flv,matroska,webm,mov,mp4,mp3,mpeg,mpegts,ogg,wav,w64"
_OPTIONS = {"format_whitelist": _FORMATS, "enable_drefs": "0"}  # none that opens other files or addresses
_LEAST_SECONDS, _LEAST_RATE = 3, 4000


def leaked(path: Path) -> Iterator[Pcm]:
    """Its first sound track in mono at RATE, in pieces of BLOCK_SECONDS; the last one is up to twice as long.

    What is damaged is passed over. Raises LeakError.
    """
    step, waiting, length = BLOCK_SECONDS * RATE, list[Pcm](), 0
    for piece in _decoded(path):
        waiting.append(piece)
        length += len(piece)
        if length >= 2 * step:
            held = np.concatenate(waiting)
            while len(held) >= 2 * step:
                yield held[:step]
                held = held[step:]
            waiting, length = [held], len(held)
    if length < _LEAST_SECONDS * RATE:  # what was yielded leaves more than that
        raise LeakError(f"{path} holds less than {_LEAST_SECONDS} seconds of sound: give a longer piece.")
    yield np.concatenate(waiting)


def resampled(sound: Iterable[Pcm], rate: int) -> Iterator[Pcm]:
    """Mono samples at `rate`, at RATE."""
    return _at_rate(_frame(pcm, rate) for pcm in sound)


def _frame(pcm: Pcm, rate: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    return frame


def _at_rate(frames: Iterable[Any]) -> Iterator[Pcm]:
    resampler = AudioResampler("s16", "mono", RATE)
    for frame in frames:
        frame.pts = None  # one after another, whatever their times say
        for one in resampler.resample(frame):
            yield one.to_ndarray()[0]
    for one in resampler.resample(None):
        yield one.to_ndarray()[0]


def _decoded(path: Path) -> Iterator[Pcm]:
    try:
        with path.open("rb") as file, av.open(file, options=_OPTIONS) as container:
            if not container.streams.audio:
                raise LeakError(f"{path} has no sound: give a recording that has.")
            yield from _at_rate(_frames(path, container))
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        why = getattr(error, "strerror", None) or error
        raise LeakError(f"{path} cannot be read as a recording ({why}): give a sound or video file.") from None


def _frames(path: Path, container: Any) -> Iterator[Any]:
    """Those that can be decoded, up to the first one that has another form than those before."""
    form = None
    for frame in _undamaged(container):
        if frame.sample_rate < _LEAST_RATE:  # a few bytes would become hours of sound
            raise LeakError(f"{path} has {frame.sample_rate} samples a second, too few for speech: give another file.")
        seen = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form not in (None, seen):
            return
        form = seen
        yield frame


def _undamaged(container: Any) -> Iterator[Any]:
    packets = container.demux(audio=0)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue
