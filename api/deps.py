"""What routes ask for: the context, the person logged in, the form token."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from api.access import NOT_YOUR_ROLE
from api.auth import csrf
from api.auth.sessions import caller_of, token_of
from api.caller import Caller
from api.context import Context
from api.errors import Forbidden, NotLoggedIn
from court.people import UserRole


def get_context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(get_context)]


def client_address(request: Request) -> str:
    """The client's network address; behind a trusted proxy uvicorn has already put the real one in."""
    return request.client.host if request.client else ""


def optional_user(context: ContextDep, request: Request) -> Caller | None:
    """Whoever is logged in, or None."""
    return caller_of(context, token_of(request), client_address(request))


OptionalUser = Annotated[Caller | None, Depends(optional_user)]


def current_user(caller: OptionalUser) -> Caller:
    """Whoever is logged in. NotLoggedIn becomes the log-in form for a page and 401 for the API (`api.failures`)."""
    if caller is None:
        raise NotLoggedIn("Log in first.")
    return caller


CurrentUser = Annotated[Caller, Depends(current_user)]


def require_role(*roles: UserRole) -> Callable[[Caller], Caller]:
    """A dependency: whoever is logged in, having one of `roles`; else Forbidden."""

    def having_role(caller: CurrentUser) -> Caller:
        if caller.role not in roles:
            raise Forbidden(NOT_YOUR_ROLE)
        return caller

    return having_role


def csrf_token(context: ContextDep, request: Request, caller: OptionalUser) -> str:
    """The token every form carries in its field `csrf`, every script in the header X-CSRF-Token."""
    return csrf.token_for(context, request, caller)


CsrfToken = Annotated[str, Depends(csrf_token)]


async def protect_forms(context: ContextDep, request: Request, caller: OptionalUser) -> None:
    """Applied by `create_app` to all page routes: an unsafe request without its token is refused."""
    await csrf.check(context, request, caller)
