"""The simulated room: microphones that play recordings, a camera that is drawn.

It goes on whether it is recorded or not, so a recorder that comes back opens it where it has got to meanwhile.
"""

from hardware import file
from hardware.av_input import AvInput
from hardware.devices import Source
from hardware.drawn import DrawnCamera
from hardware.side_by_side import SideBySide


def open_recordings(files: tuple[str, ...], at: float) -> Source:
    """One recording as it is, several side by side, from `at` seconds on."""
    opened: list[AvInput] = []
    try:
        for path in files:
            opened.append(AvInput(file.opening(path), at))
    except BaseException:
        for one in opened:
            one.close()
        raise
    return opened[0] if len(opened) == 1 else SideBySide(opened, at)


def open_simulated(files: tuple[str, ...], picture: str, at: float) -> Source:
    """Either the recordings or the drawn picture: an input of a room is one device."""
    return open_recordings(files, at) if files else DrawnCamera(picture, at)
