"""Room on the recorder's disk: enough for a hearing before it begins, and what gives way when it runs low in one."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from court.room import Room
from recorder.errors import NoRoom
from recorder.recording import MIX
from recorder.spool import Spool
from recorder.upload_order import Rank, rank
from storage.errors import LedgerError
from storage.ledger.leaf import LeafKind, parse

SOUND_RATE, PICTURE_RATE = 60_000.0, 400_000.0
"""Bytes a second of a track of which too little was measured: lively FLAC at 48 kHz, H.264 of 3 Mbit/s."""

_RESERVE = 1.5
_ENOUGH_SECONDS = 60.0
_NEWEST = 500
_BACK = 1.25
"""Pictures are recorded again when there is so many times the room below which they stopped."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Bytes a second that the room's hearings take."""

    sound: float
    pictures: float


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """`free` bytes, of which the next hearing needs `reserve`; `pictures_stopped`: for want of room, right now."""

    free: int
    reserve: int
    pictures_stopped: bool

    @property
    def short(self) -> bool:
        return self.free < self.reserve


class DiskGauge:
    """Looks at the disk under a spool. Before a hearing begins, `planned_hours` of one must fit one and a half times;
    with room for less than `sound_minutes` of sound, pictures stop."""

    def __init__(
        self,
        folder: Path,
        rates: Rates,
        planned_hours: float,
        sound_minutes: float,
        free: Callable[[Path], int] | None = None,
    ) -> None:
        self.rates = rates
        self._folder = folder
        self._planned = planned_hours * 3600
        self._sound = sound_minutes * 60
        self._free = free or free_bytes
        self._stopped = False

    def room(self) -> DiskRoom:
        reserve = _RESERVE * self._planned * (self.rates.sound + self.rates.pictures)
        return DiskRoom(self._free(self._folder), round(reserve), self._stopped)

    def check_reserve(self) -> None:
        """Raises NoRoom if a hearing of the planned length may not fit."""
        room = self.room()
        if room.short:
            raise NoRoom(
                f"The recorder's disk has {_gib(room.free)} free and a hearing may need {_gib(room.reserve)}: make "
                "room, or plan shorter hearings (COURTREC_NODE_PLANNED_HOURS)."
            )

    def pictures_fit(self) -> bool:
        """Whether pictures may be recorded now; costs no disk access."""
        least = self.rates.sound * self._sound * (_BACK if self._stopped else 1.0)
        self._stopped = self._free(self._folder) < least
        return not self._stopped

    def sound_fits(self) -> bool:
        """Whether it is worth while to go on after the disk was full: a sixtieth of what pictures leave to sound."""
        return self._free(self._folder) >= self.rates.sound * self._sound / 60


def free_bytes(folder: Path) -> int:
    """What this account may still write on the disk of `folder`; raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def rates_of(room: Room, measured: Iterable[tuple[str, int, float]]) -> Rates:
    """From the (track, bytes, seconds) of earlier segments of the room's tracks; what is not known well is assumed."""
    taken: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for track, size, seconds in measured:
        taken[track][0] += size
        taken[track][1] += seconds

    def rate(track: str) -> float:
        size, seconds = taken[track]
        if seconds >= _ENOUGH_SECONDS:
            return size / seconds
        return PICTURE_RATE if rank(track) is Rank.PICTURES else SOUND_RATE

    sound = sum(rate(track) for track in chain((one.track for one in room.microphones), [MIX]))
    return Rates(sound, sum(rate(one.track) for one in room.cameras))


def measured(spool: Spool) -> list[tuple[str, int, float]]:
    """The newest segments in the spool, as `rates_of` wants them."""
    found = []
    for (entry,) in spool.rows("SELECT entry FROM entry WHERE file != '' ORDER BY position DESC LIMIT ?", _NEWEST):
        try:
            leaf = parse(entry)
        except LedgerError:  # told where the hearing is read
            continue
        if leaf.kind is LeafKind.SEGMENT:
            body = leaf.body
            found.append((body["track"], body["size"], (body["end"] - body["start"]) / body["rate"]))
    return found


def _gib(size: float) -> str:
    return f"{size / (1 << 30):.1f} GiB"
