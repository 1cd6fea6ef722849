"""The pages everybody has: list, log-in, the hearing with its recording and transcript, public verification."""

import re
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from api import deadlines, page_content, reading, views, voices
from api.access import Action
from api.attest import attest, linked_revision
from api.audit import journalled
from api.auth import sessions
from api.corrections import may_correct
from api.deps import ContextDep, CurrentUser, client_address, protect_forms, require_role
from api.errors import Forbidden, NotLoggedIn, TooMany
from api.gate import enter
from api.openness_orders import close_afterwards, seconds_of
from api.store_alarm import store_alarm
from api.web.copies import copies_panel
from api.web.labels import OBJECT_KINDS
from api.web.render import LANGUAGE_COOKIE, PageDep
from court.card import LANGUAGES
from court.ids import is_id
from court.people import UserRole
from storage.db.models import Hearing, Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.checkpoint import verifier_key
from storage.verifier_archive import NAME as VERIFIER
from storage.verifier_archive import verifier_archive

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)

_YEAR = 365 * 24 * 3600
_PROTOCOL_LINK = re.compile(r"([0-9a-f-]{36})-r([1-9][0-9]{0,5})")
Search = Annotated[str, Query(max_length=64)]
Text = Annotated[str, Form(max_length=1000)]


@router.get("/")
def hearing_list(page: PageDep, caller: CurrentUser, q: Search = "") -> Response:
    with page.context.database.read() as uow:
        own = caller.id if caller.role is UserRole.PARTY else None
        found = uow.hearings.find(q, granted_to=own)
        urgent = len(deadlines.urgent(uow, caller, page.context.clock.now().utc)) if page.may(Action.SIGN) else 0
        alarm = store_alarm(uow) if caller.role is UserRole.ADMIN else None
        protocols = _protocol_states(uow, found, signed_only=caller.role is UserRole.PARTY)
        rows = [
            views.hearing_row(reading.summary(uow, one), protocols.get(one.id, ""), page.may_record) for one in found
        ]
    return page.render("hearings.html", rows=rows, search=q, store_alarm=alarm, urgent=urgent)


@router.get("/login")
def login_form(page: PageDep, next: str = "/") -> Response:
    if page.caller is not None:
        return RedirectResponse(_local(next), status_code=303)
    return page.render("login.html", section="", next=_local(next), login="", error="")


@router.post("/login")
def log_in(page: PageDep, login: Text = "", password: Text = "", next: Text = "/") -> Response:
    try:
        token = sessions.log_in(page.context, login, password, client_address(page.request))
    except (NotLoggedIn, TooMany) as error:
        sentence = page.words.sentence(str(error))
        answer = page.render("login.html", error.status, section="", next=_local(next), login=login, error=sentence)
        if isinstance(error, TooMany):
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    response = RedirectResponse(_local(next), status_code=303)
    sessions.set_cookie(response, page.context, token)
    return response


@router.post("/logout")
def log_out(page: PageDep) -> Response:
    sessions.log_out(page.context, sessions.token_of(page.request))
    response = RedirectResponse("/login", status_code=303)
    sessions.clear_cookie(response)
    return response


@router.post("/language")
def choose_language(page: PageDep, language: Text = "") -> Response:
    """Changes the language of the pages and returns to the page it was asked from."""
    response = RedirectResponse(_local(_page_of(page.request.headers.get("referer", ""))), status_code=303)
    if language in LANGUAGES:
        secure = page.context.settings.https
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, path="/", samesite="lax", secure=secure)
    return response


@router.get("/hearings/{hearing_id}")
def hearing(hearing_id: str, page: PageDep, caller: CurrentUser, t: float | None = None) -> Response:
    """The recording with its transcript; `t` is the moment to open it at, in seconds. Without the right to the
    content, the card alone and the reason."""
    try:
        with journalled(page.context, caller, Action.READ, hearing_id, "transcript") as uow:
            found = enter(uow, caller, hearing_id, Action.READ)
            values = page_content.whole_page(uow, page, caller, found) | copies_panel(uow, page, caller, found)
    except Forbidden as refusal:
        with journalled(page.context, caller, Action.CARD, hearing_id, "card") as uow:
            card = page_content.facts(uow, enter(uow, caller, hearing_id, Action.CARD))
        values = {"hearing": card, "may_play": False, "refusal": page.words.gettext(str(refusal)), "evidence": None}
        values |= {"gone": "", "orders": [], "may_close": False, "may_correct": False, "voices": [], "may_copy": False}
        values |= {"may_decide": False, "may_tick": False}
    return page.render("hearing.html", start=t, **values)


@router.post("/hearings/{hearing_id}/close-part", dependencies=[Depends(require_role(UserRole.JUDGE))])
def close_part(
    hearing_id: str,
    page: PageDep,
    caller: CurrentUser,
    start: Annotated[str, Form(max_length=20)],
    end: Annotated[str, Form(max_length=20)],
) -> Response:
    """The judge orders after the hearing that a part of it is closed."""
    close_afterwards(page.context, caller, hearing_id, seconds_of(start), seconds_of(end))
    return RedirectResponse(f"/hearings/{hearing_id}", status_code=303)


@router.post("/hearings/{hearing_id}/voices", dependencies=[Depends(require_role(UserRole.SECRETARY))])
def name_voice(
    hearing_id: str,
    context: ContextDep,
    caller: CurrentUser,
    voice: Annotated[str, Form(max_length=16)],
    name: Text = "",
) -> Response:
    """The secretary says whose voice it is, for the whole hearing."""
    voices.name_voice(context, caller, hearing_id, voice, name)
    return RedirectResponse(f"/hearings/{hearing_id}#voices", status_code=303)


@router.get("/hearings/{hearing_id}/transcript")
def transcript(hearing_id: str, page: PageDep, caller: CurrentUser, known: str = "") -> Response:
    """The transcript as part of a page; nothing (204) while it still is what the page has."""
    with journalled(page.context, caller, Action.READ, hearing_id, "transcript") as uow:
        found = enter(uow, caller, hearing_id, Action.READ)
        text = page_content.transcript(uow, caller, found, page.context.store)
        if known == text.version:
            return Response(status_code=204)
        card, correctable = page_content.facts(uow, found), may_correct(caller, found)
    return page.render("transcript.html", part=True, hearing=card, transcript=text, may_correct=correctable)


@router.get("/verify")
def verify(context: ContextDep, page: PageDep, sha256: str = "", protocol: str = "") -> Response:
    """Public: checks a file's hash, which the browser computes. `protocol` is what a protocol's QR code carries."""
    named, told = _PROTOCOL_LINK.fullmatch(protocol), None
    shown = None
    if named is not None and is_id(named[1]):
        with context.database.read() as uow:
            found = linked_revision(uow.protocols.of(named[1]), int(named[2]))
            shown = page_content.revision(found) if found is not None and found.sha256 else None
    if shown is not None and shown.sha256 is not None:
        told = attest(context, shown.sha256)
    kinds = {kind: page.words.gettext(text) for kind, text in OBJECT_KINDS.items()}
    origin = context.settings.log_origin
    return page.render(
        "verify.html",
        section="verify",
        log_key=verifier_key(origin, context.log_keys.key.public),
        program=VERIFIER,
        sha256=sha256[:64],
        protocol=shown,
        hearing=named[1] if named else "",
        signatures=told.signatures if told else [],
        replaced_by=told.replaced_by if told else None,
        protocol_asked=bool(protocol),
        object_kinds=kinds,
    )


@router.get(f"/{VERIFIER}")
def offline_verifier() -> Response:
    """Public: the program that checks an exported hearing without the court; the same bytes for everyone."""
    headers = {"Content-Disposition": f'attachment; filename="{VERIFIER}"'}
    return Response(verifier_archive(), media_type="application/zip", headers=headers)


def _protocol_states(uow: UnitOfWork, hearings: Sequence[Hearing], signed_only: bool) -> dict[str, str]:
    """The state of the newest revision of each hearing that has one."""
    query = select(Protocol.hearing_id, Protocol.state).where(Protocol.hearing_id.in_([one.id for one in hearings]))
    if signed_only:
        query = query.where(Protocol.state == page_content.SIGNED)
    return {row.hearing_id: row.state for row in uow.session.execute(query.order_by(Protocol.revision))}


def _page_of(referer: str) -> str:
    """Path and query of the address a browser came from; empty if it is none."""
    try:
        came_from = urlsplit(referer)
    except ValueError:
        return ""
    return came_from.path + (f"?{came_from.query}" if came_from.query else "")


def _local(address: str) -> str:
    """`address` if it is a page of ours, else the list: a log-in never leads to a foreign site."""
    ours = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if ours else "/"
