"""The node's control API: the secretary's page starts, pauses and stops through it, and sees the levels.

Every request carries the node's token. Steps may be repeated; a step that is not possible now is answered 409 and
bad input 422, both with one sentence in `detail`.
"""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from court.card import HearingCard
from court.errors import CourtError, InputError
from court.hearing import IllegalStep
from court.notes import NoteTemplate
from court.openness import Openness
from recorder.agent import Agent
from recorder.clearing import cleared
from recorder.errors import HearingRunning, NoHearing, NoRoom
from recorder.health.prompts import Ear
from recorder.health.selftest import Running, SelfTester
from recorder.health.watch import Watch
from recorder.recording import TrackLevel
from recorder.spool import Backlog

_LEVELS_PER_SECOND = 10
_MAX_NOTE = 2000
_MAX_BACK = 86_400  # seconds: no hearing is longer than a day
_BEARER = "Bearer "

Handler = Callable[[Request], Awaitable[Response]]


def create_app(agent: Agent, token: str, tester: SelfTester, watch: Watch) -> Starlette:
    """The ASGI application of the node that `agent` is; whoever calls it must show `token`."""
    node = _Node(agent, tester, watch)
    routes = [
        Route("/status", _guarded(node.status, token)),
        Route("/start", _guarded(node.start, token), methods=["POST"]),
        Route("/pause", _guarded(node.step(agent.pause), token), methods=["POST"]),
        Route("/resume", _guarded(node.step(agent.resume), token), methods=["POST"]),
        Route("/deliberate", _guarded(node.step(agent.deliberate), token), methods=["POST"]),
        Route("/stop", _guarded(node.step(agent.stop), token), methods=["POST"]),
        Route("/note", _guarded(node.note, token), methods=["POST"]),
        Route("/openness", _guarded(node.order, token), methods=["POST"]),
        Route("/mute", _guarded(node.mute, token), methods=["POST"]),
        Route("/levels", _guarded(node.levels, token)),
        Route("/selftest", _guarded(node.selftest, token)),
        Route("/selftest/start", _guarded(node.start_selftest, token), methods=["POST"]),
        Route("/selftest/stop", _guarded(node.stop_selftest, token), methods=["POST"]),
    ]
    errors = {CourtError: _refusal, HTTPException: _http_error}
    return Starlette(routes=routes, exception_handlers=errors)


class _Node:
    def __init__(self, agent: Agent, tester: SelfTester, watch: Watch) -> None:
        self._agent = agent
        self._tester = tester
        self._watch = watch

    async def status(self, _request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._status))

    def _status(self) -> dict[str, Any]:
        return status_fields(self._agent, self._watch)

    async def start(self, request: Request) -> Response:
        card = HearingCard.parse(await _fields(request))
        return JSONResponse({"hearing": await run_in_threadpool(self._start, card)})

    def _start(self, card: HearingCard) -> str:
        with self._tester.aside():
            return self._agent.start(card)

    def step(self, deed: Callable[[], None]) -> Handler:
        async def answer(_request: Request) -> Response:
            await run_in_threadpool(deed)
            return JSONResponse(await run_in_threadpool(self._status))

        return answer

    async def note(self, request: Request) -> Response:
        fields = await _fields(request)
        text = fields.get("text", "")
        if not isinstance(text, str) or len(text) > _MAX_NOTE:
            raise InputError(f"The note's text must be a text of at most {_MAX_NOTE} characters.")
        try:
            template = NoteTemplate(fields.get("template", NoteTemplate.FREE))
        except ValueError:
            raise InputError(f"The note's template is unknown: use one of {', '.join(NoteTemplate)}.") from None
        return JSONResponse({"at": await run_in_threadpool(self._agent.note, template, text.strip())})

    async def mute(self, request: Request) -> Response:
        fields = await _fields(request)
        track, muted = fields.get("track"), fields.get("muted")
        if not isinstance(track, str) or not isinstance(muted, bool):
            raise InputError("Give the microphone's track as a text, and muted as true or false.")
        await run_in_threadpool(self._agent.mute, track, muted)
        return JSONResponse(await run_in_threadpool(self._status))

    async def order(self, request: Request) -> Response:
        fields = await _fields(request)
        try:
            openness = Openness(fields.get("openness", ""))
        except ValueError:
            raise InputError(f"The order's openness is unknown: use one of {', '.join(Openness)}.") from None
        back = fields.get("back_seconds", 0)
        if not isinstance(back, int) or isinstance(back, bool) or not 0 <= back <= _MAX_BACK:
            raise InputError(f"The order's back_seconds must be a whole number from 0 to {_MAX_BACK}.")
        if back and openness is Openness.OPEN:
            raise InputError("A hearing is opened from now on: what was closed before stays closed.")
        since = await run_in_threadpool(self._agent.order, openness, back)
        return JSONResponse({"since": since, **await run_in_threadpool(self._status)})

    async def selftest(self, _request: Request) -> Response:
        return JSONResponse(selftest_fields(self._tester))

    async def start_selftest(self, _request: Request) -> Response:
        await run_in_threadpool(self._tester.start, lambda: self._agent.busy)
        return JSONResponse(selftest_fields(self._tester))

    async def stop_selftest(self, _request: Request) -> Response:
        await run_in_threadpool(self._tester.stop)
        return JSONResponse(selftest_fields(self._tester))

    async def levels(self, _request: Request) -> Response:
        return EventSourceResponse(self._level_events())

    async def _level_events(self) -> AsyncIterator[dict[str, str]]:
        while True:
            yield {"event": "levels", "data": json.dumps(level_fields(self._agent, self._tester, self._watch))}
            await asyncio.sleep(1 / _LEVELS_PER_SECOND)


def status_fields(agent: Agent, watch: Watch) -> dict[str, Any]:
    """The answer to GET /status."""
    status, deleted = agent.status(), cleared(agent.spool)
    return {
        "node": agent.settings.name,
        "room": agent.room.name,
        "hearing": status.hearing,
        "state": status.state,
        "openness": status.openness.value,
        "seconds": round(status.seconds, 3),
        "tracks": [{"track": one.track, "role": one.role, "kind": one.kind} for one in status.tracks],
        "unsent": _unsent(status.backlog),
        "unsent_by_hearing": [
            {"hearing": hearing, **_unsent(backlog)} for hearing, backlog in agent.spool.backlogs().items()
        ],
        "delivery": agent.delivery_trouble(),
        "deleted": {"count": deleted.count, "bytes": deleted.size},
        "disk": {
            "free": status.disk.free,
            "reserve": status.disk.reserve,
            "short": status.disk.short,
            "pictures_stopped": status.disk.pictures_stopped,
        },
        "message": status.message,
        "muted": [one.track for one in agent.senses()[0] if one.muted],
        "alarms": [one.as_fields() for one in watch.alarms],
    }


def _unsent(backlog: Backlog) -> dict[str, int]:
    oldest = 0 if backlog.oldest is None else max(0, round(time.time() - backlog.oldest))
    return {"count": backlog.count, "bytes": backlog.size, "oldest_seconds": oldest}


def level_fields(agent: Agent, tester: SelfTester, watch: Watch) -> dict[str, Any]:
    """The data of one `levels` event. In a self-test, the levels and what it asks for; `selftest.count` rises when one
    has ended, `alarms` when an alarm begins or ends."""
    seconds, state, levels = agent.meter()
    running = tester.running
    heard: Mapping[str, TrackLevel | Ear] = levels if running is None else running.ears
    return {
        "seconds": round(seconds, 1),
        "state": state,
        "levels": {
            track: {
                "rms_db": round(one.level.rms_db, 1),
                "peak_db": round(one.level.peak_db, 1),
                "speech": one.speech,
            }
            for track, one in heard.items()
        },
        "alarms": watch.revision,
        "selftest": {"count": tester.count, "running": _running_fields(running)},
    }


def selftest_fields(tester: SelfTester) -> dict[str, Any]:
    """The answer to GET /selftest: what the running test asks for now, and what the last one found."""
    last = tester.last
    return {
        "running": _running_fields(tester.running),
        "tracks": tester.tracks,
        "trouble": tester.trouble,
        "last": None if last is None else last.as_fields(),
    }


def _running_fields(running: Running | None) -> dict[str, Any] | None:
    if running is None:
        return None
    return {
        "stage": running.stage,
        "track": running.track,
        "share": round(running.share, 2),
        "seconds_left": round(running.seconds_left, 1),
    }


def _guarded(handler: Handler, token: str) -> Handler:
    expected = token.encode()

    async def answer(request: Request) -> Response:
        shown = request.headers.get("authorization", "")
        given = shown.removeprefix(_BEARER).encode()
        if not expected or not shown.startswith(_BEARER) or not hmac.compare_digest(given, expected):
            raise HTTPException(401, "This node needs its token.", {"WWW-Authenticate": "Bearer"})
        return await handler(request)

    return answer


async def _fields(request: Request) -> dict[str, Any]:
    try:
        fields = await request.json()
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InputError("The request must be a JSON object.")
    return fields


async def _refusal(_request: Request, error: Exception) -> Response:
    if isinstance(error, InputError):
        return JSONResponse({"detail": str(error)}, 422)
    if isinstance(error, IllegalStep | NoHearing | HearingRunning | NoRoom):
        return JSONResponse({"detail": str(error)}, 409)
    return JSONResponse({"detail": str(error)}, 503)


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
