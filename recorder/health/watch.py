"""Watches over the node: gathers its facts twice a second and lets alarms begin and end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from court.clock import Clock
from court.errors import CourtError
from court.health import Alarm
from hardware.devices import AUDIO_RATE, Picture
from hardware.glance import luma
from hardware.picture_measures import Luma, black, still
from hardware.temperature import Temperature
from hardware.ups import Ups
from recorder.agent import Agent
from recorder.errors import reason_of
from recorder.health.alarms import Alarms
from recorder.health.conditions import CameraFacts, ClockSteps, Facts, MicrophoneFacts, conditions
from recorder.health.senses import CameraSense, MicrophoneSense
from recorder.spool import Backlog

_LOOK_EVERY = 0.5
_ASK_EVERY = 5.0
"""Seconds between two looks at cameras, sensors, the UPS and the backlog: decoding a picture costs as much as recording
a second, and summing up a day's backlog 3 ms."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Eye:
    """What is remembered of a camera's pictures from look to look."""

    shown: Picture | None = None
    seen: Luma | None = None
    black: bool = False
    alive_at: float = 0.0

    def look(self, picture: Picture | None, now: float) -> None:
        """At the camera's newest picture; one that was looked at already says that it stands still, as well."""
        if picture is None:
            self.shown, self.seen, self.black, self.alive_at = None, None, False, now
            return
        if picture is self.shown:
            return
        found = luma(picture)
        if found is None:
            return
        if self.seen is None or not still(self.seen, found):
            self.seen, self.alive_at = found, now
        self.shown, self.black = picture, black(found)


class Watch:
    """`alarms` are those running now; `revision` rises when any begins, ends or changes its grade."""

    def __init__(
        self,
        agent: Agent,
        clock: Clock,
        *,
        delivers: bool = False,
        temperatures: Callable[[], list[Temperature]] = list,
        ups: Callable[[], Ups] | None = None,
    ) -> None:
        """`delivers`: there is a server that should take what is recorded. `ups` asks it, and may take a second."""
        self._agent = agent
        self._clock = clock
        self._delivers = delivers
        self._ask_temperatures = temperatures
        self._ask_ups = ups
        self._alarms = Alarms()
        self._steps = ClockSteps()
        self._eyes: dict[str, Eye] = {}
        self._asked_at: float | None = None
        self._temperatures: tuple[Temperature, ...] = ()
        self._ups: Ups | None = None
        self._backlog = Backlog(0, 0, None)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        return self._alarms.running

    @property
    def revision(self) -> int:
        return self._alarms.revision

    def start(self) -> None:
        """Watches in the background until `close`."""
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Once, now."""
        now = self._clock.now()
        if self._asked_at is None or now.monotonic - self._asked_at >= _ASK_EVERY:
            self._asked_at = now.monotonic
            self._temperatures = tuple(self._ask_temperatures())
            self._ups = None if self._ask_ups is None else self._ask_ups()
            self._backlog = self._agent.spool.backlog()
            self._look_at_cameras(now.monotonic)
        before, revision = self.alarms, self.revision
        facts = self._facts(now.monotonic, self._steps.look(now), now.disciplined)
        self._alarms.look(conditions(facts, self._alarms.sounding), now.monotonic, now.utc)
        if self.revision != revision:
            _tell(before, self.alarms)

    def _run(self) -> None:
        trouble = ""
        while not self._closing.wait(_LOOK_EVERY):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - alarms must not end with the first thing nobody thought of
                if trouble != (trouble := reason_of(error)):
                    expected = isinstance(error, OSError | CourtError)
                    _log.error("alarms were not looked at", reason=trouble, exc_info=None if expected else error)
            else:
                trouble = ""

    def _look_at_cameras(self, now: float) -> None:
        cameras = self._agent.senses()[1]
        self._eyes = {one.track: self._eyes.get(one.track, Eye(alive_at=now)) for one in cameras}
        for one in cameras:
            self._eyes[one.track].look(one.latest, now)

    def _facts(self, now: float, stepped: float, disciplined: bool) -> Facts:
        agent = self._agent
        microphones, cameras = agent.senses()
        meter = agent.meter()
        rates, disk, oldest = agent.gauge.rates, agent.gauge.room(), self._backlog.oldest
        waits = self._delivers and oldest is not None
        return Facts(
            state=meter.state,
            microphones=tuple(_heard(one, meter.seconds) for one in microphones),
            cameras=tuple(self._seen(one, now) for one in cameras),
            disk=disk,
            seconds_left=disk.free / max(1.0, rates.sound + rates.pictures),
            disciplined=disciplined,
            stepped=stepped,
            temperatures=self._temperatures,
            ups=self._ups,
            unsent_seconds=max(0.0, self._clock.now().utc.timestamp() - oldest) if waits and oldest else 0.0,
            unsent_bytes=self._backlog.size if waits else 0,
            limits=agent.room.spool,
        )

    def _seen(self, one: CameraSense, now: float) -> CameraFacts:
        eye = self._eyes.get(one.track, Eye(alive_at=now))
        return CameraFacts(one.track, one.lost, eye.black, 0.0 if eye.shown is None else now - eye.alive_at)


def _heard(one: MicrophoneSense, position: float) -> MicrophoneFacts:
    return MicrophoneFacts(one.track, one.muted, one.silent > 0, one.too_loud(round(position * AUDIO_RATE)), one.lost)


def _tell(before: tuple[Alarm, ...], after: tuple[Alarm, ...]) -> None:
    """Into the program's log, for whoever asks tomorrow."""
    known, now = ({(one.kind, one.subject) for one in some} for some in (before, after))
    for kind, subject in now - known:
        _log.warning("alarm_begins", kind=kind.value, subject=subject)
    for kind, subject in known - now:
        _log.warning("alarm_ends", kind=kind.value, subject=subject)
