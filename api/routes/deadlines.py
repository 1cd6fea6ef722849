"""The board of deadlines, for judges and secretaries."""

from fastapi import APIRouter, Depends, Response

from api.deadlines import board
from api.deps import CurrentUser, protect_forms, require_role
from api.web.render import PageDep
from court.people import UserRole

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)


@router.get("/deadlines", dependencies=[Depends(require_role(UserRole.JUDGE, UserRole.SECRETARY))])
def deadlines(page: PageDep, caller: CurrentUser, everybody: bool = False) -> Response:
    """Those of the hearings that name the reader as judge or secretary, or of all."""
    now = page.context.clock.now().utc
    with page.context.database.read() as uow:
        found = board(uow, now, "" if everybody else caller.name)
    return page.render("deadlines.html", section="deadlines", dues=found, everybody=everybody)
