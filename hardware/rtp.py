"""Sound by RTP as AES67 and Dante devices send it (L16 or L24, RFC 3190); `address` says what is sent where.

It is the name of an .sdp file, the text of one (beginning with v=0), or rtp://HOST:PORT/L24/48000/8: coding, samples
per second and channels. HOST is a multicast group, or an address of this machine; ?interface=ADDRESS behind it says
which of this machine's addresses joins the group.
"""

import io
import ipaddress
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from hardware.av_input import AvInput, Opening
from hardware.errors import DeviceUnusable

_FIRST_SECONDS = 1.0  # to wait for a first packet; the stream is open without it
_TIMEOUT_SECONDS = 5.0
_LEAST_PACKET = 6  # samples: AES67 allows packets of 1/8 ms; whatever is left out must show
_STREAM = re.compile(r"/(L16|L24)/(\d{4,6})/(\d{1,2})")
_SDP = """v=0
o=- 0 0 IN IP{version} {host}
s=courtrec
c=IN IP{version} {host}{reach}
t=0 0
m=audio {port} RTP/AVP 97
a=rtpmap:97 {coding}/{rate}/{channels}
"""


def open_rtp(address: str) -> AvInput:
    """Raises DeviceUnusable, saying in one sentence what is wrong with the address."""
    name, text = _described(address)
    options = {"protocol_whitelist": "rtp,udp", "reorder_queue_size": "64", "buffer_size": str(1 << 20)}
    if address.startswith("rtp://") and (own := parse_qs(urlsplit(address).query).get("interface")):
        options["localaddr"] = own[0]
    opening = Opening(
        f"The stream {name}",
        name,
        "",
        live=True,
        format="sdp",
        options=options,
        timeout=(_FIRST_SECONDS, _TIMEOUT_SECONDS),
        hole=_LEAST_PACKET - 1,
    )
    return AvInput(opening, feed=io.BytesIO(text.encode()))


def _described(address: str) -> tuple[str, str]:
    """What the stream is called, and its description (RFC 8866)."""
    if address.startswith("v=0"):
        title = re.search(r"^s=(.*\S)", address, re.MULTILINE)
        return f"RTP {title[1] if title else 'without a name'}", address
    if not address.startswith("rtp://"):
        return f"RTP {Path(address).name}", _text(Path(address))
    try:
        url = urlsplit(address)
        host, port, stream = ipaddress.ip_address(url.hostname or ""), url.port, _STREAM.fullmatch(url.path)
    except ValueError:
        port = stream = None
    if not port or stream is None:
        raise DeviceUnusable(f"The RTP address {address!r} cannot be used: write rtp://239.69.1.1:5004/L24/48000/8.")
    coding, rate, channels = stream.groups()
    reach = "/32" if host.is_multicast and host.version == 4 else ""
    shape = {"coding": coding, "rate": rate, "channels": channels, "reach": reach}
    return f"rtp://{url.netloc}", _SDP.format(version=host.version, host=host, port=port, **shape)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise DeviceUnusable(f"The SDP file {path} cannot be read ({reason}): check its name.") from None
