"""The room's check in a real browser: one button, what it asks for, what it found, and where that stays."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.test_hearing import confirm, log_in
from tests.e2e.waiting import until

SLOW = 90_000  # milliseconds: four prompts of six seconds, and measuring a busy machine


def test_the_secretary_checks_the_room_before_the_hearing(page: Page) -> None:
    log_in(page, "secretary")
    page.goto("/hearings/new")
    card = page.locator("#selftest")
    card.get_by_role("button").click()
    expect(card.locator("[data-part=prompt]")).not_to_be_empty()
    expect(card.locator(".meter.asked")).to_have_count(1, timeout=20_000)
    name = card.locator(".meter.asked .role").inner_text()
    expect(card.locator("[data-part=prompt]")).to_contain_text(name)
    until(
        page, "[...document.querySelectorAll('#selftest [role=meter]')].some((one) => Number(one.ariaValueNow) > -50)"
    )

    expect(card.locator(".finding").first).to_be_attached(timeout=SLOW)
    assert card.locator(".finding").count() >= 8  # four microphones, the camera, encoding, disk, clock, server
    expect(card.locator("courtrec-selftest")).to_have_count(0)

    page.fill("input[name=case_number]", "ГД 2/26-Б1")
    page.click("form button[type=submit].danger, form button.danger")
    page.wait_for_url(re.compile(r"/hearings/[0-9a-f-]{36}/console"))
    state = page.locator("#state")
    expect(state).to_have_attribute("data-state", "recording")
    state.locator("button.danger").click()
    confirm(page)
    expect(state).to_have_attribute("data-state", "ended", timeout=30_000)
    page.goto(page.url.removesuffix("/console"))
    expect(page.locator("details.more summary", has_text="Зал проверен")).to_be_visible()


def test_a_check_can_be_given_up(page: Page) -> None:
    log_in(page, "secretary")
    page.goto("/hearings/new")
    card = page.locator("#selftest")
    card.locator("button[hx-post='/selftest/start']").click()
    card.locator("button[hx-post='/selftest/stop']").click()
    expect(card.locator("button[hx-post='/selftest/start']")).to_be_visible(timeout=20_000)
