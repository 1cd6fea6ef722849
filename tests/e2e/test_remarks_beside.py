"""What another person files, decides or ticks appears on a hearing's page, and what is being written there stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from api.child_node import free_port
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.e2e.people import person, shot
from tests.factories.court_rooms import served
from tests.factories.evidence import OTHER, worked
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """Its first hearing's protocol is signed."""
    with ThreadPoolExecutor(1) as beside:  # signing needs a thread without an event loop, and the browser has one here
        return beside.submit(worked, database, tmp_path).result()


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    port = free_port()
    with served(server.app, port):
        yield f"http://127.0.0.1:{port}"


def files(page: Page, text: str) -> None:
    page.locator("#remarks details summary").click()
    page.get_by_label("Кто подал").fill("Ким А. Б.")
    page.locator("#f-remark").fill(text)
    page.get_by_role("button", name="Подать").click()
    expect(remark(page, text)).to_be_visible()


def remark(page: Page, text: str) -> Locator:
    return page.locator(".remark", has_text=text)


def test_a_remark_and_a_ruling_appear_and_what_is_written_beside_stays(
    server: Server, chromium: Browser, address: str
) -> None:
    with (
        person(server, chromium, address, UserRole.SECRETARY) as secretary,
        person(server, chromium, address, UserRole.JUDGE) as judge,
    ):
        for page in (secretary, judge):
            page.goto(f"{address}/hearings/{HEARING}")
        files(secretary, "Первое замечание")
        reasons = remark(judge, "Первое замечание").locator("textarea")
        reasons.fill("Слышно иное")
        reasons.press("Home")
        files(secretary, "Второе замечание")
        expect(remark(judge, "Второе замечание")).to_be_visible()
        judge.keyboard.type("Ясно: ")
        expect(reasons).to_have_value("Ясно: Слышно иное")
        shot(judge, "remarks-beside")

        secretary.locator("#remarks details summary").click()
        being_written = secretary.locator("#f-remark")
        being_written.fill("Третье, не подано")
        remark(judge, "Первое замечание").get_by_role("button", name="Отклонить").click()
        expect(remark(secretary, "Первое замечание")).to_contain_text("Ясно: Слышно иное")
        expect(being_written).to_have_value("Третье, не подано")
        expect(being_written).to_be_focused()


def test_who_appeared_is_ticked_on_both_pages(server: Server, chromium: Browser, address: str) -> None:
    with server.context.database.begin() as work:
        hearing = work.hearings.get(OTHER)
        assert hearing is not None
        people = [{"role": "claimant", "name": "Садыкова А. М.", "present": True, "note": ""}]
        hearing.card = {**hearing.card, "participants": people}
    with (
        person(server, chromium, address, UserRole.SECRETARY) as one,
        person(server, chromium, address, UserRole.SECRETARY) as other,
    ):
        for page in (one, other):
            page.goto(f"{address}/hearings/{OTHER}")
        other.locator("#tick-1-appeared").focus()
        one.locator("#tick-1-not_notified").click()
        expect(other.locator("#tick-1-not_notified")).to_have_attribute("aria-pressed", "true")
        expect(other.locator("#tick-1-appeared")).to_be_focused()
