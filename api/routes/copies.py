"""Copies: ordered on the hearing's page, taken by whoever has the link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from api import copy_handing, copy_orders, page_content
from api.access import Action
from api.audit import record_access
from api.context import Context
from api.copy_orders import Wish
from api.deps import ContextDep, CurrentUser, client_address, protect_forms
from api.errors import Forbidden, NotFound
from api.gate import enter, existing_hearing
from api.web.copies import copies_panel
from api.web.render import PageDep
from court.catalogue import N_
from storage.db.models import Copy
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.leaf import LeafKind

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)

Number = Annotated[int, Path(ge=1, lt=1 << 31)]
Text = Annotated[str, Form(max_length=500)]
RECIPIENT = "recipient"
CAUTION_FIRST = N_("Confirm first that you have read the caution.")
NO_SUCH_LINK = N_("This link leads to no copy: it was taken back, or its time is over. Ask the court for another one.")


@router.get("/hearings/{hearing_id}/copies")
def panel(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """The panel as part of the hearing's page."""
    with page.context.database.read() as uow:
        found = enter(uow, caller, hearing_id, Action.COPY)
        values = {"hearing": page_content.facts(uow, found), **copies_panel(uow, page, caller, found)}
    return page.render("copies.html", part=True, **values)


@router.post("/hearings/{hearing_id}/copies")
def order(
    hearing_id: str,
    context: ContextDep,
    caller: CurrentUser,
    recipient: Text = "",
    ground: Text = "",
    track: Annotated[list[str] | None, Form()] = None,
    marked: Annotated[bool, Form()] = False,
    originals: Annotated[bool, Form()] = False,
    sound_marked: Annotated[bool, Form()] = False,
) -> Response:
    """Orders a copy; the worker makes it."""
    wish = Wish(recipient, ground, frozenset(track or ()), marked, originals, sound_marked)
    copy_orders.order_copy(context, caller, hearing_id, wish)
    return RedirectResponse(f"/hearings/{hearing_id}#copies", status_code=303)


@router.post("/hearings/{hearing_id}/copies/{number}/link")
def link(hearing_id: str, number: Number, page: PageDep, caller: CurrentUser) -> Response:
    """Makes the recipient's link, shown this once; an earlier one is void."""
    made = copy_handing.make_link(page.context, caller, hearing_id, number)
    with page.context.database.read() as uow:
        found = enter(uow, caller, hearing_id, Action.COPY)
        values = {"hearing": page_content.facts(uow, found), **copies_panel(uow, page, caller, found)}
    return page.render("copies.html", part=True, **{**values, "link": (number, made)})


@router.post("/hearings/{hearing_id}/copies/{number}/revoke")
def revoke(hearing_id: str, number: Number, context: ContextDep, caller: CurrentUser) -> Response:
    """Takes the recipient's link back."""
    copy_handing.revoke_link(context, caller, hearing_id, number)
    return RedirectResponse(f"/hearings/{hearing_id}#copies", status_code=303)


@router.get("/hearings/{hearing_id}/copies/{number}.zip")
def download(hearing_id: str, number: Number, context: ContextDep, caller: CurrentUser) -> Response:
    """The file itself, for whoever may order copies."""
    with context.database.begin() as uow:
        row = copy_orders.owned(uow, caller, hearing_id, number)
        answer = _file(context, uow, row)
        subject = f"copy/{number}"
        record_access(context, uow, caller, Action.DOWNLOAD, hearing_id=hearing_id, subject=subject, ground=row.ground)
    return answer


@router.get("/copies/{token}")
def caution(token: str, page: PageDep) -> Response:
    """What the recipient sees first: what the copy is, and the caution."""
    with page.context.database.read() as uow:
        row = _linked(page.context, uow, token)
        case = page_content.facts(uow, existing_hearing(uow, row.hearing_id))
    return page.render("copy_link.html", section="", hearing=case, copy=row, token=token)


@router.post("/copies/{token}")
def acknowledge(token: str, request: Request, context: ContextDep, read: Annotated[str, Form()] = "") -> Response:
    """Records that the recipient has read the caution; before that not one byte is handed out."""
    if read != "yes":
        raise Forbidden(CAUTION_FIRST)
    with context.database.begin() as uow:
        row = _linked(context, uow, token)
        row.acknowledged_at = context.clock.now().utc
        _record(context, uow, row, request, "acknowledge")
    return RedirectResponse(f"/copies/{token}/file", status_code=303)


@router.get("/copies/{token}/file")
def take(token: str, request: Request, context: ContextDep) -> Response:
    """The file, for the recipient who has acknowledged the caution."""
    with context.database.begin() as uow:
        row = _linked(context, uow, token)
        if row.acknowledged_at is None:
            raise Forbidden(CAUTION_FIRST)
        answer = _file(context, uow, row)
        _record(context, uow, row, request, Action.DOWNLOAD.value)
    return answer


def _linked(context: Context, uow: UnitOfWork, token: str) -> Copy:
    row = uow.copies.by_link(copy_handing.hashed(token), context.clock.now().utc)
    if row is None:
        raise NotFound(NO_SUCH_LINK)
    copy_handing.require_handed_out(context, uow, row)
    return row


def _record(context: Context, uow: UnitOfWork, row: Copy, request: Request, action: str) -> None:
    body = {
        "actor": row.recipient,
        "role": RECIPIENT,
        "action": action,
        "object": f"copy/{row.id}",
        "ground": row.ground,
        "address": client_address(request),
    }
    uow.log.record(LeafKind.ACCESS, row.hearing_id, context.clock.now().utc, body, context.server_key)


def _file(context: Context, uow: UnitOfWork, row: Copy) -> Response:
    path = copy_handing.require_handed_out(context, uow, row)
    copy_handing.fetched(context, row)
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="application/zip", filename=row.file_name, headers=headers)
