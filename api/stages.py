"""Stages that the program heard: accepted or refused one by one, each decision a statement in the log.

A decision is known by the kind of the stage and its moment, never by a place in a list, so it holds on in every later
draft and version of the transcript.
"""

from dataclasses import dataclass

from api.access import CLOSED_OFF_SITE, Action
from api.caller import Caller
from api.context import Context
from api.errors import Conflict, Forbidden
from api.gate import Sieve, enter
from court.catalogue import N_
from court.hearing import HearingState
from court.stages import StageKind
from protocol.facts import Stage, Standing, Utterance
from protocol.gather import gather_stages
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind
from storage.queue import DRAFT_PROTOCOL
from storage.worm.port import WormStore

NO_STAGE = N_("This stage is not proposed any more: reload the page.")
SETTLED = N_("Stages are decided on between the end of the hearing and the signing of its protocol.")
_OPEN = frozenset({HearingState.ENDED, HearingState.DRAFT, HearingState.UNDER_CORRECTION})
_DRAFTED = frozenset({HearingState.ENDED, HearingState.DRAFT})
_SAME_MOMENT = 0.5  # seconds; the page has milliseconds


@dataclass(frozen=True, slots=True)
class StageView:
    """`role` and `speaker` are who said the words of `quote`, both empty where none are known."""

    kind: str
    at: float
    quote: str
    role: str
    speaker: str
    doubtful: bool
    standing: str
    by: str


@dataclass(frozen=True, slots=True)
class StagesView:
    """What the caller may read of what was heard; `open`: whether it is decided on now."""

    open: bool
    proposed: tuple[StageView, ...]
    accepted: tuple[StageView, ...]
    refused: tuple[StageView, ...]


def may_decide(caller: Caller, uow: UnitOfWork, hearing: Hearing) -> bool:
    """Whether the page offers it: each stage is asked about again."""
    try:
        enter(uow, caller, hearing.id, Action.DECIDE_STAGE)
    except Forbidden:
        return False
    return HearingState(hearing.state) in _OPEN


def heard_stages(uow: UnitOfWork, caller: Caller, hearing: Hearing, store: WormStore) -> StagesView:
    sieve = Sieve(uow, caller, hearing.id, Action.READ)
    stages, said = gather_stages(uow, hearing, store)
    views = [_view(one, said) for one in stages if sieve.passes(one.at, one.at)]
    of = {standing: tuple(one for one in views if one.standing == standing.value) for standing in Standing}
    open_ = HearingState(hearing.state) in _OPEN
    return StagesView(open_, of[Standing.PROPOSED], of[Standing.ACCEPTED], of[Standing.REFUSED])


def decide(context: Context, caller: Caller, hearing_id: str, kind: StageKind, at: float, accepted: bool) -> None:
    """States that the stage heard at `at` seconds is one, or is none; the same again states nothing.

    Raises Forbidden, NotFound, and Conflict where no such stage was heard or its time is over.
    """
    now = context.clock.now().utc
    with context.database.begin() as uow:
        uow.hearings.lock(hearing_id)
        hearing = enter(uow, caller, hearing_id, Action.DECIDE_STAGE)
        if HearingState(hearing.state) not in _OPEN:
            raise Conflict(SETTLED)
        stages, _ = gather_stages(uow, hearing, context.store)
        heard = [one for one in stages if one.standing is not Standing.CERTAIN]
        stage = next((one for one in heard if one.kind is kind and abs(one.at - at) < _SAME_MOMENT), None)
        sieve = Sieve(uow, caller, hearing_id, Action.DECIDE_STAGE)
        if stage is None:
            raise Conflict(NO_STAGE)
        if not sieve.passes(stage.at, stage.at):
            raise Forbidden(CLOSED_OFF_SITE)
        if stage.standing is (Standing.ACCEPTED if accepted else Standing.REFUSED):
            return
        body = {"stage": kind.value, "at_ms": round(stage.at * 1000), "accepted": accepted, "by": caller.name}
        uow.log.record(LeafKind.STAGE, hearing_id, now, body, context.server_key)
        left = [one for one in heard if one.standing is Standing.PROPOSED and one is not stage]
        # As long as proposals are left the sweeper draws up a draft once nobody decides any more.
        if not left and HearingState(hearing.state) in _DRAFTED and not uow.windows.unfinished(hearing_id):
            uow.outbox.put(DRAFT_PROTOCOL, [hearing_id], now)


def _view(one: Stage, said: tuple[Utterance, ...]) -> StageView:
    source, _, number = one.evidence.partition(":")
    spoken = said[int(number) - 1] if source == "utterance" else None
    role = spoken.role.value if spoken and spoken.role else ""
    speaker = spoken.speaker if spoken else ""
    return StageView(one.kind.value, one.at, one.quote, role, speaker, one.doubtful, one.standing.value, one.by)
