"""The node's control API: the secretary's pages start, pause and stop through it, and see the levels.

Who may ask, recorder/door.py says. Every step may be repeated. It says which hearing it is meant for (`hearing`), what
was seen when it was asked for (`seen`, the status's `steps`, for orders on openness its `orders`), and who asks (`by`);
a note and a start bear a `key` of their own. All of it may be missing. A step that is not possible now, or no longer
called for, is answered 409 and bad input 422, both with one sentence in `detail`; 409 with the present `status`, too.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
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
from court.ids import is_id
from court.notes import NoteTemplate
from court.one_line import one_line
from court.openness import Openness
from recorder.agent import Agent
from recorder.clearing import cleared
from recorder.door import Door, Handler, json_fields, operator_of
from recorder.errors import HearingRunning, NoHearing, NoRoom, Overtaken
from recorder.health.prompts import Ear
from recorder.health.selftest import Running, SelfTester
from recorder.health.watch import Watch
from recorder.listening import Listening
from recorder.page import page_routes
from recorder.plan import Ask
from recorder.recording import TrackLevel
from recorder.spool import Backlog

_LEVELS_PER_SECOND = 10
_MAX_NOTE = 2000
_MAX_BACK = 86_400  # seconds: no hearing is longer than a day
_MAX_NAME = 200
_MAX_SEEN = 1_000_000
_KEY = re.compile(r"[A-Za-z0-9_-]{0,64}")


def create_app(agent: Agent, door: Door, tester: SelfTester, watch: Watch) -> Starlette:
    """The ASGI application of the node that `agent` is, for whom `door` lets in."""
    node, guarded = _Node(agent, tester, watch), door.guarded
    steps = (agent.pause, agent.resume, agent.deliberate, agent.stop)
    routes = [
        *page_routes(door, agent.settings.language),
        Route("/status", guarded(node.status)),
        Route("/start", guarded(node.start), methods=["POST"]),
        *(Route(f"/{step.__name__}", guarded(node.step(step)), methods=["POST"]) for step in steps),
        Route("/notes", guarded(node.notes)),
        Route("/note", guarded(node.note), methods=["POST"]),
        Route("/openness", guarded(node.order), methods=["POST"]),
        Route("/levels", guarded(node.levels)),
        Route("/sound", guarded(Listening(agent).answer)),
        Route("/mute", guarded(node.mute), methods=["POST"]),
        Route("/selftest", guarded(node.selftest)),
        Route("/selftest/start", guarded(node.start_selftest), methods=["POST"]),
        Route("/selftest/stop", guarded(node.stop_selftest), methods=["POST"]),
    ]
    errors = {CourtError: node.refusal, HTTPException: _http_error}
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
        fields = await json_fields(request)
        card, key, by, spare_of = HearingCard.parse(fields), _key(fields), _by(request, fields), _spare_of(fields)
        return JSONResponse({"hearing": await run_in_threadpool(self._start, card, key, by, spare_of)})

    def _start(self, card: HearingCard, key: str, by: str, spare_of: str) -> str:
        with self._tester.aside():
            return self._agent.start(card, key, by, spare_of)

    def step(self, deed: Callable[[Ask], None]) -> Handler:
        async def answer(request: Request) -> Response:
            await run_in_threadpool(deed, _ask(request, await json_fields(request)))
            return JSONResponse(await run_in_threadpool(self._status))

        return answer

    async def note(self, request: Request) -> Response:
        fields = await json_fields(request)
        text = fields.get("text", "")
        if not isinstance(text, str) or len(text) > _MAX_NOTE:
            raise InputError(f"The note's text must be a text of at most {_MAX_NOTE} characters.")
        try:
            template = NoteTemplate(fields.get("template", NoteTemplate.FREE))
        except ValueError:
            raise InputError(f"The note's template is unknown: use one of {', '.join(NoteTemplate)}.") from None
        key, ask = _key(fields), _ask(request, fields)
        return JSONResponse({"at": await run_in_threadpool(self._agent.note, template, text.strip(), key, ask)})

    async def notes(self, _request: Request) -> Response:
        told = [{"at": one.at, "template": one.template, "text": one.text, "by": one.by} for one in self._agent.notes()]
        return JSONResponse(told)

    async def mute(self, request: Request) -> Response:
        fields = await json_fields(request)
        track, muted = fields.get("track"), fields.get("muted")
        if not isinstance(track, str) or not isinstance(muted, bool):
            raise InputError("Give the microphone's track as a text, and muted as true or false.")
        await run_in_threadpool(self._agent.mute, track, muted, _ask(request, fields))
        return JSONResponse(await run_in_threadpool(self._status))

    async def order(self, request: Request) -> Response:
        fields = await json_fields(request)
        try:
            openness = Openness(fields.get("openness", ""))
        except ValueError:
            raise InputError(f"The order's openness is unknown: use one of {', '.join(Openness)}.") from None
        back = fields.get("back_seconds", 0)
        if not isinstance(back, int) or isinstance(back, bool) or not 0 <= back <= _MAX_BACK:
            raise InputError(f"The order's back_seconds must be a whole number from 0 to {_MAX_BACK}.")
        if back and openness is Openness.OPEN:
            raise InputError("A hearing is opened from now on: what was closed before stays closed.")
        since = await run_in_threadpool(self._agent.order, openness, back, _ask(request, fields))
        return JSONResponse({"since": since, **await run_in_threadpool(self._status)})

    async def selftest(self, _request: Request) -> Response:
        return JSONResponse(selftest_fields(self._tester))

    async def start_selftest(self, _request: Request) -> Response:
        await run_in_threadpool(self._tester.start, lambda: self._agent.busy)
        return JSONResponse(selftest_fields(self._tester))

    async def stop_selftest(self, _request: Request) -> Response:
        await run_in_threadpool(self._tester.stop)
        return JSONResponse(selftest_fields(self._tester))

    async def refusal(self, _request: Request, error: Exception) -> Response:
        told: dict[str, Any] = {"detail": str(error)}
        if isinstance(error, InputError):
            return JSONResponse(told, 422)
        if isinstance(error, IllegalStep | NoHearing | HearingRunning | NoRoom | Overtaken):
            return JSONResponse({**told, "status": await run_in_threadpool(self._status)}, 409)
        return JSONResponse(told, 503)

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
        "spare_of": status.spare_of,
        "case_number": status.case_number,
        "state": status.state,
        "openness": status.openness.value,
        "steps": status.steps,
        "orders": status.orders,
        "by": status.by,
        "notes": len(agent.notes()),
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
    meter = agent.meter()
    running = tester.running
    heard: Mapping[str, TrackLevel | Ear] = meter.levels if running is None else running.ears
    return {
        "seconds": round(meter.seconds, 1),
        "state": meter.state,
        "steps": meter.steps,
        "orders": meter.orders,
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


def _ask(request: Request, fields: dict[str, Any]) -> Ask:
    hearing, seen = fields.get("hearing", ""), fields.get("seen")
    if not isinstance(hearing, str):
        raise InputError("The step's hearing must be the id of a hearing.")
    if seen is not None and (not isinstance(seen, int) or isinstance(seen, bool) or not 0 <= seen <= _MAX_SEEN):
        raise InputError(f"The step's 'seen' must be a whole number from 0 to {_MAX_SEEN}.")
    return Ask(_by(request, fields), hearing, seen)


def _by(request: Request, fields: dict[str, Any]) -> str:
    """Who asks: whoever logged in to the node's own page, or whom the server names."""
    name = operator_of(request) or fields.get("by", "")
    if not isinstance(name, str) or len(name := one_line(name)) > _MAX_NAME:
        raise InputError(f"The name of who asks must be a text of at most {_MAX_NAME} characters.")
    return name


def _key(fields: dict[str, Any]) -> str:
    key = fields.get("key", "")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InputError("The request's key may hold at most 64 Latin letters, digits, dashes and underscores.")
    return key


def _spare_of(fields: dict[str, Any]) -> str:
    hearing = fields.get("spare_of", "")
    if not isinstance(hearing, str) or (hearing and not is_id(hearing)):
        raise InputError("The field 'spare_of' must be the id of the hearing that the other node records.")
    return hearing


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
