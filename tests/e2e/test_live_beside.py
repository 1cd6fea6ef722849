"""What is being said appears on a running hearing's page, for whoever may read it, and gives way to its transcript."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from api.auth.sessions import COOKIE
from api.live_text import forget_transcribed
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.factories.corrections import LINES, PAGE, rows
from tests.factories.hearing_log import HEARING, WINDOW_SECONDS, HearingLog, add_segment, open_hearing
from tests.factories.served import served
from tests.factories.server import make_server

SLOW = 60_000  # milliseconds: a busy machine
TOKEN = "live-token"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_judge_reads_along(database: Database, tmp_path: Path, chromium: Browser) -> None:
    server, log = make_server(database, tmp_path), HearingLog(hearing=HEARING)
    open_hearing(log)
    for window in range(2):
        for track in ("mic-judge", "cam-hall"):
            add_segment(log, track, window, window * WINDOW_SECONDS, (window + 1) * WINDOW_SECONDS)
    server.receive(log)
    object.__setattr__(server.context.secrets, "live_token", TOKEN)
    said = {"id": "a", "track": "mic-judge", "role": "judge", "sequence": 1, "start": 12.0, "end": 14.0, "flags": []}

    def report(**told: object) -> None:
        body = {"worker": "w", "state": "on", "recording": HEARING, "lines": [{**said, **told}]}
        answer = server.client().post("/live/text", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 204

    token = server.user(UserRole.JUDGE).cookies[COOKIE]
    expect.set_options(timeout=SLOW)
    with served(server.app) as port:
        context = chromium.new_context(locale="ru-RU", viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(SLOW)
        context.add_cookies([{"name": COOKIE, "value": token, "url": f"http://127.0.0.1:{port}"}])
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}{PAGE}")
        live = page.locator("courtrec-live")
        report(stable="слушается", rest="дело", final=False)
        expect(live.locator("> ol > li")).to_contain_text("слушается дело")
        expect(live.locator(".rest")).to_have_text("дело")
        report(stable=LINES[0], rest="", final=True)
        expect(live.locator("> ol > li.final")).to_contain_text(LINES[0])
        expect(live.locator("[data-part=announced] p")).to_contain_text(f"Судья: {LINES[0]}")
        expect(live.locator("button, input, textarea")).to_have_count(0)
        if folder := os.environ.get("COURTREC_SHOTS"):
            page.screenshot(path=f"{folder}/judge-live.png")

        server.transcribe(rows()[:1])
        with server.context.database.begin() as work:
            work.windows.add(HEARING, 1)
            work.windows.done(HEARING, 1)
        forget_transcribed(server.context.live_texts, server.context.database, server.clock.monotonic)
        expect(page.locator("#transcript .utterance")).to_contain_text(LINES[0])
        expect(live.locator("> ol > li")).to_have_count(0)
        context.close()
