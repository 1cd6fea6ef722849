"""Remarks on the hearing's page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from api import remarks
from api.access import Action
from api.audit import journalled
from api.deps import ContextDep, CurrentUser, protect_forms
from api.errors import Conflict
from api.gate import enter
from api.remarks import Filing
from api.web.render import PageDep
from court.remarks import LONGEST, ImpossibleStep, RemarkDeed, RemarkSubject

router = APIRouter(prefix="/hearings", dependencies=[Depends(protect_forms)], include_in_schema=False)

Key = Annotated[str, Form(max_length=32)]
Text = Annotated[str, Form(max_length=2 * LONGEST)]
Name = Annotated[str, Form(max_length=300)]


@router.get("/{hearing_id}/remarks")
def panel(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The panel as part of a page; empty while there is nothing to remark on."""
    with journalled(page.context, caller, Action.READ, hearing_id, "remarks") as uow:
        hearing = enter(uow, caller, hearing_id, Action.READ)
        found = remarks.panel(uow, caller, hearing, page.context.clock.now().utc)
        return page.render("hearing_remarks.html", hearing=hearing, remarks=found)


@router.post("/{hearing_id}/remarks")
def file_remark(
    hearing_id: str,
    context: ContextDep,
    caller: CurrentUser,
    against: Annotated[RemarkSubject, Form()],
    key: Key,
    text: Text = "",
    at: Annotated[str, Form(max_length=20)] = "",
    person: Name = "",
) -> Response:
    """A party files a remark, or a secretary enters one that came on paper."""
    remarks.file_remark(context, caller, hearing_id, Filing(key, against, text, at, person))
    return _back(hearing_id)


@router.post("/{hearing_id}/remarks/{remark_id}")
def take_step(
    hearing_id: str,
    remark_id: str,
    context: ContextDep,
    caller: CurrentUser,
    deed: Annotated[RemarkDeed, Form()],
    key: Key,
    text: Text = "",
) -> Response:
    """The judge lets a late one in, returns it, accepts or rejects one; whoever entered one withdraws it."""
    try:
        remarks.take_step(context, caller, hearing_id, remark_id, deed, key, text)
    except ImpossibleStep as error:
        raise Conflict(str(error)) from error
    return _back(hearing_id)


def _back(hearing_id: str) -> Response:
    return RedirectResponse(f"/hearings/{hearing_id}#remarks", status_code=303)
