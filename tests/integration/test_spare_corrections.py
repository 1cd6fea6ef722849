"""What only the spare node heard is corrected as anything else is, under the recording whose line it is."""

from pathlib import Path

import pytest

from court.openness import Openness
from court.people import UserRole
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.corrections import HTML, Person
from tests.factories.server import ELSEWHERE, Server, make_server
from tests.factories.spare_hearing import END, LATER, SpareHearing, two_recordings

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HEARD, MOMENT = "суд удоляется", 28.0
"""In seconds of the hearing; the first node was dead by then."""


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def both(server: Server, tmp_path: Path) -> SpareHearing:
    made, start = two_recordings(server, tmp_path), round((MOMENT - LATER) * 1000)
    server.transcribe([
        Utterance(
            hearing_id=made.spare, sequence=1, track="mic-judge", role="judge", start_ms=start, end_ms=start + 500,
            text=HEARD, words=[], language="ru", flags=[], engine="e", model="m", parameters_key="ab" * 32,
            segment_sha256="0" * 64, position=0,
        )
    ])  # fmt: skip
    return made


def stated(server: Server, recording: str) -> int:
    with server.context.database.read() as work:
        return len(work.acts.entries(recording, LeafKind.CORRECTION))


def test_a_line_of_the_spare_recording_is_corrected(server: Server, both: SpareHearing) -> None:
    secretary = Person(server, page=f"/hearings/{both.first}")
    secretary.does("text", 0, text="Суд удаляется")
    assert secretary.texts() == ["Суд удаляется"]
    assert (stated(server, both.first), stated(server, both.spare)) == (0, 1)
    assert secretary.finds("удаляется", both.first) == ["Суд удаляется"]
    secretary.does("undo", 0)
    assert secretary.texts() == [HEARD]


def test_closed_on_the_hearing_it_is_not_there_to_be_corrected(server: Server, both: SpareHearing) -> None:
    line = Person(server, page=f"/hearings/{both.first}").lines()[0]["id"]
    server.order(both.first, Openness.CLOSED, round((MOMENT - 1) * 1000), round(END * 1000))
    outside = Person(server, UserRole.SECRETARY, ELSEWHERE, page=f"/hearings/{both.first}")
    refused = outside.asks("text", line, text="что-то")
    assert refused.status_code == 409
    assert HEARD not in refused.text
    under_its_own_id = outside.browser.post(
        f"/hearings/{both.spare}/corrections", data={"line": line, "csrf": outside.csrf}, headers=HTML
    )
    assert under_its_own_id.status_code in (404, 422)
    assert stated(server, both.spare) == 0
