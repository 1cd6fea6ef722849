"""Closed content never leaves the site: every route, every role, from inside and outside the court."""

import hashlib
from itertools import product
from pathlib import Path

import pytest

from api.app import API_ROUTERS, PAGE_ROUTERS
from court.openness import Openness
from court.people import UserRole
from protocol.model import Field, Heading, Line, ProtocolDocument
from storage.db.models import NoteRow, Protocol, Utterance
from storage.db.unit_of_work import Database, UnitOfWork
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, ON_SITE, Server, make_server

SPOKEN, NOTED, RECORDED = "тайна усыновления", "закрытая заметка", b"mic-judge window 1"
PROTOCOL = b"%PDF protocol of what was said"
MARKS = (SPOKEN.encode(), NOTED.encode(), RECORDED, PROTOCOL)
COPIES = {"/hearings/{hearing_id}/protocol.pdf", "/hearings/{hearing_id}/protocol/text"}
"""The protocol, which quotes what was said, printed and on the page: whoever gets no copy gets neither."""
DOCUMENT = ProtocolDocument(
    form="civil_brief", language="ru", hearing=HEARING, recording="x", closed=False,
    heading=Heading("", "1/26", "", "", "", ""), fields=(Field(1, "x", (Line(SPOKEN, 72.0, "utterance:1"),)),),
    course=(), completeness=(), transcript_note="", transcript=(), technical=(),
)  # fmt: skip
CONTENT = {
    "/api/hearings/{hearing_id}/transcript",
    "/api/hearings/{hearing_id}/timeline",
    "/media/{hearing_id}/{track}/{sequence}.mp4",
    "/hearings/{hearing_id}",
    "/hearings/{hearing_id}/transcript",
}
STREAMS = {"/live/levels", "/live/text/{hearing_id}", "/live/protocol/{hearing_id}"}  # test_live_text.py; numbers alone


pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    made.transcribe([
        Utterance(
            hearing_id=HEARING, sequence=1, track="mic-judge", role="judge", start_ms=71_000, end_ms=73_000,
            text=SPOKEN, words=[], language="ru", flags=[], engine="e", model="m", parameters_key="ab" * 32,
            segment_sha256="0" * 64, position=0,
        )
    ])  # fmt: skip
    with database.begin() as work:
        work.hearings.add(NoteRow(hearing_id=HEARING, at_sample=72 * 48_000, template="free", text=NOTED, leaf_index=0))
        _add_protocol(made, work)
    return made


def _add_protocol(server: Server, work: UnitOfWork) -> None:
    now = server.clock.utc
    digest = hashlib.sha256(PROTOCOL).hexdigest()
    work.log.add_object(server.store.put(digest, PROTOCOL, len(PROTOCOL), now), now, now)
    work.protocols.add(
        Protocol(
            hearing_id=HEARING, revision=1, state="signed", sha256=digest, size=len(PROTOCOL), file_name="p.pdf",
            document=DOCUMENT.as_json(), leaf_index=0, created_at=now, signed_at=now, signer="Secretary",
        )
    )  # fmt: skip


def get_routes() -> list[str]:
    return sorted({
        str(getattr(route, "path", ""))
        for router in (*API_ROUTERS, *PAGE_ROUTERS)
        for route in router.routes
        if "GET" in getattr(route, "methods", ())
    } - STREAMS)  # fmt: skip


def address(route: str) -> str:
    named = {"hearing_id": HEARING, "track": "mic-judge", "sequence": 1, "sha256": "0" * 64, "number": 1}
    named |= {"token": "a" * 43, "kind": "vtt", "line": "1"}
    return route.format(**named, spare_id=HEARING, start=0)  # test_spare_matrix.py has a spare recording


def leaks(server: Server, role: UserRole, place: str, granted: bool) -> set[str]:
    """Routes whose answer holds any of the closed content."""
    browser = server.user(role, place, granted=[HEARING] if granted else [])
    found = set()
    for route in get_routes():
        answers = [browser.get(address(route), headers={"Accept": "text/html"})]
        if answers[0].headers.get("content-type", "").startswith("text/html") and not answers[0].is_success:
            # How a failure is told, and nothing else, is as the visitor accepts it (api.failures).
            answers.append(browser.get(address(route), headers={"Accept": "application/json"}))
        if any(mark in answer.content for answer in answers for mark in MARKS):
            found.add(route)
    return found


@pytest.mark.parametrize(("start_ms", "end_ms"), [(0, None), (72_500, 72_600), (60_000, 75_000)])
def test_from_outside_nobody_gets_anything_closed(server: Server, start_ms: int, end_ms: int | None) -> None:
    if start_ms == 72_500:  # the note is not inside that span, the utterance and the segment overlap it
        with server.context.database.begin() as work:
            work.session.query(NoteRow).filter(NoteRow.text == NOTED).delete()
    server.order(HEARING, Openness.CLOSED, start_ms, end_ms)
    for role, granted in product(UserRole, (False, True)):
        assert leaks(server, role, ELSEWHERE, granted) == set(), (role, granted)
    nobody = server.client(ON_SITE)
    for route in get_routes():
        assert not any(mark in nobody.get(address(route)).content for mark in MARKS), route


def test_at_the_court_whoever_may_gets_it_and_the_others_do_not(server: Server) -> None:
    server.order(HEARING, Openness.CLOSED)
    assert leaks(server, UserRole.ADMIN, ON_SITE, granted=False) == set()
    assert leaks(server, UserRole.PARTY, ON_SITE, granted=False) == set()
    for role in (UserRole.SECRETARY, UserRole.JUDGE):
        assert leaks(server, role, ON_SITE, granted=False) >= CONTENT | COPIES
    party = leaks(server, UserRole.PARTY, ON_SITE, granted=True)
    assert party >= CONTENT
    assert not COPIES & party  # acquainted at the court, but no copy


def test_open_content_is_given_outside_to_those_it_is_meant_for(server: Server) -> None:
    assert leaks(server, UserRole.PARTY, ELSEWHERE, granted=False) == set()
    assert leaks(server, UserRole.ADMIN, ELSEWHERE, granted=False) == set()
    assert leaks(server, UserRole.JUDGE, ELSEWHERE, granted=False) >= CONTENT | COPIES
    assert leaks(server, UserRole.PARTY, ELSEWHERE, granted=True) >= CONTENT | COPIES


def test_an_order_takes_effect_at_once_even_for_what_was_just_watched(server: Server) -> None:
    judge = server.user(UserRole.JUDGE, ELSEWHERE)
    path = f"/media/{HEARING}/mic-judge/1.mp4"
    tag = judge.get(path).headers["etag"]
    server.order(HEARING, Openness.CLOSED)
    assert judge.get(path, headers={"If-None-Match": tag}).status_code == 403
    server.order(HEARING, Openness.OPEN)
    assert judge.get(path).status_code == 200
