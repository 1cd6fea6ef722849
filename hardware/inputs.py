"""Opens the inputs that a room file names."""

from collections.abc import Callable

from court.room import Input, SourceKind
from hardware import alsa, lavfi, rtsp, v4l2
from hardware.av_input import AvInput
from hardware.devices import Source
from hardware.listener import Listener
from hardware.pulse import PulseInput
from hardware.rtp import open_rtp
from hardware.simulated import open_recordings, open_simulated


def open_input(spec: Input, channels: int, at: float = 0.0) -> Source:
    """The device of `spec`, of which the room uses `channels` channels; what is not live begins at `at` seconds.

    Raises DeviceUnusable, saying in one sentence what cannot be opened and why.
    """
    address = spec.address
    openers: dict[SourceKind, Callable[[], Source]] = {
        SourceKind.SIMULATED: lambda: open_simulated(spec.files, spec.picture, at),
        SourceKind.FILE: lambda: open_recordings(spec.files, at),
        SourceKind.LAVFI: lambda: AvInput(lavfi.opening(address), at),
        SourceKind.ALSA: lambda: AvInput(alsa.opening(address, channels)),
        SourceKind.V4L2: lambda: AvInput(v4l2.opening(address)),
        SourceKind.RTSP: lambda: AvInput(rtsp.opening(address, sound=channels > 0)),
        SourceKind.RTP: lambda: open_rtp(address),
        SourceKind.PULSE: lambda: PulseInput(address, channels),
        SourceKind.SRT: lambda: Listener(address, channels),
        SourceKind.RTMP: lambda: Listener(address, channels),
    }
    return openers[spec.source]()
