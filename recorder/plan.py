"""What the secretary may do next, and which facts a step leaves behind. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from court.hearing import HearingState, step
from court.timeline import GapCause


class Command(StrEnum):
    START = "start"
    PAUSE = "pause"
    DELIBERATE = "deliberate"
    RESUME = "resume"
    STOP = "stop"


_LEADS_TO = {
    Command.START: HearingState.RECORDING,
    Command.PAUSE: HearingState.PAUSED,
    Command.DELIBERATE: HearingState.DELIBERATION,
    Command.RESUME: HearingState.RECORDING,
    Command.STOP: HearingState.ENDED,
}

_SILENT = {
    HearingState.PAUSED: GapCause.BREAK,
    HearingState.DELIBERATION: GapCause.DELIBERATION,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The state of the hearing and the sample (48 kHz) since which it lasts."""

    state: HearingState = HearingState.SCHEDULED
    since: int = 0

    @property
    def recording(self) -> bool:
        """Whether what the microphones give is kept; else nothing of it may reach the disk."""
        return self.state is HearingState.RECORDING

    @property
    def ended(self) -> bool:
        return self.state is HearingState.ENDED


@dataclass(frozen=True, slots=True)
class Step:
    """`plan` after the command; `changed` is False for a repeated one, which leaves no facts.

    `silence` is why the stretch that now ends, `plan.since` of the old plan to the new one, was not recorded;
    None if it was.
    """

    plan: Plan
    changed: bool
    silence: GapCause | None = None


def obey(plan: Plan, command: Command, at: int) -> Step:
    """The step that `command` makes at sample `at`; raises court.hearing.IllegalStep if it makes none."""
    state = step(plan.state, _LEADS_TO[command])
    if state is plan.state:
        return Step(plan, changed=False)
    return Step(Plan(state, at), changed=True, silence=_SILENT.get(plan.state))
