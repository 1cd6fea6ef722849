"""The machine's clock, and whether the operating system says that it is kept in step with true time."""

import ctypes
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from court.clock import Anchor

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # more than struct timex has on any Linux
_BOOT_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def elapsed() -> float:
    """Seconds since the machine was started. Never jumps, and goes on while the machine sleeps (unlike
    time.monotonic), so that what a suspended machine missed is known to be missing."""
    return time.clock_gettime(_BOOT_TIME)


def boot() -> str:
    """A name that the machine has until it is started anew: within it `elapsed` may be compared. Empty: not known."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class SystemClock:
    """Implements court.clock.Clock."""

    def now(self) -> Anchor:
        return Anchor(datetime.now(UTC), elapsed(), disciplined())


class PlayedClock:
    """The clock of a simulated room that plays faster than time passes: it shows how far the room has played."""

    def __init__(self, origin: datetime) -> None:
        """`origin` is the moment, in UTC, at which the room's timeline begins."""
        self._origin = origin
        self._seconds = 0.0

    def play_to(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> Anchor:
        return Anchor(self._origin + timedelta(seconds=self._seconds), self._seconds, disciplined=False)


def disciplined() -> bool:
    """Whether the kernel's clock is synchronised (NTP or PTP); what cannot be known counts as no."""
    try:
        adjust = ctypes.CDLL(None).ntp_adjtime
    except (OSError, AttributeError):
        return False
    # All zero bytes ask without changing anything: `modes` is the first field.
    state = adjust(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= int(state) < _TIME_ERROR
