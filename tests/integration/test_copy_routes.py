"""Copies on the hearing's page and behind the recipient's link."""

import re
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest
from starlette.testclient import TestClient

from api.copy_clearing import clear_copies
from api.copy_handing import LINK_LASTS
from api.home import Home
from court.openness import Openness
from court.people import UserRole
from storage.db.copies import FAILED, ORDERED, READY
from storage.db.unit_of_work import Database
from storage.durable import make_folder
from storage.ledger.leaf import LeafKind, parse
from storage.queue import CLEAR_COPIES, MAKE_COPY, EmbeddedWorker, Sweeper, make_queue, register_task
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.queues import empty_embedded_broker
from tests.factories.server import ELSEWHERE, Server, make_server
from tests.factories.waiting import SECONDS

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
    folder = make_folder(Home(server.context.settings.home).copies)
    (folder / f"{number}.zip").write_bytes(CONTENT)
    with server.context.database.begin() as work:
        row = work.copies.get(number)
        assert row is not None
        row.state, row.spans, row.size, row.sha256 = READY, [[0, 60_000]], len(CONTENT), "ab" * 32
        row.file_name, row.made_at = "Э-1-26_2026-11-02_1.zip", server.clock.utc


def link_to(browser: TestClient) -> str:
    found = re.search(r'value="http[^"]*(/copies/[^"]+)"', post(browser, f"{PANEL}/1/link")[1])
    assert found is not None
    return found[1]


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
    order(secretary)
    made(server, 1)
    assert secretary.get(f"{PANEL}/1.zip").content == CONTENT
    status, text = post(secretary, f"{PANEL}/1/link")
    assert status == 200
    assert "every 3s" in secretary.get(PANEL).text  # the second is being made
    assert "every 3s" not in text  # the link, shown only once, would be gone
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


def test_the_panel_says_which_copies_bear_a_mark_in_the_sound(server: Server) -> None:
    secretary = server.user(UserRole.SECRETARY)
    order(secretary)
    assert "В звуке есть неслышимая метка" not in secretary.get(PANEL).text
    order(secretary, sound_marked="true")
    assert secretary.get(PANEL).text.count("В звуке есть неслышимая метка") == 1


@pytest.mark.parametrize("token", ["x" * 43, "короткий", "a b", "%FF%FE"])
def test_a_link_that_nobody_made_says_so_in_the_readers_language(server: Server, token: str) -> None:
    guest = server.client(ELSEWHERE)
    for path in (token, f"{token}/file"):
        answer = guest.get(f"/copies/{path}", headers={"Accept": "text/html", "Accept-Language": "ru"})
        assert answer.status_code == 404
        assert "По этой ссылке копии нет" in answer.text


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


def test_a_file_is_cleared_away_when_it_was_fetched_and_its_time_is_over(server: Server) -> None:
    secretary, folder = server.user(UserRole.SECRETARY), Home(server.context.settings.home).copies
    order(secretary)
    made(server, 1)
    days = timedelta(days=1).total_seconds()

    def kept_after(count: int) -> bool:
        server.clock.forward(count * days)
        clear_copies(server.context)
        return (folder / "1.zip").exists()

    assert kept_after(1000)  # nobody has taken it
    secretary = server.user(UserRole.SECRETARY)
    assert secretary.get(f"{PANEL}/1.zip").content == CONTENT
    assert kept_after(59)
    secretary = server.user(UserRole.SECRETARY)
    link = link_to(secretary)
    assert kept_after(29)  # its recipient may still come
    before = journal(server)
    assert not kept_after(2)
    assert journal(server) == before
    secretary, guest = server.user(UserRole.SECRETARY), server.client(ELSEWHERE)
    page = secretary.get(PANEL).text
    assert "больше не хранится" in page
    assert f"{PANEL}/1.zip" not in page
    assert secretary.get(f"{PANEL}/1.zip").status_code == 410
    assert guest.get(link).status_code == 404
    assert post(secretary, f"{PANEL}/1/link")[0] == 410


def test_what_may_be_handed_out_no_more_or_failed_is_cleared_away(server: Server) -> None:
    secretary, folder = server.user(UserRole.SECRETARY), Home(server.context.settings.home).copies
    for _ in range(3):
        order(secretary)
    made(server, 1)
    (folder / "2.making").mkdir()
    (folder / "2.making" / "recording.mp4").write_bytes(b"half a film")
    (folder / "2.lock").touch()
    (folder / "3.lock").touch()
    (folder / "notes.txt").touch()
    clear_copies(server.context)
    with server.context.database.begin() as work:
        row = work.copies.get(2)
        assert row is not None
        row.state = FAILED
    server.order(HEARING, Openness.CLOSED, 1000, 2000)
    clear_copies(server.context)
    assert sorted(one.name for one in folder.iterdir()) == ["1.zip", "3.lock", "notes.txt"]
    server.clock.forward(timedelta(days=61).total_seconds())
    clear_copies(server.context)
    assert sorted(one.name for one in folder.iterdir()) == ["3.lock", "notes.txt"]
    made(server, 3)
    with server.context.database.begin() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        hearing.state = "destroyed"
    clear_copies(server.context)
    assert [one.name for one in folder.glob("*.zip")] == []


def test_the_sweeper_has_files_looked_through_every_hour(server: Server) -> None:
    empty_embedded_broker()
    cleared: SimpleQueue[str] = SimpleQueue()

    def clear() -> None:
        cleared.put("cleared")

    queue = make_queue()
    register_task(queue, CLEAR_COPIES, clear)
    sweeper = Sweeper(server.context.database, queue, copies=True)
    worker = EmbeddedWorker(queue)
    worker.start()
    try:
        for minutes in (0, 30, 61):
            sweeper.sweep(server.clock.utc + timedelta(minutes=minutes))
        assert [cleared.get(timeout=SECONDS) for _ in range(2)] == ["cleared"] * 2
        assert cleared.empty()
    finally:
        worker.stop()
