"""The node's live levels, relayed to the secretary's page as server-sent events."""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent

from api.errors import ApiError
from api.room_nodes import RoomNodes


def levels_response(node: RoomNodes) -> EventSourceResponse:
    """`levels` events as the node sends them; one `lost` event with a sentence when the node stops answering."""
    return EventSourceResponse(_relay(node), headers={"X-Accel-Buffering": "no"})


async def _relay(node: RoomNodes) -> AsyncIterator[ServerSentEvent]:
    try:
        async for data in node.levels():
            yield ServerSentEvent(data, event="levels")
    except ApiError as error:
        yield ServerSentEvent(str(error), event="lost")
