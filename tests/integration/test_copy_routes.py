"""Copies on the hearing's page and behind the recipient's link."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.copying import LINK_LASTS, copies_folder
from court.openness import Openness
from court.people import UserRole
from storage.db.copies import FAILED, ORDERED, READY
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.queue import MAKE_COPY
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, Server, make_server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PANEL = f"/hearings/{HEARING}/copies"
CONTENT = b"PK the copy"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    return made


def token_of(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def post(browser: TestClient, path: str, page: str = f"/hearings/{HEARING}", **form: object) -> tuple[int, str]:
    csrf = token_of(browser.get(page, headers={"Accept": "text/html"}).text)
    answer = browser.post(path, data={"csrf": csrf, **form})
    return answer.status_code, answer.text


def order(browser: TestClient, **form: object) -> tuple[int, str]:
    return post(browser, PANEL, **{"recipient": "Ким А. Б.", "ground": "ходатайство", "track": "mic-judge", **form})


def made(server: Server, number: int) -> None:
    """As if the worker had made it."""
    (copies_folder(server.context) / f"{number}.zip").write_bytes(CONTENT)
    with server.context.database.begin() as work:
        row = work.copies.get(number)
        assert row is not None
        row.state, row.spans, row.size, row.sha256 = READY, [[0, 60_000]], len(CONTENT), "ab" * 32
        row.file_name = "Э-1-26_2026-11-02_1.zip"


def journal(server: Server) -> list[tuple[str, str, str]]:
    with server.context.database.read() as work:
        leaves = [parse(row.entry) for row in work.log.entries(HEARING)]
    told = [one.body for one in leaves if one.kind is LeafKind.ACCESS and "copy/" in one.body["object"]]
    return [(one["actor"], one["action"], one["object"]) for one in told]


def test_who_may_orders_and_the_worker_is_told(server: Server) -> None:
    for role in (UserRole.PARTY, UserRole.ADMIN):
        browser = server.user(role, granted=[HEARING])
        assert order(browser)[0] == 403
        assert browser.get(PANEL).status_code == 403
        assert 'id="copies"' not in browser.get(f"/hearings/{HEARING}", headers={"Accept": "text/html"}).text
    secretary = server.user(UserRole.SECRETARY)
    assert order(secretary)[0] == 303
    assert order(secretary, recipient=" ")[0] == 422
    assert order(secretary, track="mic-none")[0] == 422
    with server.context.database.read() as work:
        [row] = work.copies.of(HEARING)
        assert (row.state, row.tracks, row.recipient) == (ORDERED, ["mic-judge"], "Ким А. Б.")
        assert work.outbox.waiting(MAKE_COPY) == 1
    assert journal(server) == [("secretary", "copy", "copy/1")]
    assert "Ким А. Б." in secretary.get(PANEL).text


def test_a_running_or_closed_hearing_is_not_copied(server: Server) -> None:
    server.order(HEARING, Openness.CLOSED)
    status, text = order(server.user(UserRole.SECRETARY))
    assert (status, "No part of this hearing is open" in text) == (409, True)


def test_the_recipient_reads_the_caution_before_the_first_byte(server: Server) -> None:
    secretary = server.user(UserRole.SECRETARY)
    order(secretary)
    made(server, 1)
    assert secretary.get(f"{PANEL}/1.zip").content == CONTENT
    status, text = post(secretary, f"{PANEL}/1/link")
    assert status == 200
    link = re.search(r'value="http[^"]*(/copies/[^"]+)"', text)
    assert link is not None
    guest = server.client(ELSEWHERE)
    assert "Ким А. Б." in guest.get(link[1], headers={"Accept": "text/html"}).text
    assert guest.get(f"{link[1]}/file").status_code == 403
    assert post(guest, link[1], link[1])[0] == 403
    assert post(guest, link[1], link[1], read="yes")[0] == 303
    answer = guest.get(f"{link[1]}/file")
    assert answer.content == CONTENT
    assert "2026-11-02_1.zip" in answer.headers["content-disposition"]
    assert guest.get(f"{link[1]}/file", headers={"Range": "bytes=0-1"}).content == b"PK"
    assert [one[:2] for one in journal(server)[-3:]] == [
        ("Ким А. Б.", "acknowledge"), ("Ким А. Б.", "download"), ("Ким А. Б.", "download"),
    ]  # fmt: skip
    assert post(secretary, f"{PANEL}/1/revoke")[0] == 303
    assert guest.get(f"{link[1]}/file").status_code == 404


def test_a_link_ends_by_time_by_a_new_one_and_by_an_order_that_closes(server: Server) -> None:
    secretary = server.user(UserRole.SECRETARY)
    order(secretary)
    assert post(secretary, f"{PANEL}/1/link")[0] == 409  # not made yet
    made(server, 1)
    links = []
    for _ in range(2):
        found = re.search(r'value="http[^"]*(/copies/[^"]+)"', post(secretary, f"{PANEL}/1/link")[1])
        assert found is not None
        links.append(found[1])
    guest = server.client(ELSEWHERE)
    assert [guest.get(one).status_code for one in links] == [404, 200]
    server.order(HEARING, Openness.CLOSED, 72_000, 73_000)
    assert guest.get(links[1]).status_code == 200  # the copy ends before that
    server.order(HEARING, Openness.CLOSED, 59_000, 61_000)
    assert guest.get(links[1]).status_code == 409
    assert secretary.get(f"{PANEL}/1.zip").status_code == 409
    server.order(HEARING, Openness.OPEN)
    server.clock.forward(LINK_LASTS.total_seconds() + 1)
    assert guest.get(links[1]).status_code == 404


def test_a_lost_task_is_promised_again(server: Server) -> None:
    order(server.user(UserRole.SECRETARY))
    with server.context.database.begin() as work:
        assert work.copies.overdue(server.clock.utc) == []
    server.clock.forward(3600)
    with server.context.database.begin() as work:
        assert work.copies.overdue(server.clock.utc) == [1]
        assert work.copies.overdue(server.clock.utc) == []
        row = work.copies.get(1)
        assert row is not None
        row.state, row.reason = FAILED, "No."
    server.clock.forward(3600)
    with server.context.database.begin() as work:
        assert work.copies.overdue(server.clock.utc) == []
