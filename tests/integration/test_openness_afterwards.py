"""After the hearing the judge orders that a part of it was closed: from then on it is closed for every route."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.verification import verify
from court.people import UserRole
from storage.db.models import OpennessRow
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, Server, make_server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SEGMENT = f"/media/{HEARING}/mic-judge/1.mp4"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    return made


def order(browser: TestClient, start: str, end: str) -> int:
    page = browser.get(f"/hearings/{HEARING}").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf": token[1], "start": start, "end": end}
    return browser.post(f"/hearings/{HEARING}/close-part", data=form, follow_redirects=False).status_code


def entries(server: Server, kind: LeafKind) -> list[dict[str, object]]:
    with server.context.database.read() as uow:
        leaves = [parse(row.entry) for row in uow.log.entries(HEARING)]
    return [dict(leaf.body) for leaf in leaves if leaf.kind is kind]


def test_what_the_judge_closes_is_closed_at_once_and_stays_provable(server: Server) -> None:
    party = server.user(UserRole.PARTY, ELSEWHERE, granted=[HEARING])
    assert party.get(SEGMENT).status_code == 200
    judge = server.user(UserRole.JUDGE)
    before = len(entries(server, LeafKind.OPENNESS))
    assert order(judge, "1:12", "1:15") == 303
    assert order(judge, "00:01:12", "00:01:15") == 303  # a second click, or person
    assert len(entries(server, LeafKind.OPENNESS)) == before + 1
    told = entries(server, LeafKind.OPENNESS)[-1]
    assert (told["start_ms"], told["end_ms"], told["openness"]) == (72_000, 75_000, "closed")
    with server.context.database.read() as uow:
        assert [row.ordered_by for row in uow.session.query(OpennessRow)][-1] == told["by"]
    assert [one["action"] for one in entries(server, LeafKind.ACCESS)].count("order_openness") == 1
    assert party.get(SEGMENT).status_code == 403
    assert list(verify(server.context)) == []


def test_only_a_judge_and_only_after_the_end(server: Server) -> None:
    judge = server.user(UserRole.JUDGE)
    for role in (UserRole.SECRETARY, UserRole.PARTY, UserRole.ADMIN):
        other = server.user(role, granted=[HEARING])
        page = other.get("/").text
        assert "close-part" not in other.get(f"/hearings/{HEARING}").text
        form = {"csrf": re.findall(r'name="csrf" value="([^"]+)"', page)[0], "start": "0:00", "end": "0:10"}
        assert other.post(f"/hearings/{HEARING}/close-part", data=form).status_code == 403
    with server.context.database.begin() as uow:
        hearing = uow.hearings.get(HEARING)
        assert hearing is not None
        hearing.state = "recording"
    assert "close-part" not in judge.get(f"/hearings/{HEARING}").text
    form = {"csrf": re.findall(r'name="csrf" value="([^"]+)"', judge.get("/").text)[0], "start": "0:00", "end": "0:10"}
    assert judge.post(f"/hearings/{HEARING}/close-part", data=form).status_code == 409
    assert entries(server, LeafKind.OPENNESS) == []


@pytest.mark.parametrize(
    ("start", "end"), [("0:10", "0:10"), ("0:20", "0:10"), ("0:00", "9:00:00"), ("x", "0:10"), ("0:00", "0:70")]
)
def test_a_part_the_hearing_does_not_have_is_refused(server: Server, start: str, end: str) -> None:
    judge = server.user(UserRole.JUDGE)
    assert order(judge, start, end) == 422
    assert entries(server, LeafKind.OPENNESS) == []
