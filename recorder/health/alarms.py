"""Alarms begin when something has been wrong for a while and end when it has been right for a while. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from court.grade import Grade
from court.health import Alarm, AlarmKind

Key = tuple[AlarmKind, str]
"""Kind and subject: one alarm."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something is wrong now; the fields are those of an alarm."""

    kind: AlarmKind
    grade: Grade
    subject: str = ""
    values: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.kind, self.subject


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for which it must be wrong before the alarm begins, and right before it ends."""

    begin: float
    end: float


PATIENCE = {
    AlarmKind.NO_SIGNAL: Patience(5, 2),  # a wireless microphone drops out for a second or two
    AlarmKind.CLIPPING: Patience(0, 15),  # it is counted over ten seconds already
    AlarmKind.MICROPHONE_LOST: Patience(2, 2),
    AlarmKind.CAMERA_LOST: Patience(5, 3),  # cameras on a network reconnect
    AlarmKind.CAMERA_BLACK: Patience(20, 5),  # somebody may stand before the lens
    AlarmKind.CAMERA_FROZEN: Patience(0, 5),  # stillness is measured over a minute
    AlarmKind.DISK_LOW: Patience(5, 10),
    AlarmKind.SOUND_ONLY: Patience(0, 5),
    AlarmKind.CLOCK_FREE: Patience(60, 10),  # NTP takes as long after the network was away
    AlarmKind.CLOCK_STEPPED: Patience(0, 0),
    AlarmKind.HOT: Patience(15, 30),
    AlarmKind.ON_BATTERY: Patience(3, 5),  # an UPS tries its battery for a second or two by itself
    AlarmKind.BATTERY_LOW: Patience(0, 5),
    AlarmKind.UPS_LOST: Patience(30, 5),
    AlarmKind.UPLOAD_LAG: Patience(0, 0),  # it has waited an hour
    AlarmKind.NODE_LOST: Patience(0, 0),
}


@dataclass(slots=True)
class _Watched:
    """`changed`: since when (monotonic seconds) it is what it is not yet told to be."""

    condition: Condition
    wrong: bool
    changed: float
    alarm: Alarm | None = None


class Alarms:
    """`revision` rises whenever an alarm begins, ends, or changes its grade."""

    def __init__(self) -> None:
        self.revision = 0
        self._watched: dict[Key, _Watched] = {}

    @property
    def running(self) -> tuple[Alarm, ...]:
        """The worst first, then the oldest."""
        severity = tuple(Grade)
        found = [one.alarm for one in self._watched.values() if one.alarm is not None]
        return tuple(sorted(found, key=lambda one: (-severity.index(one.grade), one.since, one.kind, one.subject)))

    @property
    def sounding(self) -> frozenset[Key]:
        return frozenset(key for key, one in self._watched.items() if one.alarm is not None)

    def look(self, wrong: Iterable[Condition], now: float, utc: datetime) -> None:
        """What is wrong at `now` (monotonic seconds), all of it."""
        found = {one.key: one for one in wrong}
        for key, condition in found.items():
            self._watched.setdefault(key, _Watched(condition, wrong=True, changed=now))
        for key, watched in [*self._watched.items()]:
            holds = key in found
            if holds != watched.wrong:
                watched.wrong, watched.changed = holds, now
            watched.condition = found.get(key, watched.condition)
            self._settle(key, watched, now - watched.changed, utc)

    def _settle(self, key: Key, watched: _Watched, lasted: float, utc: datetime) -> None:
        patience, before, condition = PATIENCE[key[0]], watched.alarm, watched.condition
        if watched.wrong and (before is not None or lasted >= patience.begin):
            since = utc if before is None else before.since
            watched.alarm = Alarm(condition.kind, condition.grade, condition.subject, since, condition.values)
        elif not watched.wrong and (before is None or lasted >= patience.end):
            del self._watched[key]
            watched.alarm = None
        if (before and before.grade) != (watched.alarm and watched.alarm.grade):
            self.revision += 1
