"""Looks at a picture that is being recorded, without disturbing the recording."""

from typing import Any

import av
import numpy as np

from hardware.devices import Picture
from hardware.picture_measures import Luma


def luma(picture: Picture) -> Luma | None:
    """The picture's brightness. None where a packet cannot be decoded by itself: it is no keyframe, or damaged."""
    frame = picture.content if picture.format.kept is None else _decoded(picture)
    if frame is None:
        return None
    plane = frame.reformat(format="gray").planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width].copy()


def _decoded(picture: Picture) -> Any:
    if not picture.keyframe:
        return None
    kept = picture.format.kept
    decoder: Any = av.CodecContext.create(picture.format.codec, "r")
    decoder.thread_count = 1  # threads would be made for this picture, and ended with it
    decoder.extradata = kept.codec_context.extradata
    try:
        frames = [*decoder.decode(av.Packet(bytes(picture.content))), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return frames[0] if frames else None
