"""The protocol on the hearing's page: its panel, its PDF, signing."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Response

from api import page_content
from api.access import Action
from api.audit import journalled, record_access
from api.caller import Caller
from api.composition import protocol_context
from api.deps import CurrentUser, protect_forms, require_role
from api.errors import Conflict, NotFound
from api.gate import enter, require, require_kept
from api.web.render import Page, PageDep
from court.catalogue import N_
from court.people import UserRole
from protocol.errors import ProtocolError
from protocol.model import ProtocolDocument
from protocol.signers import SignerRole
from protocol.tasks import draft_protocol, sign_protocol
from storage.db.models import Protocol
from storage.worm.port import read_object

_NONE_YET = N_("There is no protocol of this hearing yet.")

router = APIRouter(prefix="/hearings", dependencies=[Depends(protect_forms)], include_in_schema=False)

NOT_NOW = N_(
    "The form of the protocol is decided on while there is a draft that nobody has signed, and its transcript is "
    "complete."
)


@router.get("/{hearing_id}/protocol")
def panel(hearing_id: str, page: PageDep, caller: CurrentUser, known: str = "") -> Response:
    """The panel as part of a page; nothing (204) while it still is what the page has."""
    with journalled(page.context, caller, Action.READ, hearing_id, "protocol") as uow:
        values = page_content.protocol_panel(
            uow, page.context.store, caller, enter(uow, caller, hearing_id, Action.READ)
        )
    if values["protocol"].version == known:
        return Response(status_code=204)
    answer = page.render("protocol_panel.html", part=True, **values)
    answer.headers["HX-Trigger"] = "courtrec:drafted"  # with the draft came stages, which another panel shows
    return answer


@router.get("/{hearing_id}/protocol/text")
def text(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """What the newest revision says, field by field, as part of a page: for whoever may have its PDF."""
    with page.context.database.read() as uow:
        row = next(iter(reversed(page_content.visible_revisions(uow, caller, hearing_id))), None)
    with journalled(page.context, caller, Action.DOWNLOAD, hearing_id, _subject(row)) as uow:
        require_kept(require(uow, caller, hearing_id, Action.DOWNLOAD))
        if row is None:
            raise NotFound(_NONE_YET)
    document = ProtocolDocument.from_json(row.document)
    return page.render("protocol_text.html", part=True, hearing_id=hearing_id, document=document)


@router.get("/{hearing_id}/protocol.pdf")
def pdf(hearing_id: str, page: PageDep, caller: CurrentUser, revision: int | None = None) -> Response:
    """The newest revision's PDF the caller may have, or the one asked for."""
    with page.context.database.read() as uow:
        rows = page_content.visible_revisions(uow, caller, hearing_id)
    row = next((one for one in reversed(rows) if revision in (None, one.revision)), None)
    with journalled(page.context, caller, Action.DOWNLOAD, hearing_id, _subject(row)) as uow:
        require_kept(require(uow, caller, hearing_id, Action.DOWNLOAD))
        if row is None:
            raise NotFound(_NONE_YET)
        if row.sha256 is None:
            raise NotFound("The PDF of this draft is not ready yet: look again in a moment.")
        content = read_object(page.context.store, row.sha256)
    name = f"attachment; filename=\"protocol.pdf\"; filename*=UTF-8''{quote(row.file_name)}"
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})


@router.post("/{hearing_id}/protocol/sign", dependencies=[Depends(require_role(UserRole.SECRETARY, UserRole.JUDGE))])
def sign(hearing_id: str, page: PageDep, caller: CurrentUser) -> Response:
    """Signs the newest revision with the key the server has for whoever is logged in, secretary or judge."""
    with page.context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.SIGN)
        record_access(page.context, uow, caller, Action.SIGN, hearing_id=hearing_id, subject="protocol")
    try:
        sign_protocol(protocol_context(page.context), hearing_id, caller.name, SignerRole(caller.role.value))
    except ProtocolError as error:
        raise Conflict(str(error)) from error
    return _panel(page, caller, hearing_id)


@router.post("/{hearing_id}/protocol/form", dependencies=[Depends(require_role(UserRole.JUDGE))])
def decide_form(hearing_id: str, page: PageDep, caller: CurrentUser, full: Annotated[bool, Form()]) -> Response:
    """The presiding judge decides that the protocol is a full one, or the brief one after all."""
    with page.context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.DECIDE_FORM)
        ground = "full" if full else "brief"
        record_access(
            page.context, uow, caller, Action.DECIDE_FORM, hearing_id=hearing_id, subject="protocol", ground=ground
        )
    try:
        drafted = draft_protocol(protocol_context(page.context), hearing_id, full=full)
    except ProtocolError as error:
        raise Conflict(str(error)) from error
    if not drafted:
        raise Conflict(NOT_NOW)
    return _panel(page, caller, hearing_id)


def _panel(page: Page, caller: Caller, hearing_id: str) -> Response:
    with page.context.database.read() as uow:
        hearing = enter(uow, caller, hearing_id, Action.READ)
        values = page_content.protocol_panel(uow, page.context.store, caller, hearing)
    return page.render("protocol_panel.html", part=True, **values)


def _subject(row: Protocol | None) -> str:
    """What the journal says was looked at."""
    return f"protocol/{row.revision}" if row is not None else "protocol"
