"""Form tokens: no unsafe page request is carried out on the word of a cookie alone.

A session has its own random token. A visitor who is not logged in (the log-in form, the language switch) gets one
derived from a random visit cookie, so nothing has to be stored for visitors.
"""

import hashlib
import hmac

from starlette.requests import Request

from api.caller import Caller
from api.context import Context
from api.errors import Forbidden

VISIT_COOKIE = "courtrec_visit"
FIELD = "csrf"
HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def token_for(context: Context, request: Request, caller: Caller | None) -> str:
    """The token to put into a form. `request.state.visit` is set by `api.headers`."""
    if caller is not None:
        return caller.csrf
    visit: str = request.state.visit
    return hmac.new(context.secrets.session, visit.encode(), hashlib.sha256).hexdigest()


async def check(context: Context, request: Request, caller: Caller | None) -> None:
    """Raises Forbidden unless the request is safe or carries the token, in a form field or a header."""
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get(HEADER)
    if given is None:
        field = (await request.form()).get(FIELD)
        given = field if isinstance(field, str) else ""
    if not hmac.compare_digest(given.encode(), token_for(context, request, caller).encode()):
        raise Forbidden("This form is no longer valid: reload the page and send it again.")
