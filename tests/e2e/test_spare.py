"""A hearing of two nodes in a real browser: playback goes on over the seam, and says whose recording it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.auth.sessions import COOKIE
from api.child_node import free_port
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.e2e.waiting import until
from tests.factories.court_rooms import served
from tests.factories.server import make_server
from tests.factories.spare_hearing import END, LOST, two_recordings

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def hearing(database: Database, tmp_path: Path, chromium: Browser) -> Iterator[Page]:
    """The page of a hearing whose first node died after LOST seconds."""
    server, port = make_server(database, tmp_path), free_port()
    both = two_recordings(server, tmp_path, camera=True)
    token = server.user(UserRole.JUDGE).cookies[COOKIE]
    with served(server.app, port):
        context = chromium.new_context(locale="ru-RU", viewport={"width": 1280, "height": 1400})
        context.add_cookies([{"name": COOKIE, "value": token, "url": f"http://127.0.0.1:{port}"}])
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/hearings/{both.first}?t={LOST - 3}")
        yield page
        context.close()
        assert not errors


def test_playback_goes_over_the_seam(hearing: Page) -> None:
    until(hearing, f"Math.abs(document.querySelector('video').currentTime - {LOST - 3}) < 0.5")
    mark = hearing.locator("[data-part=spare]")
    expect(mark).to_be_hidden()
    expect(hearing.locator(".timeline rect.spare")).to_have_count(1)
    hearing.click("[data-part=play]")
    until(hearing, f"document.querySelector('video').currentTime > {LOST + 3}")
    expect(mark).to_be_visible()
    expect(hearing.locator("body")).to_contain_text("Записано запасным узлом")
    video = "document.querySelector('video')"
    there = f"{video}.buffered"
    ranges = hearing.evaluate(f"() => [...Array({there}.length).keys()].map((i) => [{there}.start(i), {there}.end(i)])")
    # It was played, not jumped over: sound and picture were there on both sides of the seam, without a hole.
    assert any(start < LOST - 1 and LOST + 2 < end < END + 0.5 for start, end in ranges), ranges
    until(hearing, f"{video}.videoWidth > 0")
    hearing.click("[data-part=play]")
    hearing.evaluate(f"() => {{ {video}.currentTime = {LOST + 8}; }}")
    until(hearing, f"!{video}.seeking && Math.abs({video}.currentTime - {LOST + 8}) < 0.5")
