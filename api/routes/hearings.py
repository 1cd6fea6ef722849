"""Hearings as data: list, card, transcript, timeline."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import reading, schemas
from api.access import Action
from api.audit import journalled
from api.deps import ContextDep, CurrentUser
from api.gate import enter
from court.people import UserRole

router = APIRouter(prefix="/api/hearings", tags=["hearings"])


@router.get("")
def list_hearings(
    context: ContextDep,
    caller: CurrentUser,
    search: Annotated[str, Query(max_length=64, description="Any spelling of a case number.")] = "",
) -> list[schemas.HearingSummary]:
    """Hearings, newest first; a party sees those the court opened to it."""
    with context.database.read() as uow:
        own = caller.id if caller.role is UserRole.PARTY else None
        return [reading.summary(uow, one) for one in uow.hearings.find(search, granted_to=own)]


@router.get("/{hearing_id}")
def hearing_card(hearing_id: str, context: ContextDep, caller: CurrentUser) -> schemas.HearingSummary:
    """The hearing's card and state."""
    with journalled(context, caller, Action.CARD, hearing_id, "card") as uow:
        return reading.summary(uow, enter(uow, caller, hearing_id, Action.CARD))


@router.get("/{hearing_id}/transcript")
def hearing_transcript(hearing_id: str, context: ContextDep, caller: CurrentUser) -> schemas.Transcript:
    """What was said, as the machine understood it; utterances of closed spans only at the court."""
    with journalled(context, caller, Action.READ, hearing_id, "transcript") as uow:
        found = enter(uow, caller, hearing_id, Action.READ)
        return reading.transcript(uow, caller, found, context.store)


@router.get("/{hearing_id}/timeline")
def hearing_timeline(hearing_id: str, context: ContextDep, caller: CurrentUser) -> schemas.Timeline:
    """Everything the player needs: tracks with their segments, gaps with their causes, notes, utterances."""
    with journalled(context, caller, Action.READ, hearing_id, "timeline") as uow:
        found = enter(uow, caller, hearing_id, Action.READ)
        return reading.timeline(uow, caller, found, context.store)
