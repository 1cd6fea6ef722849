"""Log-ins: server-side sessions behind a random cookie of which the database keeps only the hash."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete
from starlette.requests import Request
from starlette.responses import Response

from api.auth.passwords import password_matches
from api.caller import Caller
from api.context import Context
from api.errors import NotLoggedIn
from court.people import UserRole
from storage.db.models import Session, User

COOKIE = "courtrec_session"
LOGIN_LENGTH = 64


def as_login(typed: str) -> str:
    """A login as it is kept: people do not mind its case."""
    return typed.strip().lower()


def log_in(context: Context, login: str, password: str, address: str) -> str:
    """Checks the password and starts a session; returns the cookie's token.

    Raises as `proven`.
    """
    now = context.clock.now()
    user = proven(context, login, password, address)
    token = secrets.token_urlsafe(32)
    with context.database.begin() as uow:
        uow.session.execute(delete(Session).where(Session.expires_at <= now.utc))
        uow.accounts.open_session(
            Session(
                user_id=user.id,
                token_hash=_hashed(token),
                csrf=secrets.token_urlsafe(32),
                created_at=now.utc,
                expires_at=now.utc + timedelta(hours=context.settings.session_hours),
            )
        )
    return token


def proven(context: Context, login: str, password: str, address: str) -> User:
    """The account whose password this is.

    Raises NotLoggedIn with the same sentence and in the same time whether the login or the password is wrong,
    TooMany while the pause after repeated failures runs.
    """
    login = as_login(login)[:LOGIN_LENGTH]
    context.throttle.attempt(login, address, context.clock.now().monotonic)
    with context.database.read() as uow:
        user = uow.accounts.by_login(login)
    if not password_matches(user.password_hash if user else None, password) or user is None:
        raise NotLoggedIn("The login or the password is wrong.")
    context.throttle.succeeded(login, address)
    return user


def caller_of(context: Context, token: str, address: str) -> Caller | None:
    """The person whose running session this cookie's token opens, at this client address."""
    if not token:
        return None
    with context.database.read() as uow:
        found = uow.accounts.session(_hashed(token), context.clock.now().utc)
    if found is None:
        return None
    session, user = found
    return Caller(
        id=user.id,
        login=user.login,
        name=user.name,
        role=UserRole(user.role),
        session_id=session.id,
        csrf=session.csrf,
        address=address,
        place=context.settings.place_of(address),
    )


def log_out(context: Context, token: str) -> None:
    """Ends the session; an unknown token is no error."""
    with context.database.begin() as uow:
        uow.accounts.close_session(_hashed(token))


def token_of(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


def set_cookie(response: Response, context: Context, token: str) -> None:
    """Hands the session to the browser: unreadable to scripts, not sent along from foreign sites."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=context.settings.session_hours * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.settings.https,
    )


def clear_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
