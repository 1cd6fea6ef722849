"""What the room's node says right now."""

from fastapi import APIRouter
from sse_starlette import EventSourceResponse

from api.access import NOT_YOUR_ROLE, Action, decide
from api.caller import Caller
from api.deps import ContextDep, CurrentUser
from api.errors import Forbidden, NodeUnreachable
from api.live import levels_response, situation_response
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


def _require(caller: Caller, action: Action) -> None:
    if not decide(caller.role, action, Openness.OPEN, caller.place, granted=False).allowed:
        raise Forbidden(NOT_YOUR_ROLE)
