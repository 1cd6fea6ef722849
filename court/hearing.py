"""The hearing as a state machine. Illegal steps are refused here, once, for node, server and page alike."""

from enum import StrEnum

from court.errors import CourtError


class HearingState(StrEnum):
    SCHEDULED = "scheduled"
    CHECKED = "checked"
    RECORDING = "recording"
    PAUSED = "paused"
    DELIBERATION = "deliberation"
    ENDED = "ended"
    DRAFT = "draft"
    UNDER_CORRECTION = "under_correction"
    SIGNED = "signed"
    REMARKS_WINDOW = "remarks_window"
    FINAL = "final"
    ARCHIVED = "archived"
    DESTROYED = "destroyed"
    NOT_RECORDED = "not_recorded"

    @property
    def live(self) -> bool:
        """Whether a node is responsible for the hearing now."""
        return self in (HearingState.RECORDING, HearingState.PAUSED, HearingState.DELIBERATION)


_S = HearingState
_NEXT: dict[HearingState, frozenset[HearingState]] = {
    _S.SCHEDULED: frozenset({_S.CHECKED, _S.RECORDING, _S.NOT_RECORDED}),
    _S.CHECKED: frozenset({_S.RECORDING, _S.NOT_RECORDED}),
    _S.RECORDING: frozenset({_S.PAUSED, _S.DELIBERATION, _S.ENDED}),
    _S.PAUSED: frozenset({_S.RECORDING, _S.DELIBERATION, _S.ENDED}),
    _S.DELIBERATION: frozenset({_S.RECORDING, _S.PAUSED, _S.ENDED}),
    # An act destroys what its retention is over for, however far its protocol came in those years.
    _S.ENDED: frozenset({_S.DRAFT, _S.DESTROYED}),
    _S.DRAFT: frozenset({_S.UNDER_CORRECTION, _S.SIGNED, _S.DESTROYED}),
    _S.UNDER_CORRECTION: frozenset({_S.DRAFT, _S.SIGNED, _S.DESTROYED}),
    # What was signed stays; a new protocol may be drawn up that corrects it.
    _S.SIGNED: frozenset({_S.UNDER_CORRECTION, _S.REMARKS_WINDOW, _S.DESTROYED}),
    _S.REMARKS_WINDOW: frozenset({_S.FINAL, _S.DESTROYED}),
    _S.FINAL: frozenset({_S.ARCHIVED, _S.DESTROYED}),
    _S.ARCHIVED: frozenset({_S.DESTROYED}),
    _S.NOT_RECORDED: frozenset({_S.DRAFT}),
    _S.DESTROYED: frozenset(),
}


class IllegalStep(CourtError):
    """The hearing cannot go from its present state to the one asked for."""


def step(state: HearingState, to: HearingState) -> HearingState:
    """The state after the step. Repeating the present state is harmless (a double click); else IllegalStep."""
    if to is state or to in _NEXT[state]:
        return to
    raise IllegalStep(f"A hearing that is {state.value!r} cannot become {to.value!r}.")
