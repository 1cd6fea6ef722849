"""Reads along in the files that the microphones are being written into. Recording neither knows of it nor waits.

The listener gets the same bytes as the evidence, read back by another thread: nothing is decoded, kept or locked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from court.hearing import HearingState
from court.openness import OpennessSpan
from hardware.devices import AUDIO_RATE
from recorder.opening import Opened
from recorder.spool import OpenSegment

PIECE = 256 << 10
"""Bytes of one track in one look: some seconds of FLAC."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What whoever listens along must know: `segments` are those of the microphones being written now, `orders` all on
    openness that were given until now, `seconds` how far the hearing has got."""

    hearing: str
    spare_of: str
    language: str
    state: HearingState
    seconds: float
    segments: tuple[OpenSegment, ...]
    orders: tuple[OpennessSpan, ...]

    def as_fields(self) -> dict[str, Any]:
        return {
            "hearing": self.hearing,
            "spare_of": self.spare_of,
            "language": self.language,
            "state": self.state.value,
            "seconds": round(self.seconds, 3),
            "orders": [{"start": one.start, "end": one.end, "openness": one.openness.value} for one in self.orders],
        }


def heard_of(current: Opened | None) -> Heard | None:
    """None without a hearing."""
    if current is None or current.session.over:
        return None
    recording = current.session.recording
    return Heard(
        current.hearing,
        current.spare_of,
        current.card.language,
        recording.plan.state,
        recording.position / AUDIO_RATE,
        tuple(recording.heard),
        tuple(recording.orders),
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a segment's file, which follow those before; `first`: they are its beginning."""

    segment: OpenSegment
    first: bool
    content: bytes


class Tail:
    """Where one listener has got to in each track. Who is too slow misses the rest of a segment that has ended."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the spool's."""
        self._folder = folder
        self._at: dict[str, tuple[OpenSegment, int]] = {}

    def read(self, opened: Sequence[OpenSegment]) -> list[Piece]:
        """What has been written since the last time, at most PIECE bytes of each segment: of those that are being
        written now, and once more of those that were. Raises OSError."""
        ended = [segment for segment, _ in self._at.values() if segment not in opened]
        found = [piece for one in ended for piece in self._next(one)]
        for one in ended:
            del self._at[one.track]
        return found + [piece for one in opened for piece in self._next(one)]

    def _next(self, segment: OpenSegment) -> Iterator[Piece]:
        _, offset = self._at.get(segment.track, (segment, 0))
        with (self._folder / segment.file).open("rb") as file:
            file.seek(offset)
            content = file.read(PIECE)
        self._at[segment.track] = segment, offset + len(content)
        if content:
            yield Piece(segment, offset == 0, content)
