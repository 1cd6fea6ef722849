"""What the room's node says right now."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sse_starlette import EventSourceResponse

from api.access import NOT_YOUR_ROLE, Action, decide
from api.audit import journalled
from api.caller import Caller
from api.deps import ContextDep, CurrentUser
from api.errors import Forbidden, NodeUnreachable, NotLoggedIn
from api.gate import enter
from api.live import levels_response, situation_response, text_response
from api.protocol_watch import watch_response
from api.schemas import LiveReport
from court.openness import Openness

router = APIRouter(prefix="/live", tags=["live"])

_NO_NODE = "No recording node is attached: set COURTREC_NODE_URL to its control address."


@router.get("/levels", response_class=EventSourceResponse)
def levels(context: ContextDep, caller: CurrentUser) -> EventSourceResponse:
    """Microphone levels ten times a second: {seconds, state, levels: {track: {rms_db, peak_db, speech}}}."""
    _require(caller, Action.RECORD)
    if context.nodes is None:
        raise NodeUnreachable(_NO_NODE)
    return levels_response(context.nodes)


@router.get("/situation", response_class=EventSourceResponse)
def situation(context: ContextDep, caller: CurrentUser) -> EventSourceResponse:
    """The same of every room of the court, by its number: {number: levels event}. Figures only, never sound."""
    _require(caller, Action.WATCH_ROOMS)
    if not context.all_nodes:
        raise NodeUnreachable(_NO_NODE)
    return situation_response(context.all_nodes)


def live_worker(
    context: ContextDep, given: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
) -> None:
    """Lets only the worker for live text in, before its report is looked at.

    Raises NotLoggedIn.
    """
    token, secret = given.credentials if given else "", context.secrets.live_token
    if not secret or not hmac.compare_digest(token.encode(), secret.encode()):
        raise NotLoggedIn("The token of the live text is missing or wrong: use the server's own keys/live.token.")


@router.post("/text", status_code=204, dependencies=[Depends(live_worker)])
def report_text(context: ContextDep, report: LiveReport) -> None:
    """What `courtrec live` has recognised, or that it is there."""
    context.live_texts.put(report, context.clock.now().monotonic)


@router.get("/text/{hearing_id}", response_class=EventSourceResponse)
def text(context: ContextDep, caller: CurrentUser, hearing_id: str) -> EventSourceResponse:
    """What is being said: `text` events {id, role, at, end, stable, rest, final, doubtful}, the same id replacing
    the one before; `gone` [ids] where the transcript takes over; `state`: on, idle, late, no_model or off."""
    with journalled(context, caller, Action.READ, hearing_id, "live text") as uow:
        enter(uow, caller, hearing_id, Action.READ)
    return text_response(context, caller, hearing_id)


@router.get("/protocol/{hearing_id}", response_class=EventSourceResponse)
def protocol(context: ContextDep, caller: CurrentUser, hearing_id: str) -> EventSourceResponse:
    """For secretary and judge, how far the hearing's protocol is, whenever that changes: `protocol` events {draft,
    edits, comments, decided, remarks}, which hold counts and no content."""
    with context.database.read() as uow:
        enter(uow, caller, hearing_id, Action.DECIDE_STAGE)
    return watch_response(context, caller, hearing_id)


def _require(caller: Caller, action: Action) -> None:
    if not decide(caller.role, action, Openness.OPEN, caller.place, granted=False).allowed:
        raise Forbidden(NOT_YOUR_ROLE)
