"""What the queue gave up on: a page and a command that tell why, and trying it again."""

import re
from pathlib import Path

import pytest

from court.people import UserRole
from storage.db.unit_of_work import Database
from storage.db.work import NO_RECOGNISER, WORKER_DIED
from storage.ledger.leaf import LeafKind, parse
from storage.queue import TRANSCRIBE_WINDOW
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server, make_server

HTML = {"Accept": "text/html"}


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """A hearing of three windows, of which two were given up."""
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    with database.begin() as work:
        work.windows.failed(HEARING, 0, "The worker died 5 times.", reason=WORKER_DIED, for_good=True)
        work.windows.failed(HEARING, 1, "The GPU is <on> fire.", for_good=True)
        work.windows.done(HEARING, 2)
        for row in work.outbox.unsent():
            row.sent_at = row.created_at
    return made


def states(server: Server) -> list[tuple[str, int, str]]:
    with server.context.database.read() as work:
        return [(one.state, one.attempts, one.reason) for one in work.windows.of(HEARING)]


@pytest.mark.parametrize("role", [UserRole.ADMIN, UserRole.SECRETARY, UserRole.JUDGE])
def test_the_page_says_what_why_and_how_often(server: Server, role: UserRole) -> None:
    page = server.user(role).get("/jobs", headers=HTML).text
    assert "При каждой попытке программа аварийно завершалась" in page
    assert "Сообщение программы: The GPU is &lt;on&gt; fire." in page
    assert page.count(f'href="/hearings/{HEARING}"') == 2
    assert page.count('name="sequence"') == 2
    assert "00:00:00–00:00:10" in page


def test_a_party_and_a_visitor_see_nothing_of_it(server: Server) -> None:
    assert server.user(UserRole.PARTY).get("/jobs").status_code == 403
    assert server.client().get("/jobs").status_code == 401
    assert "/jobs" not in server.user(UserRole.PARTY).get("/", headers=HTML).text


def csrf(server: Server, role: UserRole) -> tuple[object, str]:
    browser = server.user(role)
    found = re.search(r'"X-CSRF-Token": "([^"]+)"', browser.get("/jobs", headers=HTML).text)
    return browser, found[1] if found else ""


def test_one_is_tried_again_with_all_its_attempts_and_journalled(server: Server) -> None:
    browser, token = csrf(server, UserRole.SECRETARY)
    form = {"csrf": token, "hearing": HEARING, "sequence": 1, "run": 1}
    assert browser.post("/jobs/try-again", data=form).status_code == 303  # type: ignore[attr-defined]
    assert [one[0] for one in states(server)] == ["failed", "pending", "done"]
    assert states(server)[1] == ("pending", 0, "")
    with server.context.database.read() as work:
        assert [row.task for row in work.outbox.unsent()] == [TRANSCRIBE_WINDOW]
        leaves = [parse(one.entry) for one in work.log.entries(HEARING)]
    [told] = [leaf.body for leaf in leaves if leaf.kind is LeafKind.ACCESS and leaf.body["action"] == "manage_jobs"]
    assert (told["actor"], told["object"]) == ("secretary", "transcript, 1 parts again")


def test_all_are_tried_again_and_doing_so_twice_adds_nothing(server: Server) -> None:
    browser, token = csrf(server, UserRole.ADMIN)
    for _ in range(2):
        browser.post("/jobs/try-again", data={"csrf": token})  # type: ignore[attr-defined]
    assert [one[0] for one in states(server)] == ["pending", "pending", "done"]
    with server.context.database.read() as work:
        assert len(work.outbox.unsent()) == 2


def test_whoever_may_not_and_forged_forms_change_nothing(server: Server) -> None:
    browser, token = csrf(server, UserRole.SECRETARY)
    assert browser.post("/jobs/try-again", data={"csrf": "x" + token}).status_code == 403  # type: ignore[attr-defined]
    party = server.user(UserRole.PARTY)
    page = party.get("/", headers=HTML).text
    found = re.search(r'"X-CSRF-Token": "([^"]+)"', page)
    assert found
    assert party.post("/jobs/try-again", data={"csrf": found[1]}).status_code == 403
    assert [one[0] for one in states(server)] == ["failed", "failed", "done"]


def test_the_hearings_page_says_why_in_the_readers_language(server: Server) -> None:
    with server.context.database.begin() as work:
        work.windows.failed(HEARING, 1, "No recogniser is set.", reason=NO_RECOGNISER, for_good=True)
    page = server.user(UserRole.SECRETARY).get(f"/hearings/{HEARING}", headers=HTML).text
    assert "Часть записи осталась без текста. При каждой попытке" in page
    assert "The worker died" not in page


def test_the_list_tells_of_what_is_kept_only(server: Server) -> None:
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        hearing.state = "destroyed"
    page = server.user(UserRole.ADMIN).get("/jobs", headers=HTML).text
    assert "У всех записей есть текст" in page
