"""The nodes' live levels, relayed to pages as server-sent events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from sse_starlette import EventSourceResponse, ServerSentEvent

from api.errors import ApiError
from api.node_client import NodeClient
from api.room_nodes import RoomNodes

_EVENT_SECONDS = 0.1
_ASK_AGAIN_SECONDS = 2.0


def levels_response(node: RoomNodes) -> EventSourceResponse:
    """`levels` events as the node sends them; one `lost` event with a sentence when the node stops answering."""
    return EventSourceResponse(_relay(node), headers={"X-Accel-Buffering": "no"})


def situation_response(nodes: Sequence[NodeClient]) -> EventSourceResponse:
    """`rooms` events ten times a second: what each node sends as `levels`, by its place among `nodes`; a node that is
    silent is not among them."""
    return EventSourceResponse(gathered(nodes), headers={"X-Accel-Buffering": "no"})


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
