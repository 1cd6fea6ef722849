"""The secretary corrects the transcript in a real browser: in place, by keyboard and mouse."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.auth.sessions import COOKIE
from api.child_node import free_port
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.factories.corrections import LINES, PAGE, Person, server_with_lines
from tests.factories.court_rooms import served
from tests.factories.server import ON_SITE, Server

SLOW = 60_000  # milliseconds: a busy machine

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


@pytest.fixture
def page(server: Server, chromium: Browser) -> Iterator[Page]:
    """The hearing's page before the secretary."""
    port = free_port()
    token = server.user(UserRole.SECRETARY, ON_SITE).cookies[COOKIE]
    with served(server.app, port):
        context = chromium.new_context(locale="ru-RU", viewport={"width": 1280, "height": 1000})
        context.add_cookies([{"name": COOKIE, "value": token, "url": f"http://127.0.0.1:{port}"}])
        expect.set_options(timeout=SLOW)
        context.set_default_timeout(SLOW)
        found, errors = context.new_page(), []
        found.on("pageerror", lambda error: errors.append(str(error)))
        found.goto(f"http://127.0.0.1:{port}{PAGE}")
        yield found
        context.close()
        assert not errors


def shot(page: Page, name: str) -> None:
    """For whoever wants to look: COURTREC_SHOTS names a folder."""
    if folder := os.environ.get("COURTREC_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_the_secretary_corrects_in_place(page: Page, server: Server) -> None:
    lines = page.locator(".utterance")
    expect(lines).to_have_count(3)
    expect(lines.nth(0)).to_have_class(re.compile("doubtful"))

    lines.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(lines.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    field = page.locator(".correction textarea")
    expect(field).to_be_focused()
    expect(field).to_have_value(LINES[0])
    field.fill("это не сохранится")
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(lines.nth(0)).to_be_focused()

    page.keyboard.press("Enter")
    field.fill("Слушается дело № 5 о взыскании")
    page.select_option(".correction select", label="Свидетель")
    shot(page, "editing")
    field.press("Control+Enter")
    expect(lines.nth(0).locator(".role")).to_have_text("Свидетель")
    expect(lines.nth(0)).to_contain_text("Слушается дело № 5 о взыскании")
    expect(lines.nth(0)).not_to_have_class(re.compile("doubtful"))
    expect(lines.nth(0)).to_be_focused()

    mark = lines.nth(0).locator(".corrected")
    expect(mark).to_contain_text("Исправлено: Secretary")
    mark.locator("summary").focus()
    page.keyboard.press("Enter")
    steps = mark.locator(".revisions > li")
    expect(steps).to_have_text(
        [
            re.compile(rf"Текст программы.*{LINES[0]}", re.DOTALL),
            re.compile(r"Исправлен текст · Secretary, .*Судья:\s+Слушается дело № 5", re.DOTALL),
            re.compile(r"Изменён говорящий · Secretary, .*Свидетель:\s+Слушается дело № 5", re.DOTALL),
        ]
    )

    lines.nth(1).locator("[data-part=said]").dblclick()
    field.evaluate("one => one.setSelectionRange(7, 7)")
    page.locator("[data-deed=split]").click()
    expect(lines).to_have_count(4)
    expect(lines.nth(1).locator("[data-part=said]")).to_have_text("истица")
    lines.nth(2).hover()
    lines.nth(2).locator("[data-part=edit]").click()
    page.locator("[data-deed=merge]").click()
    expect(lines).to_have_count(3)
    expect(lines.nth(1).locator("[data-part=said]")).to_contain_text("истица поясняет ещё раз")
    page.keyboard.press("Enter")
    page.locator("[data-deed=undo]").click()
    expect(lines).to_have_count(4)
    lines.nth(3).click()
    lines.nth(3).press("Enter")
    page.locator("[data-deed=confirm]").click()
    expect(lines.nth(3)).to_contain_text("Подтверждено: Secretary")
    lines.nth(3).press("Enter")
    page.locator("[data-deed=undo]").click()
    undone = lines.nth(3).locator(".history")
    expect(undone).to_contain_text("Исправление отменено: Secretary")
    undone.locator("summary").click()
    expect(undone.locator(".revisions > li")).to_have_count(3)
    shot(page, "corrected")
    assert Person(server).texts() == ["Слушается дело № 5 о взыскании", "истица", "поясняет ещё раз", LINES[2]]

    page.goto(page.url)
    expect(lines).to_have_count(4)
    page.click("nav a[href='/search']")
    page.fill("input[name=q]", "ПОЯСНЯЕТ еще")
    page.keyboard.press("Enter")
    expect(page.locator(".found-line mark")).to_have_text(["поясняет", "ещё"])
    shot(page, "search")
    page.click(".found-line .at")
    page.wait_for_url(re.compile(r"t=7\d"))


def test_whoever_is_overtaken_keeps_what_he_wrote(page: Page, server: Server) -> None:
    lines = page.locator(".utterance")
    lines.nth(2).focus()
    page.keyboard.press("Enter")
    field = page.locator(".correction textarea")
    field.fill("моя правка")
    Person(server).does("text", 2, text="чужая правка")
    field.press("Control+Enter")
    expect(page.locator(".correction .message")).to_contain_text("«чужая правка»")
    expect(field).to_have_value("моя правка")
    shot(page, "overtaken")
    field.press("Control+Enter")
    expect(lines.nth(2)).to_contain_text("моя правка")
    assert Person(server).texts()[2] == "моя правка"
