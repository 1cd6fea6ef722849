"""Sound files in and out, through PyAV: anything to 16 kHz mono samples, samples to FLAC."""

from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.codec.context import Flags

from tools.sample_hearing.mix import RATE, Pcm


def read_pcm(source: Path | BinaryIO) -> Pcm:
    """The first audio stream of a file (or an open one) as int16 mono at ``mix.RATE``.

    Raises av.FFmpegError for what is no audio.
    """
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(source, "r") as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]) if frames else np.zeros(0, np.int16)


def write_flac(path: Path, pcm: Pcm) -> None:
    """Writes int16 mono samples as 16-bit FLAC, the same bytes for the same samples."""
    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono", format="s16")
        stream.options = {"compression_level": "12"}
        stream.codec_context.flags |= Flags.bitexact
        for start in range(0, pcm.size, RATE):
            frame = AudioFrame.from_ndarray(pcm[None, start : start + RATE], format="s16", layout="mono")
            frame.sample_rate = RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
