"""Judge and secretary edit one protocol at once in real browsers: by keyboard alone, and nothing typed is lost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.child_node import free_port
from court.people import UserRole
from protocol.tasks import draft_protocol
from storage.db.unit_of_work import Database
from tests.e2e import people
from tests.e2e.people import shot
from tests.factories.corrections import PAGE, server_with_lines
from tests.factories.court_rooms import served
from tests.factories.evidence import protocols_of
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = server_with_lines(database, tmp_path)
    assert draft_protocol(protocols_of(made, tmp_path), HEARING)
    return made


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    port = free_port()
    with served(server.app, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def person(
    server: Server, chromium: Browser, address: str, role: UserRole, size: str = "wide", *, told: bool = True
) -> Iterator[Page]:
    """Somebody's browser before the editor, `told` of what others write."""
    with people.person(server, chromium, address, role, size) as page:
        if not told:
            page.route(re.compile("/live/protocol"), lambda route: route.abort())
        page.goto(f"{address}{PAGE}/protocol/edit")
        yield page


def field(page: Page, key: str) -> Locator:
    return page.locator(f"[data-field={key}]")


def lines(page: Page, key: str) -> Locator:
    return field(page, key).locator(".rows textarea")


def saved(page: Page, key: str) -> None:
    expect(field(page, key).locator("[data-part=status]")).to_have_text("Сохранено")


def focused(page: Page) -> str:
    """The name of what has the focus."""
    name: str = page.evaluate(
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
    )
    return name


def test_two_people_at_once_lose_nothing(server: Server, chromium: Browser, address: str) -> None:
    with (
        person(server, chromium, address, UserRole.SECRETARY, told=False) as secretary,
        person(server, chromium, address, UserRole.JUDGE, told=False) as judge,
    ):
        for page, text in ((judge, "Слова судьи."), (secretary, "Слова секретаря.")):
            field(page, "decision").locator("[data-deed=add]").click()
            page.keyboard.type(text)
            if page is judge:
                saved(page, "decision")
        merge = field(secretary, "decision").locator("[data-part=merge]")
        expect(merge).to_contain_text("изменил другой пользователь: Judge")
        expect(merge.locator("del")).to_have_text("секретаря.")
        expect(merge.locator("ins")).to_have_text("судьи.")
        shot(secretary, "merge")
        secretary.set_viewport_size({"width": 390, "height": 844})
        merge.scroll_into_view_if_needed()
        shot(secretary, "merge-narrow")
        secretary.set_viewport_size({"width": 1280, "height": 1000})
        merge.locator("[data-choice=both]").click()
        saved(secretary, "decision")
        expect(merge).to_have_count(0)

        judge.reload()
        rows = lines(judge, "decision")
        expect(rows.last).to_have_value("Слова судьи.")
        assert "Слова секретаря." in [rows.nth(n).input_value() for n in range(rows.count())]

        # Different fields at once both stand.
        for page, key in ((judge, "case"), (secretary, "breaks")):
            field(page, key).locator("[data-deed=add]").click()
            page.keyboard.type(f"Дополнено: {key}")
        for page, key in ((judge, "case"), (secretary, "breaks")):
            saved(page, key)
        secretary.reload()
        for key in ("case", "breaks"):
            expect(lines(secretary, key).last).to_have_value(f"Дополнено: {key}")

        # Taking the other's text, and keeping one's own.
        for choice, left in (("theirs", "Судья: theirs"), ("mine", "Секретарь: mine")):
            judge.reload()
            secretary.reload()
            lines(judge, "decision").last.fill(f"Судья: {choice}")
            saved(judge, "decision")
            lines(secretary, "decision").last.fill(f"Секретарь: {choice}")
            secretary.locator(f"[data-choice={choice}]").click()
            expect(lines(secretary, "decision").last).to_have_value(left)
            if choice == "mine":
                saved(secretary, "decision")
            judge.reload()
            expect(lines(judge, "decision").last).to_have_value(left)


def test_what_the_other_writes_appears_and_leaves_caret_and_text_alone(
    server: Server, chromium: Browser, address: str
) -> None:
    with (
        person(server, chromium, address, UserRole.SECRETARY) as secretary,
        person(server, chromium, address, UserRole.JUDGE) as judge,
    ):
        first = lines(secretary, "decision").first
        first.click()
        secretary.keyboard.press("Home")
        secretary.keyboard.press("ArrowRight")
        comment = secretary.locator("#comment-decision")
        secretary.locator("#comments-decision summary").click()
        comment.fill("Ещё не отправлено")
        first.focus()
        said = first.input_value()
        field(judge, "decision").locator("[data-deed=add]").click()
        judge.keyboard.type("Слова судьи.")
        expect(lines(secretary, "decision").last).to_have_value("Слова судьи.")
        expect(field(secretary, "decision").locator("[data-part=status]")).to_contain_text("Изменено: Judge")
        secretary.keyboard.type("Ж")
        expect(first).to_have_value(said[:1] + "Ж" + said[1:])
        saved(secretary, "decision")
        expect(lines(judge, "decision").first).to_have_value(said[:1] + "Ж" + said[1:])
        judge.locator("#comments-decision summary").click()
        judge.locator("#comment-decision").fill("Уточните срок")
        judge.locator("#comments-decision form button").click()
        expect(secretary.locator("#comments-decision")).to_contain_text("Уточните срок")
        expect(comment).to_have_value("Ещё не отправлено")
        secretary.locator("#comments-decision li button").click()
        expect(judge.locator("#comments-decision")).to_contain_text("снято: Secretary")


def test_everything_by_keyboard(server: Server, chromium: Browser, address: str) -> None:
    with person(server, chromium, address, UserRole.SECRETARY) as page:
        shot(page, "editor")
        first = lines(page, "decision").first
        first.focus()
        assert "Строка 1 поля" in focused(page)
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        page.keyboard.type("Разъяснён срок обжалования.")
        page.keyboard.press("Enter")
        page.keyboard.type("Лишняя")
        for _ in "Лишняя":
            page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")  # the empty line goes, and the one above has the focus
        assert "Строка 2 поля" in focused(page)
        page.keyboard.press("Alt+ArrowUp")
        expect(lines(page, "decision").first).to_have_value("Разъяснён срок обжалования.")
        assert "Строка 1 поля" in focused(page)
        page.keyboard.press("Alt+ArrowDown")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowUp")
        assert "Строка 1 поля" in focused(page)
        page.keyboard.press("Escape")
        assert focused(page) == "Добавить строку"
        saved(page, "decision")

        # Lines of the transcript: Tab leads to them, Space selects, Enter puts them in where one wrote last.
        page.locator(".quotations input").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(field(page, "decision").locator("[data-deed=insert]")).to_have_text("Вставить выбранные строки (2)")
        shot(page, "selected")
        page.keyboard.press("Enter")
        link = field(page, "decision").locator("a.at").first
        expect(link).to_have_text("00:01:11")
        expect(link).to_have_attribute("href", f"{PAGE}?t=71")
        saved(page, "decision")

        # A comment, then the revision, then what changed.
        page.locator("#comments-decision summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("Проверьте, пожалуйста, срок.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#comments-decision")).to_contain_text("открытых: 1")
        shot(page, "commented")
        page.locator("[data-part=save-revision]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=standing]")).to_contain_text("редакция 2")
        page.locator("a[href$='/protocol/compare']").focus()
        page.keyboard.press("Enter")
        expect(page.locator("ins").first).to_be_visible()
        expect(page.locator("main")).to_contain_text("Изменено: Secretary")
        shot(page, "compare")
        page.set_viewport_size({"width": 390, "height": 844})
        shot(page, "compare-narrow")


def test_on_a_phone_the_transcript_comes_over_the_fields(server: Server, chromium: Browser, address: str) -> None:
    with person(server, chromium, address, UserRole.SECRETARY, "narrow") as page:
        transcript, unfold = page.locator(".quotations ul"), page.locator("[data-part=unfold]")
        expect(transcript).to_be_hidden()
        lines(page, "decision").first.click()
        page.keyboard.press("End")
        before = lines(page, "decision").count()
        unfold.click()
        expect(transcript).to_be_in_viewport()
        expect(page.locator("[data-part=into]")).to_contain_text(field(page, "decision").locator("h2").inner_text())
        for number in range(2):
            page.locator(".quotations label").nth(number).click()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            shot(page, f"sheet-{theme}", whole=False)
        page.locator("[data-part=put]").click()
        expect(transcript).to_be_hidden()
        expect(lines(page, "decision")).to_have_count(before + 2)
        expect(lines(page, "decision").nth(2)).to_be_focused()
        expect(lines(page, "decision").nth(2)).to_be_in_viewport()
        saved(page, "decision")
        shot(page, "sheet-folded", whole=False)
        page.set_viewport_size({"width": 1280, "height": 1000})
        expect(transcript).to_be_visible()
        expect(unfold).to_be_hidden()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            shot(page, f"sheet-wide-{theme}", whole=False)


def test_what_the_server_does_not_take_stays_on_the_page_until_it_does(
    server: Server, chromium: Browser, address: str
) -> None:
    with person(server, chromium, address, UserRole.JUDGE, "narrow") as page:
        shot(page, "editor-narrow")
        page.route(re.compile("/protocol/fields"), lambda route: route.abort())
        field(page, "decision").locator("[data-deed=add]").click()
        page.keyboard.type("Без сети")
        expect(field(page, "decision").locator("[data-part=status]")).to_contain_text("сервер не отвечает")
        page.unroute(re.compile("/protocol/fields"))
        saved(page, "decision")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
        page.reload()
        expect(lines(page, "decision").last).to_have_value("Без сети")
