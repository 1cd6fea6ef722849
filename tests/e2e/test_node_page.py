"""A hearing led at the node's own page in a real browser while there is no server; then the server comes."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from api.child_node import free_port
from tests.e2e.waiting import until, until_it_answers
from tests.factories.command_line import COMMAND, ROOT, courtrec, environment

PIN = "246810"
ROOM = """name = "Зал № 3"
[[input]]
id = "desk"
source = "lavfi"
address = "aevalsrc='0.3*sin(2*PI*220*t)|0.2*sin(2*PI*330*t)':s=48000"
[[microphone]]
role = "judge"
input = "desk"
channel = 0
[[microphone]]
role = "claimant"
input = "desk"
channel = 1
"""


class Site:
    """A node's home, and the home of the server that enrolled it and is not there now."""

    def __init__(self, folder: Path) -> None:
        self.node_home, self.server_home = folder / "node", folder / "server"
        self.server_port, node_port = free_port(), free_port()
        self.address = f"http://127.0.0.1:{node_port}"
        (folder / "room.toml").write_text(ROOM)
        self._room = folder / "room.toml"
        self._node_port = node_port

    def enrol(self) -> None:
        server = self.start_server()
        try:
            code = courtrec(self.server_home, "node", "code", "Зал № 3").stdout.split()[0]
            address = f"http://127.0.0.1:{self.server_port}"
            enrolled = courtrec(self.node_home, "node", "enrol", "--server", address, "--code", code)
            assert enrolled.returncode == 0, enrolled.stderr
        finally:
            server.terminate()
            server.wait()

    def start_node(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*COMMAND, "node", "run", "--room", str(self._room)],
            env=environment(
                self.node_home, COURTREC_NODE_PORT=str(self._node_port), COURTREC_NODE_PLANNED_HOURS="0",
                COURTREC_NODE_SERVER_URL=f"http://127.0.0.1:{self.server_port}",
            ),
            cwd=ROOT,
        )  # fmt: skip

    def start_server(self) -> "subprocess.Popen[bytes]":
        server = subprocess.Popen(
            [*COMMAND, "serve"], env=environment(self.server_home, COURTREC_PORT=str(self.server_port)), cwd=ROOT
        )
        until_it_answers(f"http://127.0.0.1:{self.server_port}/healthz", server)
        return server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.enrol()
    assert courtrec(site.node_home, "node", "password", typed=f"{PIN}\n").returncode == 0
    node = site.start_node()
    try:
        until_it_answers(site.address, node)
        yield site
    finally:
        node.terminate()
        node.wait()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """The secretary in the court-room; an error in the page's script or against its policy fails the test."""
    context = chromium.new_context(base_url=site.address, locale="ru-RU")
    found, errors = context.new_page(), []
    found.on("pageerror", lambda error: errors.append(str(error)))
    found.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield found
    context.close()
    assert not errors


def log_in(page: Page, name: str) -> None:
    page.goto("/")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PIN)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("[data-part=panel]")


def test_a_wrong_password_is_told_in_the_reader_s_language(page: Page) -> None:
    page.goto("/")
    page.fill("input[name=password]", "000000")
    page.press("input[name=password]", "Enter")
    expect(page.locator("[data-part=refusal]")).to_have_text("Неверный пароль.")
    page.click("button[name=language][value=en]")
    expect(page.locator("h1")).to_have_text("Log in")


def test_a_hearing_without_the_server_and_its_arrival(page: Page, site: Site, chromium: Browser) -> None:
    log_in(page, "А. Сыдыкова")
    state, clock = page.locator("#state"), page.locator("[data-part=clock]")
    expect(state).to_have_attribute("data-state", "idle")
    page.fill("input[name=case_number]", "ГД 4405/24-Б2")
    page.fill("input[name=judge]", "Т. Осмонов")
    page.dblclick("[data-part=start] button.danger")
    expect(state).to_have_attribute("data-state", "recording", timeout=30_000)
    expect(page.locator("h1")).to_have_text("ГД 4405/24-Б2")
    until(page, "Number(document.querySelector('.meter [role=meter]').ariaValueNow) > -40")

    page.dblclick("[data-template=opening]")  # one note
    expect(page.locator("[data-part=notes] li")).to_have_count(1)
    page.fill("[data-part=note-text]", "о вызове свидетеля")
    page.locator("[data-part=note-text]").press("Escape")
    page.locator("h1").click()
    page.keyboard.press("5")
    expect(page.locator("[data-part=notes] li").first).to_contain_text("о вызове свидетеля")

    # A second secretary, at another screen of the room.
    other = chromium.new_context(base_url=site.address).new_page()
    log_in(other, "Б. Асанов")
    expect(other.locator("[data-part=notes] li")).to_have_count(2)
    page.dblclick("[data-step=deliberate]")
    for one in (page, other):
        expect(one.locator("#state")).to_have_attribute("data-state", "deliberation", timeout=30_000)
        expect(one.locator("[data-part=meaning]")).to_contain_text("А. Сыдыкова")
        expect(one.locator("[data-part=db]").first).to_have_text("—")
    other.click("[data-step=resume]")
    expect(state).to_have_attribute("data-state", "recording")
    expect(page.locator("[data-part=meaning]")).to_contain_text("Б. Асанов")
    other.context.close()

    page.click("details.menu summary")
    page.click("[data-close='300']")
    expect(page.locator("[data-part=closed]")).to_be_visible()
    expect(clock).to_have_text(re.compile("00:00:(0[6-9]|[1-5].)"), timeout=30_000)
    page.click("[data-part=stop]")
    page.click("dialog [value=yes]")
    expect(state).to_have_attribute("data-state", "idle", timeout=30_000)
    unsent = page.locator("[data-part=unsent]")
    expect(unsent).not_to_have_text("всё на сервере")

    server = site.start_server()
    try:
        expect(unsent).to_have_text("всё на сервере", timeout=120_000)
    finally:
        server.terminate()
        server.wait()
    listed = courtrec(site.server_home, "hearings")
    assert "ГД 4405/24-Б2" in listed.stdout
    verified = courtrec(site.server_home, "verify")
    assert verified.returncode == 0, verified.stdout
