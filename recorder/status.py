"""What a capture node says of itself: of the hearing it records, its disk, its backlog and its devices."""

from collections.abc import Mapping
from dataclasses import dataclass

from court.hearing import HearingState
from court.openness import Openness
from hardware.devices import AUDIO_RATE
from recorder.disk import DiskRoom
from recorder.health.senses import CameraSense, MicrophoneSense
from recorder.opening import Opened
from recorder.recording import TrackLevel
from recorder.spool import Backlog
from recorder.track_facts import TrackFacts


@dataclass(frozen=True, slots=True)
class Status:
    """`hearing` and `state` are None before the first one; `message` says what is wrong, if anything.

    `spare_of` is the hearing of another node that this one is recorded beside; empty for one of its own.
    `steps` and `orders` count the changes of state and of openness; `by` is who ordered the present state.
    """

    hearing: str | None
    state: HearingState | None
    seconds: float
    tracks: tuple[TrackFacts, ...]
    backlog: Backlog
    message: str
    disk: DiskRoom
    openness: Openness = Openness.OPEN
    spare_of: str = ""
    steps: int = 0
    orders: int = 0
    by: str = ""
    case_number: str = ""


@dataclass(frozen=True, slots=True)
class Meter:
    """What changes ten times a second: seconds of the hearing, its state, how often state and openness were changed,
    and the loudness of every microphone in the last tenth of a second; costs no disk access."""

    seconds: float
    state: HearingState | None
    steps: int
    orders: int
    levels: Mapping[str, TrackLevel]


def status_of(current: Opened | None, trouble: str, backlog: Backlog, disk: DiskRoom) -> Status:
    """Of the hearing that is or was last recorded; `trouble` is what interrupts it now, if anything."""
    if current is None:
        return Status(None, None, 0.0, (), backlog, trouble, disk)
    recording = current.session.recording
    plan = recording.plan
    return Status(
        current.hearing,
        plan.state,
        recording.position / AUDIO_RATE,
        current.tracks,
        backlog,
        trouble,
        disk,
        recording.openness,
        current.spare_of,
        plan.steps,
        len(recording.orders),
        plan.by,
        current.card.case_number.verbatim,
    )


def meter_of(current: Opened | None) -> Meter:
    if current is None:
        return Meter(0.0, None, 0, 0, {})
    recording = current.session.recording
    levels = {} if current.session.over else dict(recording.levels)
    plan = recording.plan
    return Meter(recording.position / AUDIO_RATE, plan.state, plan.steps, len(recording.orders), levels)


def doing_of(current: Opened | None, trouble: str) -> str:
    if trouble or current is None or current.session.over:
        return trouble or "No hearing is being recorded."
    return f"Hearing {current.hearing}: {current.session.recording.plan.state.value}."


def senses_of(current: Opened | None) -> tuple[list[MicrophoneSense], list[CameraSense]]:
    if current is None or current.session.over:
        return [], []
    recording = current.session.recording
    return [*recording.senses.values()], [*recording.eyes.values()]
