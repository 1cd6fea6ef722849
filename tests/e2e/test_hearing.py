"""A hearing in a real browser: from the secretary's button to the signed protocol that anyone can verify."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORDS, Court
from tests.e2e.waiting import until

SLOW = 120_000  # milliseconds: transcription on a busy machine


def log_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORDS[login])
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/")


def begin(page: Page, case_number: str, language: str) -> None:
    """Starts a hearing; the page is its console then."""
    page.goto("/hearings/new")
    page.fill("input[name=case_number]", case_number)
    page.select_option("select[name=language]", language)
    page.fill("input[name=judge]", "J. Doe")
    page.click("form button[type=submit].danger, form button.danger")
    page.wait_for_url(re.compile(r"/hearings/[0-9a-f-]{36}/console"))


def confirm(page: Page) -> None:
    page.locator("dialog#confirm button[value=yes]").click()


@pytest.fixture(scope="module")
def recorded() -> dict[str, str]:
    """What the tests of this module hand on: the hearing's page, once it is recorded."""
    return {}


def test_the_secretary_records_a_hearing(page: Page, recorded: dict[str, str]) -> None:
    log_in(page, "secretary")
    begin(page, "ГД 1/26-Б1", "en")
    recorded["hearing"] = page.url.removesuffix("/console")

    state, clock = page.locator("#state"), page.locator("#state [data-part=clock]")
    expect(state).to_have_attribute("data-state", "recording")
    # The judge's microphone is heard: its meter rises above the floor.
    until(page, "Number(document.querySelector('.meter [role=meter]').ariaValueNow) > -40")
    page.dblclick("button[name=template][value=opening]")
    expect(page.locator("#notes li")).to_have_count(1)
    page.focus("button[name=template][value=motion]")
    for _ in range(3):  # a key held down
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(page.locator("#notes li")).to_have_count(2)

    mute = page.locator("#meters button[aria-pressed]").nth(2)
    mute.click()
    expect(page.locator("#meters .muted-track")).to_have_count(1)
    expect(mute).to_have_attribute("aria-pressed", "true")
    mute.click()
    expect(page.locator("#meters .muted-track")).to_have_count(0)

    expect(clock).to_have_text(re.compile("00:00:(1[5-9]|[2-5].)"), timeout=30_000)
    state.get_by_role("button").nth(0).click()
    expect(state).to_have_attribute("data-state", "paused")
    state.get_by_role("button").nth(0).click()
    expect(state).to_have_attribute("data-state", "recording")
    paused_at = clock.inner_text()
    expect(clock).not_to_have_text(paused_at)
    state.locator("button.danger").click()
    confirm(page)
    expect(state).to_have_attribute("data-state", "ended", timeout=30_000)
    expect(page.locator("#notes li")).to_have_count(2)


def test_the_draft_comes_by_itself_and_the_secretary_signs_it(page: Page, recorded: dict[str, str]) -> None:
    log_in(page, "secretary")
    page.goto(recorded["hearing"])
    page.locator("#protocol a[href$='/protocol.pdf']").wait_for(timeout=SLOW)
    decide_on_all_stages(page)
    sign = page.locator("#protocol button[hx-post$='/protocol/sign']")
    sign.wait_for(timeout=SLOW)
    sign.click()
    confirm(page)
    expect(page.locator("#protocol")).to_contain_text("Secretary (DEMO)", timeout=30_000)


def decide_on_all_stages(page: Page) -> None:
    """With the keyboard alone; then the draft is drawn up anew. How many there are is the recogniser's word."""
    left = page.locator("courtrec-stages .body > ul .stage")
    if not left.count():
        return
    left.first.focus()
    for count in range(left.count() - 1, -1, -1):
        page.keyboard.press("+")
        expect(left).to_have_count(count)


def test_playback_moves_and_a_line_seeks(page: Page, recorded: dict[str, str]) -> None:
    log_in(page, "judge")
    page.goto(recorded["hearing"])
    expect(page.locator("#transcript")).to_contain_text("court", ignore_case=True)
    page.click("[data-part=play]")
    until(page, "document.querySelector('video').currentTime > 1")

    line = page.locator(".utterance").nth(1)
    start = float(line.get_attribute("data-start") or "nan")
    assert start > 2
    line.locator(".at").click()
    until(page, f"Math.abs(document.querySelector('video').currentTime - {start}) < 1.5")
    until(page, f"document.querySelector('video').currentTime > {start} + 0.3")

    word = page.locator(".utterance .word").nth(3)
    page.click("[data-part=play]")
    word.click()
    at = float(word.get_attribute("data-start") or "nan")
    until(page, f"Math.abs(document.querySelector('video').currentTime - {at}) < 1.5")


def test_a_link_from_the_protocol_opens_its_moment(page: Page, recorded: dict[str, str]) -> None:
    log_in(page, "judge")
    page.goto(recorded["hearing"] + "?t=5")
    until(page, "Math.abs(document.querySelector('video').currentTime - 5) < 0.5")


def test_anyone_can_verify_the_protocol_without_uploading_it(
    page: Page, recorded: dict[str, str], tmp_path: Path
) -> None:
    log_in(page, "judge")
    page.goto(recorded["hearing"])
    with page.expect_download() as download:
        page.click("a[href$='/protocol.pdf']")
    pdf = tmp_path / "protocol.pdf"
    download.value.save_as(pdf)
    page.context.clear_cookies()

    page.goto("/verify")
    page.set_input_files("[data-part=file]", pdf)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "genuine")
    expect(page.locator(".verdict dl")).to_contain_text("(DEMO)")  # who signed
    expect(page.locator(".verdict dl")).to_contain_text("(UTC+06:00)")  # the court's clock, wherever one reads
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.locator(".verdict dd").first.evaluate("one => one.clientWidth") > 200
    archive = tmp_path / "copy.zip"
    archive.write_bytes(b"PK\x03\x04 and so on")
    page.set_input_files("[data-part=file]", archive)
    expect(page.locator(".verdict")).to_contain_text("распакуйте")
    content = bytearray(pdf.read_bytes())
    content[len(content) // 2] ^= 1
    pdf.write_bytes(content)
    page.set_input_files("[data-part=file]", pdf)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "altered")
    other = tmp_path / "other.pdf"
    other.write_bytes(b"%PDF-1.7 of somebody else")
    page.set_input_files("[data-part=file]", other)
    expect(page.locator(".verdict")).to_have_attribute("data-verdict", "unknown")


def test_the_command_line_agrees_and_names_a_flipped_byte(court: Court, recorded: dict[str, str]) -> None:
    assert recorded["hearing"]
    whole = court.courtrec("verify")
    assert whole.returncode == 0, whole.stdout
    victim = max((court.home / "objects").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(content)
    broken = court.courtrec("verify")
    assert broken.returncode == 1
    assert victim.name in broken.stdout
