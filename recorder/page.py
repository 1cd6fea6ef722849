"""The node's own page: leads the hearing on this machine, with the server or without it.

Server-rendered and a script of its own; nothing is loaded from elsewhere, and nothing needs to be built.
"""

import importlib.resources
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources.abc import Traversable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from court.alarm_texts import PLACES, SAYS
from court.card import LANGUAGES, Procedure
from court.catalogue import N_, texts
from court.errors import InputError
from court.labels import LABELS, LANGUAGE_NAMES
from court.notes import NoteTemplate
from court.sentences import patterns
from recorder.door import COOKIE, Door, Handler, is_local, json_fields
from recorder.errors import LoginRefused
from recorder.login import SESSION_SECONDS

LANGUAGE_COOKIE = "language"

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_STYLES = ("tokens.css", "base.css", "components.css", "layout.css", "console.css")
_TEXT = re.compile(r'\{\{ _\("([^"]*)"\) \}\}')
_SLOT = re.compile(r"\{\{ (\w+) \}\}")

# What the page's script says.
_WORDS = {
    "idle": N_("Nothing is being recorded"),
    "mean_recording": N_("Everything said is recorded."),
    "mean_paused": N_("Nothing is recorded; the microphones are heard by the meters only."),
    "mean_deliberation": N_("The microphones are isolated: nothing is heard, measured or recorded."),
    "by": N_("by {name}"),
    "sent": N_("everything is on the server"),
    "unsent": N_("{count} segments, {size}; the oldest waits {time}"),
    "stop_title": N_("End the hearing?"),
    "stop_text": N_(
        "The recording is closed and cannot be continued. The transcript and the draft protocol are made from it."
    ),
    "stop_yes": N_("End the hearing"),
    "open_title": N_("Open to the public?"),
    "open_text": N_("From now on the parties may see and hear what is recorded. What was closed stays closed."),
    "open_yes": N_("Open"),
    "offline": N_("The recorder does not answer. Nothing was lost; press again."),
    "words_needed": N_("A free note needs a few words: type them first, or use one of the buttons."),
    "undelivered": N_("Nothing gets through to the server now; recording goes on, and what waits is sent later."),
    "bytes": N_("bytes"),
    "KiB": N_("KiB"),
    "MiB": N_("MiB"),
    "GiB": N_("GiB"),
}


def page_routes(door: Door, language: str) -> list[Route]:
    """The page, its log-in and its files; `language` until a person chooses another."""
    page = _Pages(door, language)
    return [
        Route("/", page.visited(page.home)),
        Route("/login", page.visited(page.log_in), methods=["POST"]),
        Route("/logout", page.visited(page.log_out), methods=["POST"]),
        Route("/page/{name}", page.visited(page.file)),
    ]


class _Pages:
    def __init__(self, door: Door, language: str) -> None:
        self._door = door
        self._language = language

    def visited(self, handler: Handler) -> Handler:
        """`handler` with the headers of every answer, for whoever may open the page at all."""

        async def answer(request: Request) -> Response:
            self._door.check_place(request)
            self._door.check_header(request)
            response = await handler(request)
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return answer

    async def home(self, request: Request) -> Response:
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        language = chosen if chosen in LANGUAGES else self._language
        if not self._door.logins.possible:
            return _page("unset.html", language)
        if self._door.visitor(request) is None:
            return _page("login.html", language)
        leave = f'<button class="button quiet" data-part="leave">{escape(_say(language, N_("Log out")))}</button>'
        return _page("panel.html", language, leave)

    async def log_in(self, request: Request) -> Response:
        fields = await json_fields(request)
        password, name = fields.get("password", ""), fields.get("name", "")
        if not isinstance(password, str) or not isinstance(name, str):
            raise InputError("Name and password must be texts.")
        try:
            token = await run_in_threadpool(self._door.logins.log_in, password, name, is_local(request))
        except LoginRefused as error:
            return JSONResponse({"detail": str(error)}, 403)
        response = JSONResponse({})
        response.set_cookie(
            COOKIE, token, max_age=SESSION_SECONDS, httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    async def log_out(self, request: Request) -> Response:
        self._door.logins.log_out(request.cookies.get(COOKIE, ""))
        response = JSONResponse({})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        own, shared = _folder("recorder", "page_files"), _folder("court", "page")
        if name == "style.css":
            parts = [*(shared / one for one in _STYLES), own / "page.css"]
            return Response("\n".join(one.read_text("utf-8") for one in parts), media_type="text/css")
        if name in ("page.js", "live.js"):
            folder = own if name == "page.js" else shared
            return Response((folder / name).read_text("utf-8"), media_type="text/javascript")
        raise HTTPException(404, "There is no such file.")


def _page(content: str, language: str, leave: str = "") -> HTMLResponse:
    """`leave` is the button to log out."""
    codes = (
        f'<button name="language" value="{code}" lang="{code}" title="{LANGUAGE_NAMES[code]}" '
        f'aria-pressed="{str(code == language).lower()}">{code.upper()}</button>'
        for code in LANGUAGES
    )
    slots = {
        "language": language,
        "languages": "".join(codes),
        "leave": leave,
        "content": _translated(content, language),
        "data": _as_data(_data(language)),
    }
    text = _SLOT.sub(lambda found: slots[found[1]], _translated("frame.html", language))
    return HTMLResponse(text)


def _data(language: str) -> dict[str, Any]:
    """What the script says, in the reader's language."""
    return {
        "labels": {value: _say(language, message) for value, message in LABELS.items()},
        "words": {name: _say(language, message) for name, message in _WORDS.items()},
        "alarms": {
            kind.value: {
                "where": _say(language, PLACES.get(kind, "")),
                "what": _say(language, what),
                "cure": _say(language, cure),
            }
            for kind, (what, cure) in SAYS.items()
        },
        "sentences": {message: _say(language, message) for message in patterns()},
        "templates": [one.value for one in NoteTemplate if one is not NoteTemplate.FREE],
        "procedures": [one.value for one in Procedure],
        "languages": {code: LANGUAGE_NAMES[code] for code in LANGUAGES},
        "language": language,
    }


def _translated(name: str, language: str) -> str:
    """A file of the page with its messages, written as in the server's templates, in the reader's language."""
    text = (_folder("recorder", "page_files") / name).read_text("utf-8")
    return _TEXT.sub(lambda found: escape(_say(language, found[1])), text)


def _say(language: str, message: str) -> str:
    return texts(language).get(message, message)


def _as_data(values: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(values, ensure_ascii=False).replace("<", "\\u003c")


def _folder(package: str, name: str) -> Traversable:
    return importlib.resources.files(package) / name
