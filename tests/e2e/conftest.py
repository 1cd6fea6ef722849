"""A running court and a real Chromium."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from api.child_node import free_port
from hardware.clock import SystemClock
from protocol.context import DEMO_SIGNER
from protocol.demo_key import make_demo_pkcs12
from tests.e2e.waiting import until_it_answers
from tests.factories.command_line import COMMAND, ROOT, courtrec, environment
from tests.services.running import ServiceMissing

CHROMIUM = Path("/usr/bin/chromium")
PASSWORDS = {"secretary": "a long sentence", "judge": "another sentence"}


@dataclass(frozen=True)
class Court:
    """`courtrec serve` on a home of its own, recording the English sample room at its natural pace."""

    address: str
    home: Path

    def courtrec(self, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        """Runs the command line on this court's home."""
        return courtrec(self.home, *arguments, typed=typed)


@pytest.fixture(scope="session")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    home, port = tmp_path_factory.mktemp("court"), free_port()
    found = Court(f"http://127.0.0.1:{port}", home)
    for login, password in PASSWORDS.items():
        added = found.courtrec("user", "add", login, "--name", login.title(), "--role", login, typed=password + "\n")
        assert added.returncode == 0, added.stderr
    make_demo_pkcs12(home / "keys" / DEMO_SIGNER, "Secretary", SystemClock())
    server = subprocess.Popen(
        [*COMMAND, "serve", "--room", str(ROOT / "rooms" / "demo-en.toml")],
        env=environment(home, COURTREC_PORT=str(port)), cwd=ROOT,
    )  # fmt: skip
    try:
        until_it_answers(f"{found.address}/healthz", server)
        yield found
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")  # Playwright's event loop must end with the module, or other tests cannot have one
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = ServiceMissing(f"There is no {CHROMIUM}: install Debian's package chromium.")
        if os.environ.get("COURTREC_REQUIRE_SERVICES") == "1":
            raise missing
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, court: Court) -> Iterator[Page]:
    """A visitor of the court; an error in a page's script fails the test."""
    context = chromium.new_context(base_url=court.address, locale="ru-RU", accept_downloads=True)
    found, errors = context.new_page(), []
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    context.close()
    assert not errors
