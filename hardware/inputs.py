"""Opens the inputs that a room file names."""

from court.room import Input, SourceKind
from hardware import alsa, lavfi, rtp, rtsp, v4l2
from hardware.av_input import AvInput, Opening
from hardware.devices import Source
from hardware.pulse import PulseInput
from hardware.simulated import open_recordings, open_simulated


def open_input(spec: Input, channels: int, at: float = 0.0) -> Source:
    """The device of `spec`, of which the room uses `channels` channels; what is not live begins at `at` seconds.

    Raises DeviceUnusable, saying in one sentence what cannot be opened and why.
    """
    if spec.source is SourceKind.SIMULATED:
        return open_simulated(spec.files, spec.picture, at)
    if spec.source is SourceKind.FILE:
        return open_recordings(spec.files, at)
    if spec.source is SourceKind.PULSE:
        return PulseInput(spec.address, channels)
    return AvInput(_opening(spec, channels), at)


def _opening(spec: Input, channels: int) -> Opening:
    match spec.source:
        case SourceKind.ALSA:
            return alsa.opening(spec.address, channels)
        case SourceKind.V4L2:
            return v4l2.opening(spec.address)
        case SourceKind.RTP:
            return rtp.opening(spec.address)
        case SourceKind.RTSP:
            return rtsp.opening(spec.address)
        case _:
            return lavfi.opening(spec.address)
