"""Waiting for conditions, with a deadline; never for a guessed time."""

import subprocess
import time

import httpx
from playwright.sync_api import Page

DEADLINE = 120.0


def until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until `url` answers; fails when `process` ends before or the deadline passes."""
    deadline = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} did not answer; the server's exit code is {process.poll()}.")


def until(page: Page, condition: str) -> None:
    """Until the JavaScript `condition` holds in the page. Playwright's own wait needs eval, which our pages forbid."""
    deadline = time.monotonic() + DEADLINE
    while not page.evaluate(f"() => {condition}"):
        assert time.monotonic() < deadline, f"This did not come true: {condition}"
        page.wait_for_timeout(100)
