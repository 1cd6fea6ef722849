"""A drawn camera: a courtroom seen from its back wall, with a running clock. It goes on for ever."""

from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hardware.devices import VIDEO_RATE, Item, Picture, PictureFormat
from hardware.errors import DeviceUnusable

WIDTH, HEIGHT, FRAMES_PER_SECOND = 640, 360, 10
_TICKS = VIDEO_RATE // FRAMES_PER_SECOND

_WALL, _FLOOR, _WOOD, _DARK, _GREY = "#d8d2c4", "#a89b86", "#7a5a3c", "#4e3926", "#202020"
_CLOCK = (240, 14, 400, 58)  # left, top, right, bottom
_CLOCK_FACE = 44  # the luma of that grey


class DrawnCamera:
    """Shows media time, so that what is seen can be checked against where it is in the recording."""

    live = False
    channels = 0
    endless = True

    def __init__(self, picture: str, at: float) -> None:
        if picture not in SCENES:
            raise DeviceUnusable(f"The picture {picture!r} is not known: draw one of {', '.join(sorted(SCENES))}.")
        self.picture = PictureFormat(WIDTH, HEIGHT, FRAMES_PER_SECOND)
        self.description = f"drawn picture {picture!r}, {WIDTH}×{HEIGHT}, {FRAMES_PER_SECOND} pictures per second"
        self._scene = _planes(SCENES[picture]())
        self._first = -int(-at * FRAMES_PER_SECOND // 1)

    def items(self) -> Iterator[Item]:
        """See hardware.devices.Source."""
        font = ImageFont.load_default(size=30)
        left, top, right, bottom = _CLOCK
        number = self._first
        while True:
            # The clock is grey on grey, so only the brightness (the first rows of the planes) has to be drawn.
            face = Image.new("L", (right - left, bottom - top), _CLOCK_FACE)
            ImageDraw.Draw(face).text((face.width / 2, face.height / 2), clock(number), 235, font, anchor="mm")
            planes = self._scene.copy()
            planes[top:bottom, left:right] = np.asarray(face)
            tick = number * _TICKS
            yield Picture(tick, tick, True, self.picture, av.VideoFrame.from_ndarray(planes, format="yuv420p"))
            number += 1

    def close(self) -> None:
        """Nothing is open."""


def _planes(image: Image.Image) -> NDArray[np.uint8]:
    frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    return np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)


def clock(frame: int) -> str:
    """hh:mm:ss.s of the media time of frame number `frame`."""
    tenths = frame * 10 // FRAMES_PER_SECOND
    seconds = tenths // 10
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{tenths % 10}"


def _courtroom() -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), _WALL)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 210, WIDTH, HEIGHT), fill=_FLOOR)
    draw.rectangle(_CLOCK, fill=_GREY)
    _person(draw, 320, 128, "#23283a")
    draw.rectangle((210, 150, 430, 215), fill=_WOOD, outline=_DARK, width=3)
    _person(draw, 560, 162, "#3d5a6c")
    draw.rectangle((510, 180, 610, 222), fill=_WOOD, outline=_DARK, width=3)
    for x, coat in ((140, "#6c3d4c"), (470, "#3d6c4f")):
        _person(draw, x, 262, coat)
        draw.rectangle((x - 90, 284, x + 90, 336), fill=_WOOD, outline=_DARK, width=3)
    return image


def _person(draw: ImageDraw.ImageDraw, x: int, y: int, coat: str) -> None:
    draw.ellipse((x - 15, y - 48, x + 15, y - 16), fill="#e0b898")
    draw.pieslice((x - 34, y - 16, x + 34, y + 60), 180, 360, fill=coat)


SCENES = {"clock": _courtroom}
