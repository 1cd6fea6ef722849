"""A room whose camera has B-frames: its pictures are decoded in another order than shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from court.people import CourtRole
from court.room import Camera, Input, Microphone, Room, SourceKind
from hardware.devices import AUDIO_RATE
from hardware.offsets import decoded_earlier
from tests.factories.copies import shown
from tests.factories.recordings import Pcm, tone, write_wav

A_SECOND, GROUP = 5, 12
"""Pictures. So few, for each to last: what is shown at a wrong time is so by a fifth of a second at least."""
_DARKEST, _STEP = 16, 1.2
_CODERS: dict[str, dict[str, str]] = {
    "closed groups": {"g": str(GROUP), "bf": "2", "sc_threshold": "0"},
    "open groups": {"g": str(GROUP), "bf": "2", "b_strategy": "0", "sc_threshold": "0", "x264-params": "open-gop=1"},
    "H.265": {
        "x265-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=2:b-adapt=0:log-level=none:pools=1"
    },
}
CAMERAS = tuple(_CODERS)


def light(seconds: float) -> float:
    """How bright the picture shown at that moment is."""
    return _DARKEST + _STEP * round(seconds * A_SECOND)


def reordered_room(folder: Path, camera: str, sound: Pcm) -> Room:
    """A microphone that hears `sound`, and a camera as long."""
    path = film(folder / "camera.mp4", camera, len(sound) * A_SECOND // AUDIO_RATE)
    heard = Input("desk", SourceKind.SIMULATED, files=(str(write_wav(folder / "desk.wav", sound)),))
    seen = Input("camera", SourceKind.FILE, files=(str(path),))
    return Room("room", (heard, seen), (Microphone(CourtRole.JUDGE, "desk", 0),), (Camera("overview", "camera"),))


def with_pauses(seconds: int) -> Pcm:
    """A tone with a pause each four seconds, to be cut in."""
    found = tone(seconds, 440)
    for at in range(3, seconds, 4):
        found[at * AUDIO_RATE : (at + 1) * AUDIO_RATE] = 0
    return found


def seen_in(content: bytes) -> Iterator[tuple[float, float]]:
    """When each picture of a segment is shown, in seconds, and how bright it is."""
    for at, picture in shown(decoded_earlier(content)):
        yield at, float(picture.mean())


def film(path: Path, camera: str, pictures: int) -> Path:
    """So many pictures of one of the CAMERAS."""
    with av.open(path, "w") as container:
        coder = "libx265" if camera == "H.265" else "libx264"
        stream: Any = container.add_stream(coder, rate=A_SECOND, options=_CODERS[camera])
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(pictures):
            image = np.full((96, 160, 3), light(number / A_SECOND), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path
