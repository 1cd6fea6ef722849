"""A camera on this machine; `address` is its device file, such as /dev/video0."""

from hardware.av_input import Opening


def opening(address: str) -> Opening:
    return Opening(f"The camera {address}", f"camera {address}", address, live=True, format="video4linux2")
