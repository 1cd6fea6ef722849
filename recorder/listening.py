"""The door to the sound of the running hearing, for live text: low in rank, and bounded in everything.

Evidence comes first: while anything has waited long for delivery, the line belongs to it, and nothing is sent here.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from recorder.agent import Agent
from recorder.door import operator_of
from recorder.tail import Piece, Tail

LISTENERS = 2
"""At most so many at once: the server's own, and one that has not noticed yet that it is gone."""

_EVERY = 0.05  # seconds between two looks
_SIGN_OF_LIFE = 20  # looks after which something is said even where nothing is new
_LATE = 60.0  # seconds that something may have waited for delivery before the line belongs to it alone


class Listening:
    """The node's route GET /sound."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._count = 0

    async def answer(self, request: Request) -> Response:
        """For the server alone, not for whoever leads the hearing at this machine."""
        if operator_of(request) is not None:
            raise HTTPException(403, "The sound is for the court's server only.")
        if self._count >= LISTENERS:
            raise HTTPException(503, "Others listen along already.")
        return EventSourceResponse(self._counted())

    async def _counted(self) -> AsyncIterator[dict[str, str]]:
        self._count += 1
        try:
            async for event in self._events():
                yield event
        finally:
            self._count -= 1

    async def _events(self) -> AsyncIterator[dict[str, str]]:
        """Without end: `hearing` events tell of it (Heard, empty where there is none) and whether it is `late`, `sound`
        events are a Piece each, {track, sequence, first, content in base64}.

        The bytes are read before the orders on openness are: no sound goes out ahead of the order that closes it.
        """
        tail, following, told, looks, late = Tail(self._agent.spool.folder), "", dict[str, Any](), 0, False
        while True:
            if looks % _SIGN_OF_LIFE == 0:
                late, told = await run_in_threadpool(self._is_late), {}
            looks += 1
            heard = self._agent.heard()
            if heard is None or late or heard.hearing != following:
                tail, following = Tail(self._agent.spool.folder), "" if heard is None or late else heard.hearing
            pieces: list[Piece] = []
            if heard is not None and following:
                try:
                    pieces = await run_in_threadpool(tail.read, heard.segments)
                except OSError:  # the disk fails, and recording says so itself
                    following = ""
            now = self._agent.heard()
            head = {**({} if now is None else now.as_fields()), "late": late}
            if head != told:
                yield {"event": "hearing", "data": json.dumps(head)}
                told = head
            if now is not None and now.hearing == following:
                for one in pieces:
                    yield {"event": "sound", "data": json.dumps(_fields(one))}
            await asyncio.sleep(_EVERY)

    def _is_late(self) -> bool:
        oldest = self._agent.spool.backlog().oldest
        return bool(self._agent.settings.server_url) and oldest is not None and time.time() - oldest > _LATE


def _fields(piece: Piece) -> dict[str, Any]:
    return {
        "track": piece.segment.track,
        "sequence": piece.segment.sequence,
        "first": piece.first,
        "content": base64.b64encode(piece.content).decode(),
    }
