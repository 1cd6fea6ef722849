"""A network camera or encoder. TCP only: lost packets would be lost evidence."""

import re

from hardware.av_input import Opening

_OPENING_SECONDS = 10.0
_SILENCE = "3000000"  # microseconds: a camera whose power was cut says no goodbye, and is looked for again


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
