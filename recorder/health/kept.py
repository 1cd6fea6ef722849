"""The newest self-test on the disk: the hearing that follows states it, also after a restart of the node."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from court.health import SelfTest
from storage import durable

GOOD_FOR = timedelta(hours=4)
"""A test in the morning says something of a hearing in the morning."""

_NAME = "self-test.json"


def keep(home: Path, found: SelfTest) -> None:
    """`home` exists. Raises OSError if the disk fails."""
    durable.replace(home / _NAME, json.dumps(found.as_fields(), ensure_ascii=False).encode())


def kept(home: Path, room: str, now: datetime) -> SelfTest | None:
    """The newest test of this room if it is not too old; what cannot be read is none."""
    try:
        found = SelfTest.parse(json.loads((home / _NAME).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.room == room and timedelta() <= now - found.at <= GOOD_FOR else None
