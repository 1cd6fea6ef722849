"""A network camera or encoder. TCP only: lost packets would be lost evidence."""

import re

from hardware.av_input import Opening

_TIMEOUT_SECONDS = 10.0


def opening(url: str) -> Opening:
    """Names of streams that stand in errors and in the ledger never carry the password."""
    shown = re.sub(r"//[^/@]*@", "//", url)
    return Opening(
        f"The stream {shown}", shown, url, live=True, options={"rtsp_transport": "tcp"}, timeout=_TIMEOUT_SECONDS
    )
