"""The card of a new hearing, and the start of its recording on the room's node."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api import views
from api.caller import Caller
from api.deps import CurrentUser, protect_forms, require_role
from api.errors import Conflict, NodeUnreachable
from api.room_nodes import attached
from api.store_alarm import new_hearing_refusal
from api.web.render import Page, PageDep
from court.card import LANGUAGES, HearingCard, Procedure
from court.errors import InputError
from court.hearing import HearingState
from court.labels import LABELS, LANGUAGE_NAMES
from court.people import CourtRole, UserRole

router = APIRouter(
    prefix="/hearings",
    dependencies=[Depends(protect_forms), Depends(require_role(UserRole.SECRETARY))],
    include_in_schema=False,
)


class HearingForm(BaseModel):
    """The form of a new hearing; the fields of the participants come as columns."""

    case_number: str = ""
    case_title: str = ""
    language: str = "ru"
    court: str = ""
    place: str = ""
    judge: str = ""
    secretary: str = ""
    procedure: str = ""
    participant_role: list[str] = Field(default=[], max_length=200)
    participant_name: list[str] = Field(default=[], max_length=200)
    participant_present: list[str] = Field(default=[], max_length=200)
    participant_note: list[str] = Field(default=[], max_length=200)
    key: str = Field(default="", max_length=64)

    def fields(self) -> dict[str, Any]:
        """As `HearingCard.parse` takes them; rows without a name are left out."""
        columns = (self.participant_role, self.participant_name, self.participant_present, self.participant_note)
        return {
            **self.model_dump(exclude={"key", *(n for n in type(self).model_fields if n.startswith("participant_"))}),
            "participants": [
                {"role": role, "name": name, "present": present != "no", "note": note}
                for role, name, present, note in zip(*columns, strict=False)
                if name.strip()
            ],
        }


@router.get("/new")
def new_hearing(page: PageDep, caller: CurrentUser) -> Response:
    """The form; where the node records already, its console instead."""
    try:
        status = attached(page.context.nodes).status()
    except NodeUnreachable as error:
        return _form(page, _blank_card(page, caller), str(error))
    if status["hearing"] is not None and HearingState(status["state"]).live:
        return RedirectResponse(f"/hearings/{status.get('spare_of') or status['hearing']}/console", status_code=303)
    with page.context.database.read() as uow:
        refusal = new_hearing_refusal(uow)
    return _form(page, _blank_card(page, caller), refusal, room=status["room"], node=views.node_view(status))


@router.post("")
def start(page: PageDep, caller: CurrentUser, form: Annotated[HearingForm, Form()]) -> Response:
    """Starts the recording; what the card or the node refuses comes back in the form."""
    fields = form.fields()
    with page.context.database.read() as uow:
        refusal = new_hearing_refusal(uow)
    if refusal:
        return _form(page, fields, refusal, status=422)
    try:
        hearing_id = attached(page.context.nodes).start(HearingCard.parse(fields).as_fields(), form.key, caller.name)
    except (InputError, Conflict, NodeUnreachable) as error:
        return _form(page, fields, str(error), status=422)
    return RedirectResponse(f"/hearings/{hearing_id}/console", status_code=303)


def _form(
    page: Page,
    card: dict[str, Any],
    error: str = "",
    *,
    room: str = "",
    node: views.NodeView | None = None,
    status: int = 200,
) -> Response:
    say = page.words.gettext
    return page.render(
        "hearing_new.html",
        status,
        card=card,
        key=secrets.token_urlsafe(16),
        error=page.words.sentence(error),
        node_room=room,
        node=node,
        language_choices=[(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        procedure_choices=[
            ("", say("As usual in this court")),
            *((one.value, say(LABELS[one.value])) for one in Procedure),
        ],
        role_choices=[(one.value, say(LABELS[one.value])) for one in CourtRole],
    )


def _blank_card(page: Page, caller: Caller) -> dict[str, Any]:
    """An empty form with what seldom changes: court and place of the last hearing, the secretary's own name."""
    with page.context.database.read() as uow:
        last = next(iter(uow.hearings.find(limit=1)), None)
    before = last.card if last is not None else {}
    sides = (CourtRole.CLAIMANT, CourtRole.RESPONDENT)
    return {
        **HearingForm(court=before.get("court", ""), place=before.get("place", ""), secretary=caller.name).fields(),
        "participants": [{"role": one.value, "name": "", "present": True, "note": ""} for one in sides],
    }
