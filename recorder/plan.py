"""What the secretary may do next, and which facts a step leaves behind. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from court.hearing import HearingState, step
from court.timeline import GapCause
from recorder.errors import Overtaken


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
    """The state of the hearing, the sample (48 kHz) since which it lasts, how many steps led to it, and who took the
    last one (empty: nobody said)."""

    state: HearingState = HearingState.SCHEDULED
    since: int = 0
    steps: int = 0
    by: str = ""

    @property
    def recording(self) -> bool:
        """Whether what the microphones give is kept; else nothing of it may reach the disk."""
        return self.state is HearingState.RECORDING

    @property
    def ended(self) -> bool:
        return self.state is HearingState.ENDED


@dataclass(frozen=True, slots=True)
class Ask:
    """Who asks for a step (`by`, empty: nobody said), of which hearing (empty: the one being recorded), and what the
    person saw when asking: how many steps, or orders on openness, there had been (None: it does not matter).

    A step asked for in view of what is no longer so is refused, unless nothing is left to do: thus neither a repeated
    request nor a second person's changes anything twice.
    """

    by: str = ""
    hearing: str = ""
    seen: int | None = None

    def check(self, now: int) -> None:
        """Raises Overtaken where there have been other than the seen number."""
        if self.seen is not None and self.seen != now:
            raise Overtaken(
                "Somebody else was faster: look at the hearing's present state, and press again if it is still needed."
            )


@dataclass(frozen=True, slots=True)
class Step:
    """`plan` after the command; `changed` is False for a repeated one, which leaves no facts.

    `silence` is why the stretch that now ends, `plan.since` of the old plan to the new one, was not recorded;
    None if it was.
    """

    plan: Plan
    changed: bool
    silence: GapCause | None = None


NOBODY = Ask()


def obey(plan: Plan, command: Command, at: int, ask: Ask = NOBODY) -> Step:
    """The step that `command` makes at sample `at`; raises court.hearing.IllegalStep or Overtaken."""
    state = step(plan.state, _LEADS_TO[command])
    if state is plan.state:
        return Step(plan, changed=False)
    ask.check(plan.steps)
    return Step(Plan(state, at, plan.steps + 1, ask.by), changed=True, silence=_SILENT.get(plan.state))
