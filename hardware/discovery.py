"""What this machine has to record with: sound cards, cameras, sources of the sound server."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from court.room import SourceKind
from hardware import pulse
from hardware.errors import DeviceUnusable

_QUERYCAP = 0x80685600  # VIDIOC_QUERYCAP of linux/videodev2.h: struct v4l2_capability, 104 bytes
_CAPABILITY_BYTES = 104
_DEVICE_CAPS = slice(88, 92)
_VIDEO_CAPTURE = 1  # V4L2_CAP_VIDEO_CAPTURE; the same camera's metadata devices lack it


@dataclass(frozen=True, slots=True)
class Device:
    """`channels` of sound, 0 of a camera, None where it is known only once the device is open."""

    source: SourceKind
    address: str
    title: str
    channels: int | None


def alsa_devices(proc: Path = Path("/proc/asound")) -> Iterator[Device]:
    """Every sound card that can record, by the name that stays when cards are plugged in another order."""
    try:
        devices = (proc / "pcm").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for card, device, title in re.findall(r"^(\d+)-(\d+): (?:[^:\n]*: )?([^:\n]*?) *: (?:.*: )?capture", devices, re.M):
        folder = proc / f"card{int(card)}"
        try:
            name = (folder / "id").read_text(encoding="utf-8").strip()
        except OSError:
            name = str(int(card))
        suffix = f",DEV={int(device)}" if int(device) else ""
        channels = _usb_channels(folder / f"stream{int(device)}")
        yield Device(SourceKind.ALSA, f"hw:CARD={name}{suffix}", title, channels)


def _usb_channels(stream: Path) -> int | None:
    """The most channels that a USB card can record; other cards do not say."""
    try:
        told = stream.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    _, _, capture = told.partition("\nCapture:")
    return max(map(int, re.findall(r"^\s*Channels: (\d+)", capture, re.M)), default=None)


def captures(device: Path) -> bool:
    """Whether the camera's driver says that this device gives pictures; what cannot be asked counts as yes."""
    told = bytearray(_CAPABILITY_BYTES)
    try:
        opened = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.ioctl(opened, _QUERYCAP, told)
    except OSError:
        return True
    finally:
        os.close(opened)
    return bool(int.from_bytes(told[_DEVICE_CAPS], "little") & _VIDEO_CAPTURE)


def cameras(
    folder: Path = Path("/sys/class/video4linux"), gives_pictures: Callable[[Path], bool] = captures
) -> Iterator[Device]:
    """Every camera of this machine."""
    for entry in sorted(folder.glob("video*"), key=lambda path: (len(path.name), path.name)):
        device = Path("/dev") / entry.name
        try:
            title = (entry / "name").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            title = entry.name
        if gives_pictures(device):
            yield Device(SourceKind.V4L2, str(device), title, 0)


def sound_sources() -> Iterator[Device]:
    """The sound server's sources, without what its loudspeakers play; none where there is no server."""
    try:
        found = pulse.sources()
    except DeviceUnusable:
        return
    for one in found:
        if not one.monitor:
            yield Device(SourceKind.PULSE, one.name, one.description, one.channels)
