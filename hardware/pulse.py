"""A sound source through PulseAudio or PipeWire; `address` is the source's name."""

from hardware.av_input import Opening


def opening(address: str, channels: int) -> Opening:
    options = {"sample_rate": "48000", "channels": str(channels)}
    return Opening(
        f"The sound source {address}", f"sound source {address}", address, live=True, format="pulse", options=options
    )
