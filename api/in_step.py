"""What brings two nodes of a room into step, from what they say of themselves. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from court.hearing import HearingState

_STEPS = {
    HearingState.RECORDING: "resume",
    HearingState.PAUSED: "pause",
    HearingState.DELIBERATION: "deliberate",
    HearingState.ENDED: "stop",
}

Status = Mapping[str, Any]


class KnownHearing(Protocol):
    """What the court's log knows of a hearing."""

    @property
    def card(self) -> Mapping[str, Any]: ...

    @property
    def live(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Deed:
    """A step for the node at place `node`: join, open, closed, mute, unmute, or one of the control interface's steps.

    `recording` is that node's own, or spare, recording of the `hearing`; `by` ordered the step, if anybody. `track` is
    the microphone that is muted or heard again.
    """

    node: int
    step: str
    hearing: str
    track: str = ""
    recording: str = field(default="", compare=False)
    by: str = field(default="", compare=False)
    card: Mapping[str, Any] = field(default_factory=dict, compare=False)


def records(status: Status, hearing: str) -> bool:
    """Whether a node that says this records the hearing, or beside another node that does."""
    return hearing in (status["hearing"], status.get("spare_of") or None)


def due(
    told: Sequence[Status | None], led: Mapping[str, int], known: Callable[[str], KnownHearing | None]
) -> Deed | None:
    """The next step that is needed; None where all is well.

    `told` are the nodes' statuses, None of one that does not answer; `led` says which node leads a hearing instead of
    its own. What has ended is recorded by nobody any more; what is recorded by one node the other joins; and of two
    that record the same, the one that does not lead follows.
    """
    for place, status in enumerate(told):
        hearing = None if status is None else _hearing(status)
        if status is not None and hearing is not None and _live(status):
            found = known(hearing)
            if found is not None and not found.live:
                return Deed(place, "stop", hearing, recording=status["hearing"])
    if len(told) < 2 or told[0] is None or told[1] is None:
        return None
    for place, other in ((0, 1), (1, 0)):
        one, beside = told[place], told[other]
        if one is None or beside is None or one["hearing"] is None or one.get("spare_of"):
            continue
        if beside.get("spare_of") == one["hearing"]:
            leading = led.get(one["hearing"], place)
            return _step(told[leading] or one, told[1 - leading] or beside, 1 - leading, one["hearing"])
        if _live(one) and not _live(beside):
            found = known(one["hearing"])
            return Deed(other, "join", one["hearing"], card=found.card) if found is not None else None
    return None


def _step(lead: Status, behind: Status, place: int, hearing: str) -> Deed | None:
    if not _live(behind):
        return None
    if lead["state"] != behind["state"]:
        return Deed(place, _STEPS[HearingState(lead["state"])], hearing, "", behind["hearing"], lead.get("by", ""))
    wanted = lead.get("openness", "open")
    if wanted != behind.get("openness", "open"):
        return Deed(place, wanted, hearing, recording=behind["hearing"])
    return _mute(lead, behind, place, hearing)


def _mute(lead: Status, behind: Status, place: int, hearing: str) -> Deed | None:
    """Of the microphones that both have; a node of an earlier version does not tell which are muted."""
    if "muted" not in lead or "muted" not in behind:
        return None
    both = {one["track"] for one in lead["tracks"]} & {one["track"] for one in behind["tracks"]}
    for track in sorted(both & (set(lead["muted"]) ^ set(behind["muted"]))):
        return Deed(place, "mute" if track in lead["muted"] else "unmute", hearing, track, behind["hearing"])
    return None


def _hearing(status: Status) -> str | None:
    hearing: str | None = status.get("spare_of") or status["hearing"]
    return hearing


def _live(status: Status) -> bool:
    return status["state"] is not None and HearingState(status["state"]).live
