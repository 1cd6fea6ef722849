"""Identifiers. A node names hearings while it is offline, so they need no central counter."""

import re
import uuid
from datetime import datetime

_HEARING_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def time_ordered_id(moment: datetime, randomness: bytes) -> str:
    """A UUID version 7 (RFC 9562 §5.7): sorts by `moment`; `randomness` is 10 bytes from the caller's source."""
    milliseconds = int(moment.timestamp() * 1000)
    number = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(randomness[:10], "big")
    number = number & ~(0xF << 76) | 7 << 76
    number = number & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=number))


def is_id(text: str) -> bool:
    """Whether `text` has the form of an identifier made here; anything else never reaches a path or a query."""
    return _HEARING_ID.fullmatch(text) is not None
