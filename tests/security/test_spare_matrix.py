"""A spare recording is no second way to what is closed: every route, under both ids, every role, every place."""

from itertools import product
from pathlib import Path

import pytest

from court.openness import Openness
from court.people import UserRole
from hardware.boxes import fragments
from storage.db.models import NoteRow, Utterance
from storage.db.unit_of_work import Database
from tests.factories.server import ELSEWHERE, ON_SITE, Server, make_server
from tests.factories.spare_hearing import END, LATER, LOST, SpareHearing, two_recordings
from tests.security.test_closed_matrix import get_routes

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

SPOKEN, NOTED = "тайна усыновления", "закрытая заметка"
MOMENT = 28.0  # seconds of the hearing: only the spare node recorded it
PLAYED = "/media/{hearing_id}/spare/{spare_id}/{track}/{sequence}-{start}.mp4"
TOLD = {
    "/api/hearings/{hearing_id}/transcript", "/api/hearings/{hearing_id}/timeline",
    "/hearings/{hearing_id}", "/hearings/{hearing_id}/transcript",
}  # fmt: skip


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def both(server: Server, tmp_path: Path) -> SpareHearing:
    made, at = two_recordings(server, tmp_path), MOMENT - LATER
    server.transcribe([
        Utterance(
            hearing_id=made.spare, sequence=1, track="mic-judge", role="judge", start_ms=round(at * 1000),
            end_ms=round(at * 1000) + 500, text=SPOKEN, words=[], language="ru", flags=[], engine="e", model="m",
            parameters_key="ab" * 32, segment_sha256="0" * 64, position=0,
        )
    ])  # fmt: skip
    with server.context.database.begin() as work:
        note = NoteRow(hearing_id=made.spare, at_sample=round(at * 48_000), template="free", text=NOTED, leaf_index=0)
        work.hearings.add(note)
    return made


def leaks(server: Server, both: SpareHearing, role: UserRole, place: str, granted: bool) -> set[tuple[str, str]]:
    """Routes, and the id they were asked with, whose answer holds anything of that moment."""
    with server.context.database.read() as work:
        segment = work.hearings.segment(both.spare, "mic-judge", 1)
        assert segment is not None
    content = server.store.read(segment.sha256)
    recorded = next(one for one in fragments(content) if one.tick >= (MOMENT - LATER) * 48_000)
    marks = (SPOKEN.encode(), NOTED.encode(), content[recorded.end - 64 : recorded.end])
    browser = server.user(role, place, granted=[both.first] if granted else [])
    found, asked = set(), set()
    for route, hearing, start in product(get_routes(), (both.first, both.spare), (0, LOST * 48_000)):
        named = {"hearing_id": hearing, "track": "mic-judge", "sequence": 1, "sha256": "0" * 64}
        address = route.format(
            **named, spare_id=both.spare, start=start, number=1, token="a" * 43, kind="vtt", line="1"
        )
        if address not in asked:
            asked.add(address)
            answer = browser.get(address, headers={"Accept": "text/html"})
            if any(mark in answer.content for mark in marks):
                found.add((route, "first" if hearing == both.first else "spare"))
    return found


@pytest.mark.parametrize("which", ["first", "spare"])
def test_closed_on_either_it_goes_nowhere(server: Server, both: SpareHearing, which: str) -> None:
    ordered, later = (both.first, 0.0) if which == "first" else (both.spare, LATER)
    server.order(ordered, Openness.CLOSED, round((MOMENT - 1 - later) * 1000), round((END - later) * 1000))
    assert leaks(server, both, UserRole.PARTY, ON_SITE, granted=False) == set()
    for role in UserRole:
        assert leaks(server, both, role, ELSEWHERE, granted=role is UserRole.PARTY) == set(), role
    assert leaks(server, both, UserRole.ADMIN, ON_SITE, granted=False) == set()
    judge = leaks(server, both, UserRole.JUDGE, ON_SITE, granted=False)
    assert judge == {(route, "first") for route in {*TOLD, PLAYED}}


def test_open_it_is_given_under_the_hearing_alone(server: Server, both: SpareHearing) -> None:
    expected = {(route, "first") for route in {*TOLD, PLAYED}}
    assert leaks(server, both, UserRole.PARTY, ELSEWHERE, granted=False) == set()
    assert leaks(server, both, UserRole.PARTY, ELSEWHERE, granted=True) == expected


def test_a_grant_of_the_spare_recording_opens_nothing(server: Server, both: SpareHearing) -> None:
    party = server.user(UserRole.PARTY, ON_SITE, granted=[both.spare])
    assert party.get(f"/api/hearings/{both.spare}").status_code == 404
    assert party.get(f"/api/hearings/{both.first}").status_code == 403
    assert party.get("/api/hearings").json() == []
