"""Who may lead the node: the server with the node's token, or somebody logged in at the node's own page.

A browser's cookie counts only from the networks of the settings, under a name of this machine, and, for whatever
changes anything, together with a header that no foreign page can send.
"""

import hmac
import json
import socket
from collections.abc import Awaitable, Callable, Collection
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from court.errors import InputError
from recorder.login import Logins
from recorder.settings import Network

COOKIE = "courtrec_node"
HEADER = "X-Courtrec-Page"

_BEARER = "Bearer "
_MAX_BODY = 1 << 18  # bytes: a card has at most some dozen texts of 2000 characters

Handler = Callable[[Request], Awaitable[Response]]


class Door:
    """`networks` are those the page may be opened from; `names` are what the machine is called besides."""

    def __init__(self, token: str, logins: Logins, networks: Collection[Network], names: Collection[str] = ()) -> None:
        self.logins = logins
        self._token = token.encode()
        self._networks = networks
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in names)}

    def guarded(self, handler: Handler) -> Handler:
        """`handler` for the server and for who is logged in; all others are refused."""

        async def answer(request: Request) -> Response:
            if not self._shows_token(request):
                request.state.operator = self.visitor(request)
                if request.state.operator is None:
                    raise HTTPException(401, "This node needs its token.", {"WWW-Authenticate": "Bearer"})
                self.check_header(request)
            return await handler(request)

        return answer

    def visitor(self, request: Request) -> str | None:
        """Who is logged in; None for a stranger and for who shows nothing that the page gave out."""
        token = request.cookies.get(COOKIE, "")
        if not token:
            return None
        self.check_place(request)
        return self.logins.operator(token)

    def check_place(self, request: Request) -> None:
        """Raises HTTPException (403) unless the page may be opened from there and under that name."""
        client = _address(request.client.host if request.client else "")
        if client is None or not any(client in network for network in self._networks):
            raise HTTPException(403, "This page can be opened in the court-room only.")
        if _address(request.url.hostname or "") is None and (request.url.hostname or "").lower() not in self._names:
            raise HTTPException(403, "This page is opened by the machine's own address or name only.")

    def check_header(self, request: Request) -> None:
        """Raises HTTPException (403) if a request that changes something may come from a foreign page."""
        if request.method != "GET" and HEADER.lower() not in request.headers:
            raise HTTPException(403, "This request did not come from the node's own page.")

    def _shows_token(self, request: Request) -> bool:
        shown = request.headers.get("authorization", "")
        given = shown.removeprefix(_BEARER).encode()
        return bool(self._token) and shown.startswith(_BEARER) and hmac.compare_digest(given, self._token)


def operator_of(request: Request) -> str | None:
    """The name of whoever is logged in at the page; None where the server asks."""
    name: str | None = getattr(request.state, "operator", None)
    return name


def is_local(request: Request) -> bool:
    """Whether the request comes from this machine's own screen."""
    client = _address(request.client.host if request.client else "")
    return client is not None and client.is_loopback


async def json_fields(request: Request) -> dict[str, Any]:
    """The request's JSON object, empty where it has no body; raises InputError."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise InputError("The request is too long.")
    try:
        fields = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InputError("The request must be a JSON object.")
    return fields


def _address(text: str) -> Any:
    """The address, one of IPv4 also where it is wrapped into IPv6; None if it is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found
