"""How far a hearing's protocol is, told to open pages as it changes: they fetch what they show anew themselves."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.errors import ApiError
from api.gate import enter
from storage.db.models import Hearing
from storage.db.unit_of_work import UnitOfWork

_LOOK_SECONDS = 1.0
_STREAM_SECONDS = 60.0  # then the browser asks again, and shows again who asks


@dataclass(frozen=True, slots=True)
class Standing:
    """What changed is seen from the counts: `draft` is the newest revision, how far it is, and its PDF; `edits` of the
    working copy, `comments` made and settled, `decided` corrections of the transcript, decisions on stages and ticks of
    who appeared, `remarks` the steps taken on remarks."""

    draft: str
    edits: int
    comments: str
    decided: int
    remarks: int

    @property
    def json(self) -> str:
        return json.dumps(asdict(self))


def standing(uow: UnitOfWork, hearing: Hearing) -> Standing:
    revisions = uow.protocols.of(hearing.id)  # each second, so without the documents
    latest = revisions[-1] if revisions else None
    said = uow.edits.comments(hearing.id)
    return Standing(
        draft=f"{latest.revision}-{latest.state}-{latest.sha256 is not None:d}" if latest else "",
        edits=uow.edits.version(hearing.id),
        comments=f"{len(said)}-{sum(bool(one.done_by) for one in said)}",
        decided=uow.runs.corrections(hearing.id, uow.runs.shown(hearing.id)),
        remarks=uow.remarks.next_number(hearing.id) - 1,
    )


def watch_response(context: Context, caller: Caller, hearing_id: str) -> EventSourceResponse:
    """`protocol` events, a Standing each: first as it is, then whenever it is another."""
    return EventSourceResponse(told_standing(context, caller, hearing_id), headers={"X-Accel-Buffering": "no"})


async def told_standing(context: Context, caller: Caller, hearing_id: str) -> AsyncIterator[ServerSentEvent]:
    """What `watch_response` sends; it ends where the policy changes."""
    told = ""
    began = now = context.clock.now().monotonic
    while now < began + _STREAM_SECONDS:
        try:
            found = await run_in_threadpool(_look, context, caller, hearing_id)
        except ApiError:
            return
        if found != told:
            told = found
            yield ServerSentEvent(told, event="protocol")
        await asyncio.sleep(_LOOK_SECONDS)
        now = context.clock.now().monotonic


def _look(context: Context, caller: Caller, hearing_id: str) -> str:
    with context.database.read() as uow:
        return standing(uow, enter(uow, caller, hearing_id, Action.DECIDE_STAGE)).json
