"""What is being said appears on the secretary's console while the hearing runs, and gives way to the transcript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_hearing import SLOW, begin, confirm, log_in
from tests.e2e.waiting import until


@pytest.fixture
def console(page: Page) -> Page:
    """The console of a hearing that has just begun."""
    log_in(page, "secretary")
    begin(page, "ГД 2/26-Б1", "en")
    return page


def test_words_appear_and_give_way_to_the_transcript(console: Page) -> None:
    """A busy machine may have no words before an utterance ends: test_live_beside.py shows provisional ones."""
    live = console.locator("courtrec-live")
    expect(live).to_have_attribute("data-state", "on", timeout=SLOW)
    expect(live.locator("[data-part=live-state]")).to_be_hidden()
    final = live.locator("> ol > li.final")
    final.first.wait_for(timeout=SLOW)
    expect(final.first.locator(".role")).not_to_be_empty()
    expect(live.locator("[data-part=announced] p").last).to_contain_text(re.compile(": .*[a-z]"))
    # A screen reader hears what is final only: the list itself is silent.
    expect(live.locator("> ol")).to_have_attribute("aria-live", "off")
    live.focus()
    expect(live).to_be_focused()

    state = console.locator("#state")
    state.locator("button.danger").click()
    confirm(console)
    expect(state).to_have_attribute("data-state", "ended", timeout=SLOW)
    until(console, "document.querySelectorAll('#said li').length > 0 "
                   "&& document.querySelectorAll('courtrec-live > ol > li').length === 0")  # fmt: skip


def test_without_a_model_for_the_language_the_page_says_so(page: Page) -> None:
    log_in(page, "secretary")
    begin(page, "ГД 3/26-Б1", "kk")
    live = page.locator("courtrec-live")
    expect(live).to_have_attribute("data-state", "no_model", timeout=SLOW)
    expect(live.locator("[data-part=live-state]")).to_contain_text("не установлена модель")
    page.locator("#state button.danger").click()
    confirm(page)
    expect(page.locator("#state")).to_have_attribute("data-state", "ended", timeout=SLOW)
