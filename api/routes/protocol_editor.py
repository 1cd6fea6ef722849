"""The protocol's editor on its own page, and its revisions side by side."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api import page_content, protocol_editor
from api.access import Action
from api.audit import journalled
from api.deps import CurrentUser, protect_forms
from api.gate import require
from api.web.render import PageDep
from protocol.working_copy import Overtaken
from storage.db.unit_of_work import UnitOfWork

router = APIRouter(
    prefix="/hearings/{hearing_id}/protocol", dependencies=[Depends(protect_forms)], include_in_schema=False
)

Key = Annotated[str, Form(max_length=32)]


@router.get("/edit")
def edit(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    with journalled(page.context, caller, Action.READ, hearing_id, "protocol") as uow:
        shown = protocol_editor.sheet(uow, caller, hearing_id)
        said = protocol_editor.quotations(page.context, uow, caller, hearing_id)
        card = page_content.facts(uow, require(uow, caller, hearing_id, Action.EDIT_PROTOCOL))
    return page.render("protocol_edit.html", hearing=card, sheet=shown, quotations=said)


@router.get("/fields")
def fields(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The fields as they are now, as part of a page: what an open editor shows once somebody else wrote."""
    with journalled(page.context, caller, Action.READ, hearing_id, "protocol") as uow:
        shown = protocol_editor.sheet(uow, caller, hearing_id)
        card = page_content.facts(uow, require(uow, caller, hearing_id, Action.EDIT_PROTOCOL))
    return page.render("protocol_fields.html", hearing=card, sheet=shown)


@router.post("/fields")
def save_field(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    key: Key,
    lines: Annotated[str, Form(max_length=2_000_000)],
    version: Annotated[int, Form()],
    merged: Annotated[bool, Form()] = False,
) -> Response:
    """The field's new version. Whoever was slower is shown (409) what stands there now, beside what he wrote."""
    try:
        made = protocol_editor.save_field(page.context, caller, hearing_id, key, lines, version=version, merged=merged)
    except Overtaken as error:
        merge = protocol_editor.overtaken(lines, error.edit)
        return page.render("protocol_merge.html", 409, merge=merge, version=error.edit.version, part=True)
    return JSONResponse({"version": made.version, "edited": made.changes})


@router.post("/revisions")
def save_revision(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The working copy as the next revision."""
    protocol_editor.save_revision(page.context, caller, hearing_id)
    return RedirectResponse(f"/hearings/{hearing_id}/protocol/edit", status_code=303)


@router.post("/comments")
def comment(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    key: Key,
    text: Annotated[str, Form(max_length=10_000)] = "",
) -> Response:
    protocol_editor.add_comment(page.context, caller, hearing_id, key, text)
    return _comments(page, caller, hearing_id, key)


@router.post("/comments/{number}/done")
def settle(hearing_id: str, number: int, page: PageDep, caller: CurrentUser) -> Response:
    return _comments(page, caller, hearing_id, protocol_editor.settle_comment(page.context, caller, hearing_id, number))


@router.get("/compare")
def compare(
    hearing_id: str, page: PageDep, caller: CurrentUser, left: int | None = None, right: int | None = None
) -> Response:
    """Which words two revisions do not share; without any named, the newest and the last that says something else."""
    with journalled(page.context, caller, Action.READ, hearing_id, "protocol") as uow:
        hearing = require(uow, caller, hearing_id, Action.EDIT_PROTOCOL)
        found = uow.protocols.of(hearing_id)
        right = (found[-1].revision if found else 0) if right is None else right
        left = _other(uow, hearing_id, right) if left is None else left
        changed = protocol_editor.changes(uow, caller, hearing_id, left, right)
        card = page_content.facts(uow, hearing)
    rows = [page_content.revision(row) for row in found]
    return page.render("protocol_compare.html", hearing=card, rows=rows, left=left, right=right, changed=changed)


def _other(uow: UnitOfWork, hearing_id: str, right: int) -> int:
    """The last revision before `right` with another text, as a signature changes none; else the first."""
    shown = uow.protocols.revision(hearing_id, right)
    for number in range(right - 1, 1, -1):
        row = uow.protocols.revision(hearing_id, number)
        if row is not None and shown is not None and row.document != shown.document:
            return number
    return 1


def _comments(page: PageDep, caller: CurrentUser, hearing_id: str, key: str) -> Response:
    """The comments of a field as part of the page."""
    with page.context.database.read() as uow:
        hearing = require(uow, caller, hearing_id, Action.EDIT_PROTOCOL)
        said = protocol_editor.comments(uow, hearing_id).get(key, ())
        card = page_content.facts(uow, hearing)
    return page.render("protocol_comments.html", part=True, hearing=card, key=key, comments=said)
