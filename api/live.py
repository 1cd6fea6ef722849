"""What is live, as server-sent events: the nodes' levels, and the text of what is being said."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.caller import Caller
from api.context import Context
from api.errors import ApiError
from api.node_client import NodeClient
from api.room_nodes import RoomNodes
from api.schemas import LiveLine

_EVENT_SECONDS = 0.1
_ASK_AGAIN_SECONDS = 2.0
_LOOK_SECONDS = 0.05
_SURE_SECONDS = 1.0  # so often the policy is asked again, though nothing new was said
_STREAM_SECONDS = 60.0  # then the browser asks again, and shows again who asks


def levels_response(node: RoomNodes) -> EventSourceResponse:
    """`levels` events as the node sends them; one `lost` event with a sentence when the node stops answering."""
    return EventSourceResponse(_relay(node), headers={"X-Accel-Buffering": "no"})


def situation_response(nodes: Sequence[NodeClient]) -> EventSourceResponse:
    """`rooms` events ten times a second: what each node sends as `levels`, by its place among `nodes`; a node that is
    silent is not among them."""
    return EventSourceResponse(gathered(nodes), headers={"X-Accel-Buffering": "no"})


def text_response(context: Context, caller: Caller, hearing_id: str) -> EventSourceResponse:
    """The hearing's live text as far as the caller may read it; see routes/live.py."""
    return EventSourceResponse(told_text(context, caller, hearing_id), headers={"X-Accel-Buffering": "no"})


async def told_text(context: Context, caller: Caller, hearing_id: str) -> AsyncIterator[ServerSentEvent]:
    """What `text_response` sends."""
    texts, shown = context.live_texts, dict[str, LiveLine]()
    state, revision, looked = "", -1, 0.0
    began = now = context.clock.now().monotonic
    while now < began + _STREAM_SECONDS:
        if texts.state(now) != state:
            state = texts.state(now)
            yield ServerSentEvent(json.dumps(state), event="state")
        if texts.revision != revision or now >= looked + _SURE_SECONDS:
            revision, looked = texts.revision, now
            lines = await run_in_threadpool(_visible, context, caller, hearing_id)
            if gone := [key for key in shown if key not in lines]:
                yield ServerSentEvent(json.dumps(gone), event="gone")
            for key, line in lines.items():
                if shown.get(key) != line:
                    yield ServerSentEvent(json.dumps(_shown(key, line), ensure_ascii=False), event="text")
            shown = lines
        await asyncio.sleep(_LOOK_SECONDS)
        now = context.clock.now().monotonic


def _visible(context: Context, caller: Caller, hearing_id: str) -> dict[str, LiveLine]:
    with context.database.read() as uow:
        return context.live_texts.visible(uow, caller, hearing_id)


def _shown(key: str, line: LiveLine) -> dict[str, object]:
    told = line.model_dump(include={"role", "stable", "rest", "final"})
    return {"id": key, "at": line.start, "end": line.end, "doubtful": bool(line.flags), **told}


async def gathered(nodes: Sequence[NodeClient]) -> AsyncIterator[ServerSentEvent]:
    """What `situation_response` sends."""
    newest: dict[int, str] = {}

    async def follow(place: int, node: NodeClient) -> None:
        while True:
            with contextlib.suppress(ApiError):
                async for data in node.levels():
                    newest[place] = data
            newest.pop(place, None)
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    followers = [asyncio.create_task(follow(place, node)) for place, node in enumerate(nodes)]
    try:
        while True:
            rooms = ",".join(f'"{place}":{data}' for place, data in newest.items())
            yield ServerSentEvent(f"{{{rooms}}}", event="rooms")
            await asyncio.sleep(_EVENT_SECONDS)
    finally:
        for one in followers:
            one.cancel()


async def _relay(node: RoomNodes) -> AsyncIterator[ServerSentEvent]:
    try:
        async for data in node.levels():
            yield ServerSentEvent(data, event="levels")
    except ApiError as error:
        yield ServerSentEvent(str(error), event="lost")
