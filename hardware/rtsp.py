"""A network camera or encoder. TCP only: lost packets would be lost evidence."""

import re

from hardware.av_input import Opening

_OPENING_SECONDS = 10.0
_SILENCE = "3000000"  # microseconds: a camera whose power was cut says no goodbye, and is looked for again
# That ends a silent stream. A limit of PyAV's for reading would take the interpreter's lock at each wait of the socket,
# thousands of times a second; what it alone would catch is a camera that sends reports more often and no picture.


def opening(url: str, sound: bool) -> Opening:
    """Names of streams that stand in errors and in the ledger never carry the password. Sound that no microphone of the
    room is made of is not asked for."""
    shown = re.sub(r"//[^/@]*@", "//", url)
    options = {
        "rtsp_transport": "tcp",
        "timeout": _SILENCE,
        "allowed_media_types": "audio+video" if sound else "video",
    }
    return Opening(f"The stream {shown}", shown, url, live=True, options=options, timeout=(_OPENING_SECONDS, None))
