"""Who may do what with a hearing: one pure function that every content route asks.

The rules it carries out: closed content never leaves the site (Kazakhstan CPC art. 282(4), CrPC art. 347-1(3):
parties may get acquainted with a closed hearing at the court only, and receive neither its recording nor its
protocol); a party sees only the hearings granted to it; whoever runs the system gets no content because of that.
"""

from dataclasses import dataclass
from enum import StrEnum

from court.catalogue import N_
from court.openness import Openness
from court.people import UserRole


class Action(StrEnum):
    """What is asked for. `CARD` is the case number, time and state; `READ`, `PLAY` and `DOWNLOAD` are content."""

    CARD = "card"
    READ = "read"
    PLAY = "play"
    DOWNLOAD = "download"
    RECORD = "record"
    ORDER_OPENNESS = "order_openness"
    SIGN = "sign"
    DECIDE_FORM = "decide_form"
    EDIT_PROTOCOL = "edit_protocol"
    VERIFY_LEDGER = "verify_ledger"
    MANAGE_USERS = "manage_users"
    MANAGE_RETENTION = "manage_retention"
    WRITE_OFF = "write_off"
    WATCH_ROOMS = "watch_rooms"
    MANAGE_JOBS = "manage_jobs"
    CHOOSE_TRANSCRIPT = "choose_transcript"
    CORRECT = "correct"
    DECIDE_STAGE = "decide_stage"
    COPY = "copy"
    REMARK = "remark"
    DECIDE_REMARK = "decide_remark"


class Place(StrEnum):
    """Where the person sits: inside the court's own networks, or anywhere else."""

    ON_SITE = "on_site"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is one sentence for the person refused; empty when allowed."""

    allowed: bool
    reason: str = ""


ALLOWED = Decision(True)
NOT_YOUR_ROLE = N_("Your role does not include this.")
NOT_GRANTED = N_("The court has not opened this hearing to you.")
CLOSED_OFF_SITE = N_("This part of the hearing is closed: it can be seen and heard at the court only.")
CLOSED_NO_COPY = N_("This hearing is closed: parties may get acquainted with it at the court but receive no copy.")

CONTENT = frozenset({Action.READ, Action.PLAY, Action.DOWNLOAD})
GUARDED = CONTENT | {Action.CORRECT, Action.DECIDE_STAGE, Action.EDIT_PROTOCOL, Action.REMARK, Action.DECIDE_REMARK}
"""What of closed content is done at the court only: whoever may not read it neither changes nor judges it."""

_MAY = {
    UserRole.SECRETARY: CONTENT
    | {Action.CARD, Action.RECORD, Action.ORDER_OPENNESS, Action.SIGN, Action.VERIFY_LEDGER}
    | {Action.MANAGE_JOBS, Action.CHOOSE_TRANSCRIPT, Action.CORRECT, Action.EDIT_PROTOCOL, Action.REMARK}
    | {Action.COPY, Action.DECIDE_STAGE},
    UserRole.JUDGE: CONTENT
    | {Action.CARD, Action.ORDER_OPENNESS, Action.SIGN, Action.VERIFY_LEDGER, Action.MANAGE_RETENTION}
    | {Action.MANAGE_JOBS, Action.CHOOSE_TRANSCRIPT, Action.DECIDE_FORM}
    | {Action.EDIT_PROTOCOL, Action.DECIDE_REMARK, Action.COPY, Action.DECIDE_STAGE},
    UserRole.PARTY: CONTENT | {Action.CARD, Action.REMARK},
    UserRole.ADMIN: frozenset(
        {Action.CARD, Action.VERIFY_LEDGER, Action.MANAGE_USERS, Action.MANAGE_RETENTION, Action.WATCH_ROOMS}
        | {Action.WRITE_OFF, Action.MANAGE_JOBS}
    ),
}


def decide(role: UserRole, action: Action, openness: Openness, place: Place, granted: bool) -> Decision:
    """Whether `role` may do `action` to content of this `openness`, sitting in `place`.

    `granted` says whether the court opened this hearing to this very person; it matters for parties only.
    """
    if action not in _MAY[role]:
        return Decision(False, NOT_YOUR_ROLE)
    if role is UserRole.PARTY and not granted:
        return Decision(False, NOT_GRANTED)
    if openness is Openness.CLOSED and action in GUARDED:
        if place is not Place.ON_SITE:
            return Decision(False, CLOSED_OFF_SITE)
        if role is UserRole.PARTY and action is Action.DOWNLOAD:
            return Decision(False, CLOSED_NO_COPY)
    return ALLOWED
