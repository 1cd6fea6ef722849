"""What becomes of an error: one sentence, as JSON for programs and as a page for people."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from api.errors import ApiError, NotLoggedIn, TooMany
from api.headers import SECURITY_HEADERS
from api.ingest import OutOfOrder, OutOfStep
from api.web.render import error_page
from court.catalogue import N_
from court.errors import CourtError, InputError
from court.hearing import IllegalStep
from storage.errors import DiskFull, ObjectMissing, StorageError, StoreUnavailable, WrongHash

_STATUS: tuple[tuple[type[CourtError], int], ...] = (
    (InputError, 422),
    (IllegalStep, 409),
    (WrongHash, 422),
    (ObjectMissing, 404),
    (DiskFull, 507),
    (StoreUnavailable, 503),
    (StorageError, 500),
)
_FOR_PROGRAMS = ("/api/", "/media/", "/live/", "/healthz")
_BUSY = N_("The database does not answer or is busy: try again in a moment.")
_UNEXPECTED = N_("The server failed unexpectedly; the operator finds the reason in its log.")

_log = structlog.get_logger(__name__)


def install(app: FastAPI) -> None:
    """Makes `app` answer every error this way."""
    for kind in (CourtError, RequestValidationError, HTTPException, OperationalError, Exception):
        app.add_exception_handler(kind, _failed)


def status_of(error: CourtError) -> int:
    if isinstance(error, ApiError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


async def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, NotLoggedIn) and not _for_programs(request):
        return _to_login(request)
    if isinstance(error, CourtError):
        return _answer(request, status_of(error), str(error), *_details(error))
    if isinstance(error, RequestValidationError):
        return _answer(request, 422, _first_complaint(error))
    if isinstance(error, HTTPException):
        return _answer(request, error.status_code, str(error.detail), error.headers)
    if isinstance(error, OperationalError):
        _log.error("database_failed", path=request.url.path, error=str(error.orig))
        return _plain(request, 503, _BUSY, {"Retry-After": "1"})
    # Starlette raises it again after this answer, so the log gets its traceback.
    return _plain(request, 500, _UNEXPECTED, SECURITY_HEADERS)


def _details(error: CourtError) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and further fields of the answer."""
    if isinstance(error, OutOfOrder):
        return {}, {"expected_seq": error.expected_seq}
    if isinstance(error, OutOfStep):
        return {}, {"received": error.received}
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}, {}
    return {}, {}


def _first_complaint(error: RequestValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in {"body", "query", "path"})
    return f"The field {field!r} cannot be used: {first['msg']}."


def _answer(
    request: Request,
    status: int,
    sentence: str,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    if _for_programs(request):
        return JSONResponse({"detail": sentence, **(more or {})}, status, dict(headers or {}))
    return error_page(request, status, sentence, headers)


def _plain(request: Request, status: int, sentence: str, headers: Mapping[str, str]) -> Response:
    """An answer that needs neither database nor templates."""
    if _for_programs(request):
        return _answer(request, status, sentence, headers)
    return PlainTextResponse(sentence, status, dict(headers))


def _to_login(request: Request) -> Response:
    """The log-in form; htmx is told to go there with the whole page, and returns to what was asked for."""
    if request.headers.get("HX-Request"):
        return Response(status_code=200, headers={"HX-Redirect": "/login"})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(asked)}" if request.method == "GET" else "/login", status_code=303)


def _for_programs(request: Request) -> bool:
    return request.url.path.startswith(_FOR_PROGRAMS) or "text/html" not in request.headers.get("accept", "*/*")
