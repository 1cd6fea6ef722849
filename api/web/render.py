"""Pages from templates: the environment of each language, the built assets, and what every page knows."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import structlog
from fastapi import Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.access import Action, decide
from api.caller import Caller
from api.context import Context
from api.deps import ContextDep, CsrfToken, OptionalUser, csrf_token, get_context, optional_user
from api.i18n import Words, words
from api.web.labels import DEEDS, DOUBTS, DUES, FAILURES, OTHER_TITLE, REMARKS, TITLES, tone
from court.card import LANGUAGES
from court.labels import LABELS, LANGUAGE_NAMES
from court.openness import Openness
from court.timeline import clock_text
from protocol.settings import load_protocol_settings
from protocol.wording import utc_offset

LANGUAGE_COOKIE = "language"
THEME_COOKIE = "theme"
DIST = Path(__file__).with_name("dist")
_ENTRY = "src/main.ts"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Assets:
    """Addresses of the built stylesheet and script; their names carry a hash of their content."""

    style: str
    script: str


def built_assets() -> Assets | None:
    """None, and a warning, where the pages were not built: they work then, but without style and player."""
    manifest = DIST / "manifest.json"
    try:
        return _read_manifest(manifest, manifest.stat().st_mtime_ns)
    except FileNotFoundError:
        _log.warning("pages_not_built", hint="run tools/build_web.py")
        return None


@lru_cache(maxsize=1)
def _read_manifest(manifest: Path, _changed: int) -> Assets:
    """Read anew whenever the pages were built anew."""
    entry = json.loads(manifest.read_text(encoding="utf-8"))[_ENTRY]
    return Assets(style=f"/static/{entry['css'][0]}", script=f"/static/{entry['file']}")


class StaticAssets(StaticFiles):
    """The built files. Their names change with their content, so a browser may keep them for good."""

    def __init__(self) -> None:
        super().__init__(directory=DIST, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


@cache
def court_zone() -> ZoneInfo:
    """The zone clock times are shown in: the same as in the protocols."""
    return ZoneInfo(load_protocol_settings().zone)


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    texts = words(language)
    made = Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(texts.translations, newstyle=True)  # type: ignore[attr-defined] # given by the extension

    def label(value: str) -> str:
        return texts.gettext(LABELS[value]) if value in LABELS else value

    def track_name(track: str, role: str = "") -> str:
        return track_text(texts, track, role)

    def doubt(flag: str) -> str:
        return texts.gettext(DOUBTS[flag]) if flag in DOUBTS else flag

    def failure(reason: str) -> str:
        return texts.gettext(FAILURES[reason])

    made.globals.update(
        label=label,
        tone=tone,
        track_name=track_name,
        language_name=lambda code: LANGUAGE_NAMES.get(code, code),
        language=language,
        zone=court_zone().key,
        months=texts.months,
        languages=LANGUAGES,
        decimal_sign=texts.decimal_sign,
        remark_word=lambda name: texts.gettext(REMARKS[name]),
        due_word=lambda kind: texts.gettext(DUES[kind]),
        new_key=lambda: secrets.token_hex(16),
        failures=FAILURES,
    )
    made.filters.update(
        clock=clock_text,
        bytes=texts.size,
        track=track_name,
        moment=lambda value: texts.moment(value, court_zone()),
        zoned=lambda value: f"{texts.moment(value, court_zone())} ({utc_offset(value.astimezone(court_zone()))})",
        time=lambda value: texts.time(value, court_zone()),
        day=texts.day,
        doubt=doubt,
        deed=lambda one: texts.gettext(DEEDS[one]),
        sentence=texts.sentence,
        failure=failure,
        pairs=lambda values: [(one, one) for one in values],
    )
    return made


def track_text(texts: Words, track: str, role: str = "") -> str:
    """A track's name for people: whose microphone it is, or which camera."""
    kind, _, rest = track.partition("-")
    if kind == "cam":
        return " ".join((texts.gettext("Camera"), rest))
    if kind == "mix":
        return texts.gettext("Room mix")
    name = rest.removeprefix(role).strip("-") if role else rest
    person = texts.gettext(LABELS[role]) if role in LABELS else texts.gettext(LABELS.get(name, name))
    return f"{person} ({name})" if role and name else person


@dataclass(frozen=True, slots=True)
class Page:
    """One request for a page: who asks, in which language."""

    request: Request
    context: Context
    caller: Caller | None
    csrf: str

    @property
    def words(self) -> Words:
        chosen = self.request.cookies.get(LANGUAGE_COOKIE, "")
        return words(chosen if chosen in LANGUAGES else self.context.settings.language)

    @property
    def may_record(self) -> bool:
        """Whether the person may start and lead recordings."""
        return self.may(Action.RECORD)

    def may(self, action: Action, *, granted: bool = False) -> bool:
        """Whether the person may do this, which no single hearing is concerned with; a party with one `granted`."""
        caller = self.caller
        return caller is not None and decide(caller.role, action, Openness.OPEN, caller.place, granted).allowed

    def render(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The template, or part of a page, as an answer."""
        theme = self.request.cookies.get(THEME_COOKIE, "")
        known = {
            "user": self.caller,
            "csrf": self.csrf,
            "assets": built_assets(),
            "section": "hearings",
            "may_record": self.may_record,
            "may_watch": self.may(Action.WATCH_ROOMS),
            "may_manage_jobs": self.may(Action.MANAGE_JOBS),
            "may_read": self.may(Action.READ, granted=True),
            "may_see_deadlines": self.may(Action.SIGN),
            "theme": theme if theme in ("light", "dark") else "",
        }
        text = environment(self.words.language).get_template(template).render(known | values)
        return HTMLResponse(text, status)


def page_of(request: Request, context: ContextDep, caller: OptionalUser, csrf: CsrfToken) -> Page:
    return Page(request, context, caller, csrf)


PageDep = Annotated[Page, Depends(page_of)]


def error_page(request: Request, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a page: a title by its status and the sentence, in the reader's language where it is known."""
    context = get_context(request)
    caller = optional_user(context, request)
    page = Page(request, context, caller, csrf_token(context, request, caller))
    texts = page.words
    response = page.render(
        "error.html",
        status,
        section="",
        title=texts.gettext(TITLES.get(status, OTHER_TITLE)),
        message=texts.sentence(sentence),
    )
    response.headers.update(headers or {})
    return response
