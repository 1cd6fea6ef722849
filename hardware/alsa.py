"""A sound card through ALSA; `address` is its name, such as hw:CARD=UMC404HD."""

from hardware.av_input import Opening


def opening(address: str, channels: int) -> Opening:
    """ALSA must be told how many channels to open: as many as the room uses of this input."""
    options = {"sample_rate": "48000", "channels": str(channels)}
    return Opening(
        f"The sound card {address}", f"sound card {address}", address, live=True, format="alsa", options=options
    )
