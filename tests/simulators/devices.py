"""Live devices that are played: they give sound or pictures in real time, and fail when told to."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import av
import numpy as np

from court.room import Input
from hardware.devices import AUDIO_RATE, VIDEO_RATE, AudioBlock, Item, Picture, PictureFormat, Source
from hardware.errors import DeviceLost, DeviceUnusable

BLOCK = AUDIO_RATE // 50


@dataclass
class PlayedDevice:
    """`channels` microphones that hear a tone each, or (0) a camera of 10 pictures per second.

    `hang`: gives nothing, without a word, as long as it is set, and leaves that out. `skip`: leaves out so many items,
    in the time they take. `die`: is lost, and cannot be opened while set.
    `behind`: when opened it has this many seconds in hand, and gives them at once.
    """

    channels: int
    hertz: float = 440.0
    live: bool = True
    endless: bool = False
    behind: float = 0.0
    skip: int = 0
    given: int = 0
    hang: threading.Event = field(default_factory=threading.Event)
    die: threading.Event = field(default_factory=threading.Event)
    description: str = "played device"

    @property
    def picture(self) -> PictureFormat | None:
        return None if self.channels else PictureFormat(64, 48, 10)

    def items(self) -> Iterator[Item]:
        began, number = time.monotonic() - self.behind, 0
        step = 1 / 50 if self.channels else 1 / 10
        while True:
            number, self.skip = number + self.skip, 0
            time.sleep(max(0.0, began + (number + 1) * step - time.monotonic()))
            if self.hang.is_set():
                while self.hang.is_set():
                    time.sleep(0.01)
                number = int((time.monotonic() - began) / step)
            if self.die.is_set():
                raise DeviceLost("The played device was pulled out.")
            yield self._sound(number) if self.channels else self._picture(number)
            number = self.given = number + 1

    def close(self) -> None:
        """Nothing is open."""

    def _sound(self, number: int) -> AudioBlock:
        at = np.arange(number * BLOCK, (number + 1) * BLOCK)
        wave = 8000 * np.sin(2 * np.pi * self.hertz * at / AUDIO_RATE)
        return AudioBlock(number * BLOCK, np.column_stack([wave] * self.channels).astype(np.int16))

    def _picture(self, number: int) -> Picture:
        frame = av.VideoFrame.from_ndarray(np.full((72, 64), number % 256, np.uint8), format="yuv420p")
        tick = number * VIDEO_RATE // 10
        form = self.picture
        assert form is not None
        return Picture(tick, tick, True, form, frame)


def opener(devices: dict[str, PlayedDevice]) -> Callable[..., Source]:
    """In place of hardware.inputs.open_input: the device of that input's id."""

    def open_source(spec: Input, channels: int, at: float = 0.0) -> Source:
        device = devices[spec.id]
        if device.die.is_set():
            raise DeviceUnusable(f"The played device {spec.id} cannot be opened: it was pulled out.")
        return device

    return open_source
