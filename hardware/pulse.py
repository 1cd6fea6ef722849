"""A sound source of PulseAudio or PipeWire; `address` is the source's name.

Read by `parec`, not by FFmpeg: channels must come by their number. FFmpeg asks for them by loudspeaker positions, and
the server then mixes microphones together or leaves them out (docs/adr/0020). PipeWire pairs channels by name whatever
it is told, so all that the source has are asked for under the source's own names.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware.child import Child
from hardware.devices import AUDIO_RATE, AudioBlock, Item
from hardware.errors import DeviceLost, DeviceUnusable

_ANSWER_SECONDS = 5.0
_SILENCE_SECONDS = 5.0
_LATENCY_MS = 40
_BLOCK = AUDIO_RATE // 10
_BYTES = 2
_MOVED = b"Stream moved to device"
"""What `parec` says when one is unplugged and the server goes on with another source: with another microphone."""


@dataclass(frozen=True, slots=True)
class PulseSource:
    """A source as the sound server names and describes it; a `monitor` gives what a loudspeaker plays.

    `channel_map` names its channels, in their order, such as `front-left,front-right`.
    """

    name: str
    description: str
    channels: int
    channel_map: str
    monitor: bool


class PulseInput:
    """An open source: its first `channels` channels, untouched by the server's mixing, samples counted as they come."""

    live = True
    endless = False
    picture = None

    def __init__(self, name: str, channels: int) -> None:
        """`channels` 0: all it has. Raises DeviceUnusable, saying why in one sentence."""
        self._name = f"The sound source {name}"
        found = next((one for one in _asked(self._name) if one.name == name), None)
        if found is None:
            names = ", ".join(one.name for one in _asked(self._name)) or "none"
            raise DeviceUnusable(
                f"{self._name} cannot be opened: the sound server does not know it; it knows {names}: correct the name."
            )
        self.channels = min(channels, found.channels) or found.channels
        self.description = f"sound source {name} ({found.description}; {found.channels} channels)"
        self._width = found.channels
        shape = ["--format=s16le", f"--rate={AUDIO_RATE}", f"--channels={self._width}", "--no-remix", "--no-remap"]
        shape += [f"--channel-map={found.channel_map}"]
        manner = ["--raw", "--verbose", f"--latency-msec={_LATENCY_MS}", "--client-name=courtrec"]
        self._child = Child(["env", "LC_ALL=C", "parec", *shape, *manner, f"--device={name}"], "Time: ")

    def items(self) -> Iterator[Item]:
        """See hardware.devices.Source."""
        width = self._width * _BYTES
        start, rest = 0, b""
        while True:
            try:
                given = self._child.read(_BLOCK * width, _SILENCE_SECONDS)
            except TimeoutError:
                raise DeviceLost(f"{self._name} gave nothing for {_SILENCE_SECONDS:.0f} seconds.") from None
            if self._child.said(_MOVED):
                raise DeviceLost(f"{self._name} is gone: the sound server offers another one in its place.")
            if not given:
                reason = self._child.end().lower() or "its program ended"
                raise DeviceLost(f"{self._name} stopped giving: {reason}.")
            rest += given
            whole = len(rest) - len(rest) % width
            pcm = np.frombuffer(rest[:whole], "<i2").reshape(-1, self._width)[:, : self.channels].astype(np.int16)
            rest = rest[whole:]
            if len(pcm):
                yield AudioBlock(start, pcm)
            start += len(pcm)

    def interrupt(self) -> None:
        """See hardware.devices.Interruptible."""
        self._child.interrupt()

    def close(self) -> None:
        self._child.end()


def sources() -> list[PulseSource]:
    """What the sound server has; raises DeviceUnusable where there is none or it does not answer."""
    return _asked("The sound server")


def _asked(name: str) -> list[PulseSource]:
    try:
        answer = subprocess.run(
            ["pactl", "--format=json", "list", "sources"], capture_output=True, timeout=_ANSWER_SECONDS, check=True
        )
        return [_source(one) for one in json.loads(answer.stdout)]
    except FileNotFoundError:
        reason, remedy = "the program pactl is missing", "install it (Debian: pulseaudio-utils)"
    except subprocess.TimeoutExpired:
        reason, remedy = f"the sound server did not answer for {_ANSWER_SECONDS:.0f} seconds", "restart it"
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        reason, remedy = said[0].rstrip(".").lower(), "start the sound server, or run the node as its user"
    except (ValueError, KeyError, TypeError, AttributeError):
        reason, remedy = "the program pactl gave no list of sources in JSON", "install a newer one"
    raise DeviceUnusable(f"{name} cannot be opened: {reason}; {remedy}.")


def _source(told: dict[str, str]) -> PulseSource:
    """`sample_specification` is such as "s16le 2ch 48000Hz"."""
    channels = int(told["sample_specification"].split()[1].removesuffix("ch"))
    monitor = bool(told.get("monitor_source"))
    return PulseSource(told["name"], told["description"], channels, told["channel_map"], monitor)
