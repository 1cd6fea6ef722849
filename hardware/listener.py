"""Waits for a programme feed that somebody sends, by SRT or RTMP: `address` is where to listen.

libav in this process has no SRT, so FFmpeg listens in a child process and hands over the packets untouched.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import imageio_ffmpeg

from hardware.av_input import AvInput, Opening
from hardware.child import Child
from hardware.devices import Item, PictureFormat
from hardware.errors import DeviceLost, DeviceUnusable

_SILENCE_SECONDS = 3.0  # less than SRT takes to give up: what FFmpeg still held would come then, at a wrong moment
_PROBE = {"analyzeduration": "1000000", "probesize": "1000000"}
_NOT_YET = PictureFormat(0, 0, 25.0)


class Listener:
    """Open from the beginning; gives from the moment somebody calls in until they leave, and can then be opened again.

    What it will be sent is not known before: it takes itself to have a picture and as many channels as are wanted.
    """

    live = True
    endless = False
    picture = _NOT_YET

    def __init__(self, address: str, channels: int) -> None:
        """Raises DeviceUnusable if nobody can listen there."""
        url = urlsplit(address)
        shown = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
        self.channels = channels
        self.description = f"{url.scheme.upper()} listener {shown}"
        self._name = f"The listener {shown}"
        self._secrets = [address, url.path.strip("/"), *(value for _, value in parse_qsl(url.query))]
        self._child = Child([imageio_ffmpeg.get_ffmpeg_exe(), *_command(address, url.scheme)])

    def items(self) -> Iterator[Item]:
        """See hardware.devices.Source."""
        feed = _Feed(self._child, self._told)
        feed.wait()
        try:
            source = AvInput(
                Opening(self._name, self.description, "", live=True, format="nut", options=_PROBE), 0, feed
            )
        except DeviceUnusable as error:
            raise DeviceLost(str(error)) from None
        try:
            if source.channels < self.channels:
                raise DeviceLost(
                    f"{self._name} is sent {source.channels} channels of sound, the room uses {self.channels}."
                )
            yield from source.items()
        finally:
            source.close()

    def interrupt(self) -> None:
        """See hardware.devices.Interruptible."""
        self._child.interrupt()

    def close(self) -> None:
        self._child.end()

    def _told(self) -> str:
        """Why the feed ended, in FFmpeg's words but for what is secret in the address."""
        words = re.sub(r"^(\[[^]]*\]\s*)+", "", self._child.end())
        for secret in filter(None, self._secrets):
            words = words.replace(secret, "…")
        return f"{self._name} lost its sender: {words.lower() or 'it hung up'}."


def _command(address: str, scheme: str) -> list[str]:
    """FFmpeg as listener of one sender, its packets as they are to standard output."""
    if scheme == "srt":
        listen = ["-i", f"{address}{'&' if urlsplit(address).query else '?'}mode=listener"]
    else:
        listen = ["-listen", "1", "-i", address]
    probe = [word for name, value in _PROBE.items() for word in (f"-{name}", value)]
    only = ["-map", "0:a:0?", "-map", "0:v:0?", "-c", "copy", "-copyts"]
    return ["-v", "error", "-nostdin", *probe, *listen, *only, "-f", "nut", "-flush_packets", "1", "pipe:1"]


class _Feed:
    """What the child gives, as libav reads it."""

    def __init__(self, child: Child, told: Callable[[], str]) -> None:
        self._child = child
        self._told = told
        self._first = b""

    def wait(self) -> None:
        """Until somebody sends."""
        self._first = self._child.read(1, None)
        if not self._first:
            raise DeviceLost(self._told())

    def read(self, size: int) -> bytes:
        given, self._first = self._first, b""
        try:
            given = given or self._child.read(size, _SILENCE_SECONDS)
        except TimeoutError:
            raise DeviceLost(f"The sender gave nothing for {_SILENCE_SECONDS:.0f} seconds.") from None
        if not given:
            raise DeviceLost(self._told())
        return given
