"""What is wrong, from the facts of one moment. Pure; every threshold stands here with its reason."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from court.clock import Anchor
from court.grade import Grade
from court.health import AlarmKind
from court.hearing import HearingState
from court.room import SpoolLimits
from hardware.temperature import Temperature
from hardware.ups import Ups
from recorder.disk import DiskRoom
from recorder.health.alarms import Condition, Key

STILL_SECONDS = 60.0
"""In a court-room somebody moves within a minute, or the sensor's noise does."""

LOW_SECONDS, ENOUGH_SECONDS = 3600.0, 5400.0
"""With room for an hour of this hearing somebody must come; the alarm ends at an hour and a half."""

HOT_BELOW_CRITICAL, HOT, COOLER = 10.0, 85.0, 5.0
"""Degrees below what the sensor itself calls critical, where processors are slowed down; 85 where it names none."""

UNSENT_HOURS = 1.0
"""Where the room file says nothing. Nothing is lost by waiting, but within an hour somebody can look at the line."""

STEP_SECONDS = 0.5
"""NTP corrects less than this by slewing; more is a jump."""

STEP_SHOWN = 600.0
"""Seconds for which a jump of the clock is shown: it is over at once, and somebody should read of it."""

_HEARD = (HearingState.RECORDING,)
_WATCHED = (HearingState.RECORDING, HearingState.PAUSED)


@dataclass(frozen=True, slots=True)
class MicrophoneFacts:
    track: str
    muted: bool = False
    zero: bool = False
    too_loud: bool = False
    lost: str = ""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    track: str
    lost: str = ""
    black: bool = False
    still_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """One moment. `state` is None without a hearing, `ups` where none is set; `seconds_left` is how long this room can
    be recorded on what is free; `stepped` the seconds by which the clock jumped lately, 0 if it did not;
    `unsent_seconds` and `unsent_bytes` wait for the server."""

    state: HearingState | None
    microphones: tuple[MicrophoneFacts, ...]
    cameras: tuple[CameraFacts, ...]
    disk: DiskRoom
    seconds_left: float
    disciplined: bool
    stepped: float
    temperatures: tuple[Temperature, ...]
    ups: Ups | None
    unsent_seconds: float
    unsent_bytes: int
    limits: SpoolLimits


def conditions(facts: Facts, sounding: Collection[Key] = ()) -> Iterator[Condition]:
    """All that is wrong. What is measured against a threshold ends at another one, where its alarm is `sounding`."""
    for microphone in facts.microphones:
        yield from _microphone(microphone, facts.state)
    for camera in facts.cameras:
        yield from _camera(camera, facts.state)
    yield from _disk(facts, (AlarmKind.DISK_LOW, "") in sounding)
    if not facts.disciplined:
        yield Condition(AlarmKind.CLOCK_FREE, Grade.AMBER)
    if facts.stepped:
        yield Condition(AlarmKind.CLOCK_STEPPED, Grade.AMBER, values={"milliseconds": round(1000 * facts.stepped)})
    for one in facts.temperatures:
        limit = HOT if one.critical is None else min(HOT, one.critical - HOT_BELOW_CRITICAL)
        if one.celsius >= limit - (COOLER if (AlarmKind.HOT, one.sensor) in sounding else 0.0):
            yield Condition(AlarmKind.HOT, Grade.RED, one.sensor, {"celsius": round(one.celsius)})
    if facts.ups is not None:
        yield from _ups(facts.ups)
    yield from _unsent(facts, (AlarmKind.UPLOAD_LAG, "") in sounding)


def _microphone(one: MicrophoneFacts, state: HearingState | None) -> Iterator[Condition]:
    """Of one that is declared muted nothing is wrong; quiet never is."""
    if one.muted:
        return
    if one.lost and state in _WATCHED:
        yield Condition(AlarmKind.MICROPHONE_LOST, Grade.RED, one.track, {"log": one.lost})
    if one.zero and state in _HEARD:
        yield Condition(AlarmKind.NO_SIGNAL, Grade.RED, one.track)
    if one.too_loud and state in _HEARD:
        yield Condition(AlarmKind.CLIPPING, Grade.AMBER, one.track)


def _camera(one: CameraFacts, state: HearingState | None) -> Iterator[Condition]:
    if one.lost and state in _WATCHED:
        yield Condition(AlarmKind.CAMERA_LOST, Grade.RED, one.track, {"log": one.lost})
    elif one.black and state in _HEARD:
        yield Condition(AlarmKind.CAMERA_BLACK, Grade.AMBER, one.track)
    elif one.still_seconds >= STILL_SECONDS and state in _HEARD:
        yield Condition(AlarmKind.CAMERA_FROZEN, Grade.RED, one.track)


def _disk(facts: Facts, sounding: bool) -> Iterator[Condition]:
    live = facts.state is not None and facts.state.live
    values: dict[str, int | str] = {"free": facts.disk.free, "minutes": int(facts.seconds_left / 60)}
    if facts.disk.pictures_stopped:
        yield Condition(AlarmKind.SOUND_ONLY, Grade.RED, values=values)
    elif live and facts.seconds_left < (ENOUGH_SECONDS if sounding else LOW_SECONDS):
        yield Condition(AlarmKind.DISK_LOW, Grade.RED, values=values)
    elif not live and facts.disk.short:
        yield Condition(AlarmKind.DISK_LOW, Grade.AMBER, values=values)


def _ups(ups: Ups) -> Iterator[Condition]:
    if not ups.answers:
        yield Condition(AlarmKind.UPS_LOST, Grade.AMBER, values={"log": ups.trouble})
        return
    values: dict[str, int | str] = {}
    if ups.charge is not None:
        values["charge"] = round(ups.charge)
    if ups.seconds_left is not None:
        values["minutes"] = int(ups.seconds_left / 60)
    if ups.battery_low:
        yield Condition(AlarmKind.BATTERY_LOW, Grade.RED, values=values)
    elif ups.on_battery:
        yield Condition(AlarmKind.ON_BATTERY, Grade.AMBER, values=values)


def _unsent(facts: Facts, sounding: bool) -> Iterator[Condition]:
    """Half of a limit ends the alarm: else it would come and go with every segment."""
    limits, share = facts.limits, 0.5 if sounding else 1.0
    hours = UNSENT_HOURS if limits.unsent_hours is None else limits.unsent_hours
    late = facts.unsent_seconds > 3600 * hours * share
    much = limits.unsent_gigabytes is not None and facts.unsent_bytes > 1e9 * limits.unsent_gigabytes * share
    if late or much:
        values: dict[str, int | str] = {"minutes": int(facts.unsent_seconds / 60), "bytes": facts.unsent_bytes}
        yield Condition(AlarmKind.UPLOAD_LAG, Grade.AMBER, values=values)


class ClockSteps:
    """Notices when the time of day jumps against a clock that never does."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._jumped = 0.0
        self._at = 0.0

    def look(self, now: Anchor) -> float:
        """The seconds of the newest jump, as long as it is to be shown; 0.0 then."""
        offset = now.utc.timestamp() - now.monotonic
        if self._offset is not None and abs(offset - self._offset) >= STEP_SECONDS:
            self._jumped, self._at = offset - self._offset, now.monotonic
        self._offset = offset
        return self._jumped if self._jumped and now.monotonic - self._at < STEP_SHOWN else 0.0
