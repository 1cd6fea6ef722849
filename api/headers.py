"""Response headers that keep the browser on our side, and the cookie that tells visitors apart.

Everything a page needs comes from this server; video is fed to the player through blob: addresses.
"""

import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.csrf import VISIT_COOKIE

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_WITHOUT_VISIT = ("/api/", "/media/", "/live/", "/static/", "/healthz")


class SecurityHeaders:
    """ASGI middleware; `https` adds Strict-Transport-Security and makes the cookie Secure."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        self._headers = dict(SECURITY_HEADERS)
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"
        self._cookie = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if https else ''}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = _visit_in(Headers(scope=scope).get("cookie", ""))
        visit = known or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["visit"] = visit
        give = not known and not scope["path"].startswith(_WITHOUT_VISIT)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # What is not expressly cacheable is personal: no shared computer keeps it after the log-out.
                headers.setdefault("Cache-Control", "no-store")
                if give:
                    headers.append("Set-Cookie", f"{VISIT_COOKIE}={visit}; {self._cookie}")
            await send(message)

        await self._app(scope, receive, with_headers)


def _visit_in(cookie_header: str) -> str:
    try:
        morsel = SimpleCookie(cookie_header).get(VISIT_COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
