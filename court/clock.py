"""The clock as a port: the kernel and all pure logic are handed the time, they never ask for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Anchor:
    """One reading of all clocks at once: evidence beside the media time, never a correction of it.

    `utc` is wall-clock time, `monotonic` seconds of a clock that never jumps, `disciplined` whether the
    operating system reported its clock as synchronised at that moment.
    """

    utc: datetime
    monotonic: float
    disciplined: bool


class Clock(Protocol):
    """Where time comes from: a disciplined system clock, or a simulated one."""

    def now(self) -> Anchor: ...


def iso_utc(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, the one form in which times enter the ledger."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """The inverse of `iso_utc`; raises ValueError on anything that is not a time with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)
