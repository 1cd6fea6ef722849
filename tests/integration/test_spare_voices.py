"""Who is heard on a spare recording is one of those whom the first one heard, and bears the same name."""

import re
from datetime import UTC
from pathlib import Path

import pytest

from api.access import Place
from api.caller import Caller
from api.voices import name_voice, voices
from court.people import UserRole
from protocol.gather import gather
from storage.db.unit_of_work import Database
from tests.factories.prints import MICROPHONE, PEOPLE, hear, say, share_microphone
from tests.factories.server import Server, make_server
from tests.factories.spare_hearing import LATER, WRONG, SpareHearing, two_recordings
from transcribe.voices import shared

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

SECRETARY = Caller(0, "s", "S", UserRole.SECRETARY, session_id=0, csrf="", address="", place=Place.ON_SITE)
LIVED, AFTER = 4.0, 20.0
"""Seconds of the first's timeline before it died, of the spare's after that."""


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def both(server: Server, tmp_path: Path) -> SpareHearing:
    """The second person spoke while the first node lived; then the second and the third, heard by the spare alone."""
    made = two_recordings(server, tmp_path)
    share_microphone(server, made.first)
    say(server, 0, [1, 2], recording=made.first, start=LIVED)
    say(server, 1, [2, 3], recording=made.spare, start=AFTER)
    return made


def label_of(server: Server, both: SpareHearing, number: int) -> str:
    with server.context.database.read() as work:
        return next(one.labels[0] for one in work.voices.speakers(both.first) if one.number == number)


def spoken(server: Server, both: SpareHearing) -> list[tuple[str, str]]:
    """Who says which word, as the page has it."""
    page = server.user(UserRole.SECRETARY).get(f"/hearings/{both.first}/transcript").text
    return re.findall(r'<span class="role">([^<]*)</span>\s*<p[^>]*>.*?>(слово\d+)<', page, flags=re.DOTALL)


def test_the_spare_s_microphone_is_shared_by_whom_the_hearing_s_card_names(server: Server, both: SpareHearing) -> None:
    with server.context.database.read() as work:
        spare = work.hearings.get(both.spare)
        assert spare is not None
        assert not spare.card.get("participants")
        assert shared(work, spare) == {MICROPHONE: len(PEOPLE)}


def test_one_person_has_one_number_on_both_recordings(server: Server, both: SpareHearing) -> None:
    assert spoken(server, both) == [
        ("Судья, голос 1", "слово1"),
        ("Судья, голос 2", "слово2"),
        ("Судья, голос 2", "слово2"),
        ("Судья, голос 3", "слово3"),
    ]


def test_names_follow_to_the_spare_recording_and_from_it(server: Server, both: SpareHearing) -> None:
    name_voice(server.context, SECRETARY, both.first, label_of(server, both, 2), PEOPLE[1])
    name_voice(server.context, SECRETARY, both.first, label_of(server, both, 3), PEOPLE[2])
    hear(server, 2, [3], recording=both.spare, start=AFTER + 10)
    named = [f"Судья, {PEOPLE[1]}", f"Судья, {PEOPLE[1]}", f"Судья, {PEOPLE[2]}"]
    assert [who for who, _ in spoken(server, both)][1:] == named
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        told = [(one.speaker, one.voice) for one in gather(work, hearing, UTC).utterances]
        people = [(one.number, one.name) for one in work.voices.speakers(both.first)]
    assert told == [("", 1), (PEOPLE[1], 2), (PEOPLE[1], 2), (PEOPLE[2], 3)]
    assert people == [(1, ""), (2, PEOPLE[1]), (3, PEOPLE[2])], "what came later is one of them"


def test_where_a_voice_is_first_heard_is_said_in_the_hearing_s_time(server: Server, both: SpareHearing) -> None:
    with server.context.database.read() as work:
        hearing = work.hearings.get(both.first)
        assert hearing is not None
        found = {one.number: one.at for one in voices(work, hearing)}
    assert found[1] == pytest.approx(LIVED + 4)
    assert found[3] == pytest.approx(AFTER + 8 + LATER, abs=WRONG + 0.2)
