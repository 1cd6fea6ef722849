"""Closed lines are neither read, found nor corrected by whoever may not read them: not even their number is told."""

import json
from itertools import product
from pathlib import Path

import pytest

from court.openness import Openness
from court.people import UserRole
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.corrections import HTML, LINES, PAGE, Person, transcribed
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, Server, make_server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SECRET = "тайна усыновления"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """The second of three lines was corrected to a secret and then closed."""
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    transcribed(made)
    Person(made).does("text", 1, text=SECRET)
    made.order(HEARING, Openness.CLOSED, 73_500, 76_500)
    return made


def test_from_outside_the_search_finds_nothing_closed_and_tells_no_number(server: Server) -> None:
    for role in (UserRole.SECRETARY, UserRole.JUDGE, UserRole.PARTY):
        person = Person(server, role, ELSEWHERE, granted=[HEARING] if role is UserRole.PARTY else [])
        empty = person.browser.get("/api/search", params={"q": "слова-которых-нет"}).json()
        for query, hearing in product(("тайна", "истица", "усыновления"), ("", HEARING)):
            answer = person.browser.get("/api/search", params={"q": query, "hearing": hearing})
            assert answer.json() == empty, (role, query)
            page = person.browser.get("/search", params={"q": query}, headers=HTML).text
            assert SECRET not in page
        assert person.finds("слушается") == [LINES[0]]
        assert SECRET not in person.browser.get(PAGE, headers=HTML).text


def test_a_lines_history_is_told_to_whoever_may_read_the_line(server: Server) -> None:
    at_court = Person(server)
    secret, open_one = (at_court.lines()[place]["id"] for place in (1, 0))
    told = at_court.browser.get(f"{PAGE}/lines/{secret}/history", headers=HTML)
    assert told.status_code == 200
    assert all(one in told.text for one in (SECRET, LINES[1], "Исправлен текст", "Secretary"))
    for role in (UserRole.SECRETARY, UserRole.JUDGE, UserRole.PARTY):
        person = Person(server, role, ELSEWHERE, granted=[HEARING] if role is UserRole.PARTY else [])
        answer = person.browser.get(f"{PAGE}/lines/{secret}/history", headers=HTML)
        assert answer.status_code == 404, role
        assert SECRET not in answer.text
        assert person.browser.get(f"{PAGE}/lines/{open_one}/history", headers=HTML).status_code == 200
    for line in ("0", "99999999999999999999", "x" * 33 + ".1"):
        assert at_court.browser.get(f"{PAGE}/lines/{line}/history", headers=HTML).status_code == 404


def test_what_was_closed_since_is_left_out_of_the_history_of_what_stays_open(server: Server) -> None:
    at_court = Person(server)
    whole = at_court.lines()[2]["id"]
    at_court.does("split", 2, text=LINES[2], at=1)
    server.order(HEARING, Openness.CLOSED, 77_350, 79_500)
    first = at_court.lines()[2]["id"]
    outside = Person(server, UserRole.SECRETARY, ELSEWHERE)
    told = outside.browser.get(f"{PAGE}/lines/{first}/history", headers=HTML)
    assert told.status_code == 200
    assert "свидетель" in told.text
    assert "өкүл" not in told.text
    assert outside.browser.get(f"{PAGE}/lines/{whole}/history", headers=HTML).status_code == 404


def test_at_the_court_whoever_may_read_finds_it(server: Server) -> None:
    for role in (UserRole.SECRETARY, UserRole.JUDGE, UserRole.PARTY):
        person = Person(server, role, granted=[HEARING] if role is UserRole.PARTY else [])
        assert person.finds("ТАЙНА усын") == [SECRET]
        assert person.finds("истица") == [], "the machine's words are corrected"


def test_the_search_is_of_those_who_may_read(server: Server) -> None:
    assert server.client().get("/api/search?q=слушается").status_code == 401
    admin = server.user(UserRole.ADMIN)
    assert admin.get("/api/search?q=слушается").status_code == 403
    assert admin.get("/search?q=слушается", headers=HTML).status_code == 403
    party = Person(server, UserRole.PARTY)
    assert party.finds("слушается") == []
    assert party.browser.get(f"/api/search?q=слушается&hearing={HEARING}").status_code == 403


def test_from_outside_a_closed_line_is_not_corrected_nor_told(server: Server) -> None:
    inside, outside = Person(server), Person(server, address=ELSEWHERE)
    first, secret, third = (one["id"] for one in inside.lines())
    before = len(entries(server, LeafKind.CORRECTION))
    unknown = outside.asks("text", "999", text="догадка")
    assert unknown.status_code == 409
    for answer in (
        outside.asks("text", secret, text="догадка"),
        outside.asks("confirm", secret),
        outside.asks("undo", secret),
        outside.asks("merge", secret, above=first),
        outside.asks("merge", third, above=secret),
        outside.asks("split", secret, text=SECRET, at=1),
    ):
        assert (answer.status_code, answer.text) == (409, unknown.text), "as if there was no such line"
    assert outside.asks("merge", third, above=first).status_code == 403, "over what is closed"
    assert len(entries(server, LeafKind.CORRECTION)) == before
    assert outside.asks("text", third, text="открытая правка").status_code == 200
    assert outside.texts() == [LINES[0], "открытая правка"]


def test_whoever_is_overtaken_is_not_told_what_he_may_not_read(server: Server) -> None:
    """The line that the second line was before its correction stands in a closed part now."""
    outside = Person(server, address=ELSEWHERE)
    inside = Person(server)
    machine = str(int(inside.lines()[0]["id"]) + 1)
    answer = outside.asks("text", machine, text="догадка")
    assert (answer.status_code, answer.text) == (409, outside.asks("text", "999", text="догадка").text)
    told = inside.asks("text", machine, text="догадка")
    assert (told.status_code, SECRET in told.text) == (409, True)


def test_what_would_reach_into_a_closed_part_is_not_undone(server: Server) -> None:
    """A line was split, and the second part closed."""
    inside, outside = Person(server), Person(server, address=ELSEWHERE)
    inside.does("split", 0, text=LINES[0], at=2)
    server.order(HEARING, Openness.CLOSED, 71_750, 73_000)
    first = outside.lines()[0]
    assert first["text"] == "слушается дело"
    answer = outside.asks("undo", first["id"])
    assert answer.status_code == 403
    assert "взыскании" not in answer.text
    assert inside.asks("undo", first["id"]).status_code == 200


def test_a_correction_needs_the_forms_token(server: Server) -> None:
    secretary = Person(server)
    line = secretary.lines()[0]["id"]
    form = {"deed": "text", "line": line, "key": "ab" * 16, "text": "подделка"}
    assert secretary.browser.post(f"{PAGE}/corrections", data=form).status_code == 403
    assert secretary.texts()[0] == LINES[0]


def test_a_search_that_shows_lines_is_journalled_once(server: Server) -> None:
    judge = Person(server, UserRole.JUDGE)
    assert judge.finds("нетслова") == []
    assert [one["object"] for one in entries(server, LeafKind.ACCESS)].count("search") == 0
    for _ in range(2):
        judge.finds("слушается")
    told = [one for one in entries(server, LeafKind.ACCESS) if one["object"] == "search"]
    assert [(one["actor"], one["action"]) for one in told] == [("judge", "read")]
    assert "слушается" not in json.dumps(told, ensure_ascii=False)


def entries(server: Server, kind: LeafKind) -> list[dict[str, str]]:
    with server.context.database.read() as work:
        return [dict(parse(entry).body) for entry in work.acts.entries(HEARING, kind)]
