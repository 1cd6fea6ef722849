"""Deciding on what the program heard, and ticking who appeared, on the pages of a hearing."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from api import attendance, page_content, stages
from api.access import Action
from api.audit import journalled
from api.deps import CurrentUser, protect_forms, require_role
from api.gate import enter
from api.web.render import PageDep
from court.attendance import Attendance
from court.people import UserRole
from court.stages import StageKind

router = APIRouter(prefix="/hearings", dependencies=[Depends(protect_forms)], include_in_schema=False)


@router.get("/{hearing_id}/stages")
def panel(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The panel as part of a page."""
    with journalled(page.context, caller, Action.READ, hearing_id, "stages") as uow:
        hearing = enter(uow, caller, hearing_id, Action.DECIDE_STAGE)
        view = stages.heard_stages(uow, caller, hearing, page.context.store)
    return page.render("hearing_stages.html", hearing_id=hearing_id, stages=view)


@router.post("/{hearing_id}/stages")
def decide(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    stage: Annotated[StageKind, Form()],
    at: Annotated[float, Form()],
    accepted: Annotated[bool, Form()],
) -> Response:
    """Accepts or refuses the stage heard at `at` seconds, and gives the panel as it is then."""
    stages.decide(page.context, caller, hearing_id, stage, at, accepted)
    return panel(hearing_id, page, caller)


@router.get("/{hearing_id}/attendance", dependencies=[Depends(require_role(UserRole.SECRETARY))])
def who_appeared(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The panel as part of a page."""
    with page.context.database.read() as uow:
        values = page_content.attendance_card(uow, caller, enter(uow, caller, hearing_id, Action.RECORD))
    return page.render("attendance.html", hearing_id=hearing_id, **values)


@router.post("/{hearing_id}/attendance", dependencies=[Depends(require_role(UserRole.SECRETARY))])
def tick(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    participant: Annotated[int, Form(ge=1)],
    name: Annotated[str, Form(max_length=2000)],
    value: Annotated[Attendance, Form()],
) -> Response:
    attendance.tick(page.context, caller, hearing_id, participant, name, value)
    return who_appeared(hearing_id, page, caller)
