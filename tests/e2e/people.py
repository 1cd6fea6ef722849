"""People before pages of the court, in real browsers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from api.auth.sessions import COOKIE
from court.people import UserRole
from tests.factories.server import ON_SITE, Server

SLOW = 60_000  # milliseconds: a busy machine
SIZES = {"wide": (1280, 1000), "narrow": (390, 844)}


@contextmanager
def person(server: Server, chromium: Browser, url: str, role: UserRole, size: str = "wide") -> Iterator[Page]:
    """Somebody's browser; nothing of the page is loaded yet. An error in its script fails the test."""
    token = server.user(role, ON_SITE).cookies[COOKIE]
    width, height = SIZES[size]
    context = chromium.new_context(locale="ru-RU", viewport={"width": width, "height": height})
    context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
    expect.set_options(timeout=SLOW)
    context.set_default_timeout(SLOW)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
    finally:
        context.close()  # or the server waits for the stream to the page
    assert not errors


def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """For whoever wants to look: COURTREC_SHOTS names a folder. `whole`: the page, not what of it is in sight."""
    if folder := os.environ.get("COURTREC_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=whole)
