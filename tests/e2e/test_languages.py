"""The pages in Kyrgyz and Kazakh, whose words are long: nothing sticks out or is cut off, wide or narrow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.auth.sessions import COOKIE
from api.child_node import free_port
from api.web.render import LANGUAGE_COOKIE
from court.people import UserRole
from protocol.tasks import draft_protocol
from storage.db.unit_of_work import Database
from tests.e2e import test_node_page
from tests.e2e.conftest import Court
from tests.e2e.test_hearing import begin, confirm, log_in
from tests.factories.corrections import PAGE, server_with_lines
from tests.factories.court_rooms import served
from tests.factories.evidence import protocols_of
from tests.factories.hearing_log import HEARING
from tests.factories.server import ON_SITE

SIZES = ((1280, 900), (390, 844))
PUBLIC = {"login": "/login", "verification": "/verify", "refusal": "/copies/" + 43 * "x"}
PAGES = {
    "hearings": "/", "deadlines": "/deadlines", "search": "/search?q=дело", "jobs": "/jobs", "hearing": PAGE,
    "versions": f"{PAGE}/versions", "editor": f"{PAGE}/protocol/edit", "comparison": f"{PAGE}/protocol/compare",
}  # fmt: skip
UNFOLD = "unfolded => document.querySelectorAll('details').forEach(one => { one.open = unfolded })"
# Words wider than their box, or beyond the screen; let be is what scrolls sideways or is for screen readers alone.
STICKING_OUT = """() => {
    const scrolls = one => one && (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement))
    return [...document.querySelectorAll('button, a, label, h1, h2, h3, th, dt, dd, p, li, summary, span')]
        .filter(one => one.checkVisibility() && one.offsetWidth > 1 && one.parentElement.clientWidth !== 1)
        .filter(one => getComputedStyle(one).textOverflow !== 'ellipsis' && !scrolls(one))
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1
            || getComputedStyle(one).display !== 'inline' && one.scrollWidth > one.clientWidth + 1)
        .map(one => one.innerText)
}"""
CUT_CHOICES = """() => [...document.querySelectorAll('select')].filter(one => one.checkVisibility()).filter(one => {
    const free = one.cloneNode(false)
    free.append(...[...one.selectedOptions].map(chosen => chosen.cloneNode(true)))
    free.style.width = 'max-content'
    one.after(free)
    const wanted = free.offsetWidth
    free.remove()
    return wanted > one.offsetWidth + 1
}).map(one => one.selectedOptions[0]?.text)"""

site = test_node_page.site
pytestmark = pytest.mark.parametrize("language", ["ky", "kk"])


@contextmanager
def visitor(chromium: Browser, address: str, language: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=address)
    context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": address}])
    try:
        yield context.new_page()
    finally:
        context.close()


def holds_its_words(page: Page, language: str, name: str) -> None:
    """At both sizes; COURTREC_SHOTS names a folder for whoever wants to look."""
    assert page.locator("html").get_attribute("lang") == language
    page.evaluate(UNFOLD, True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        if folder := os.environ.get("COURTREC_SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{language}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} at {width}"
        assert page.evaluate(STICKING_OUT) == [], f"{name} at {width}"
        assert page.evaluate(CUT_CHOICES) == [], f"{name} at {width}"
    page.evaluate(UNFOLD, False)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_court_s_pages(database: Database, tmp_path: Path, chromium: Browser, language: str) -> None:
    server = server_with_lines(database, tmp_path)
    assert draft_protocol(protocols_of(server, tmp_path), HEARING)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with served(server.app, port), visitor(chromium, address, language) as page:
        for name, path in PUBLIC.items():
            page.goto(path)
            holds_its_words(page, language, name)
        token = server.user(UserRole.SECRETARY, ON_SITE).cookies[COOKIE]
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
        for name, path in PAGES.items():
            page.goto(path)
            holds_its_words(page, language, name)


def test_the_console(court: Court, chromium: Browser, language: str) -> None:
    with visitor(chromium, court.address, language) as page:
        log_in(page, "secretary")
        page.goto("/hearings/new")
        holds_its_words(page, language, "new-hearing")
        begin(page, "ГД 5/26-Б1", language)
        state = page.locator("#state")
        expect(state).to_have_attribute("data-state", "recording")
        holds_its_words(page, language, "console")
        state.locator("button.danger").click()
        holds_its_words(page, language, "question")
        confirm(page)
        expect(state).to_have_attribute("data-state", "ended", timeout=30_000)


def test_the_node_s_own_page(site: test_node_page.Site, chromium: Browser, language: str) -> None:
    with visitor(chromium, site.address, language) as page:
        page.goto("/")
        holds_its_words(page, language, "node-login")
        test_node_page.log_in(page, "А. Сыдыкова")
        state = page.locator("#state")
        expect(state).to_have_attribute("data-state", "idle")
        holds_its_words(page, language, "node-idle")
        page.fill("input[name=case_number]", "ГД 6/26-Б1")
        page.click("[data-part=start] button.danger")
        expect(state).to_have_attribute("data-state", "recording", timeout=30_000)
        holds_its_words(page, language, "node-recording")
        page.click("[data-part=stop]")
        holds_its_words(page, language, "node-question")
        page.click("dialog [value=yes]")
        expect(state).to_have_attribute("data-state", "idle", timeout=30_000)
