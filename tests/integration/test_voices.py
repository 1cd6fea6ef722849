"""People at one microphone: told apart over the whole hearing, named once, named ever after."""

import re
from datetime import UTC
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.export import Order, choose
from api.verification import verify
from court.openness import Openness, OpennessSpan
from court.people import UserRole
from protocol.forms import load_form
from protocol.gather import gather
from protocol.wording import Wording
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.prints import PEOPLE, say, share_microphone
from tests.factories.server import ELSEWHERE, Server, make_server
from transcribe.records import utterances_sha256

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    share_microphone(made)
    return made


def spoken(browser: TestClient) -> dict[str, str]:
    """Word → who says it, as the page has it."""
    page = browser.get(f"/hearings/{HEARING}/transcript").text
    found = re.findall(r'<span class="role">([^<]*)</span>\s*<p[^>]*>.*?>(слово\d+)<', page, flags=re.DOTALL)
    return {word: who for who, word in found}


def name(browser: TestClient, number: int, told: str) -> int:
    page = browser.get(f"/hearings/{HEARING}").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    labels = re.findall(r'name="voice" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf": token[1], "voice": labels[number - 1] if labels else "0" * 12, "name": told}
    return browser.post(f"/hearings/{HEARING}/voices", data=form, follow_redirects=False).status_code


def named(server: Server) -> list[dict[str, object]]:
    with server.context.database.read() as uow:
        return [dict(parse(entry).body) for entry in uow.acts.entries(HEARING, LeafKind.VOICE)]


def test_a_voice_is_the_same_person_in_every_window_whatever_the_order(server: Server) -> None:
    for window, people in ((2, [2, 1]), (0, [1]), (1, [2])):
        say(server, window, people)
    with server.context.database.read() as uow:
        rows = uow.voices.of(HEARING)
    assert [(row.sequence, row.voice) for row in rows] == [(0, 1), (1, 2), (2, 2), (2, 1)]


def test_a_name_given_once_holds_for_past_and_future_windows(server: Server) -> None:
    say(server, 0, [1, 2])
    secretary = server.user(UserRole.SECRETARY)
    assert spoken(secretary) == {"слово1": "Судья, голос 1", "слово2": "Судья, голос 2"}
    assert name(secretary, 2, f"  {PEOPLE[1]} ") == 303
    say(server, 1, [2])
    assert spoken(secretary)["слово2"] == f"Судья, {PEOPLE[1]}"
    [told] = named(server)
    assert (told["name"], len(told["voices"])) == (PEOPLE[1], 1)  # type: ignore[arg-type]
    assert name(secretary, 2, PEOPLE[1]) == 303
    assert len(named(server)) == 1, "said before"
    assert [one for one in verify(server.context) if "oice" in one] == []


def test_names_follow_through_another_transcription(server: Server) -> None:
    say(server, 0, [1, 2])
    secretary = server.user(UserRole.SECRETARY)
    assert name(secretary, 1, PEOPLE[0]) == 303
    say(server, 0, [2, 1], run=1)
    assert spoken(secretary) == {"слово2": "Судья, голос 2", "слово1": f"Судья, {PEOPLE[0]}"}


def test_a_name_is_corrected_and_taken_back(server: Server) -> None:
    say(server, 0, [1, 2])
    secretary = server.user(UserRole.SECRETARY)
    name(secretary, 1, "Осанов")
    name(secretary, 1, PEOPLE[0])
    assert spoken(secretary)["слово1"] == f"Судья, {PEOPLE[0]}"
    name(secretary, 1, "")
    assert spoken(secretary)["слово1"] == "Судья, голос 1"
    assert [one["name"] for one in named(server)] == ["Осанов", PEOPLE[0], ""]


def test_the_protocol_tells_the_name(server: Server) -> None:
    say(server, 0, [1, 2])
    name(server.user(UserRole.SECRETARY), 1, PEOPLE[0])
    with server.context.database.read() as uow:
        hearing = uow.hearings.get(HEARING)
        assert hearing is not None
        facts = gather(uow, hearing, UTC)
    assert [(one.speaker, one.voice) for one in facts.utterances] == [(PEOPLE[0], 1), ("", 2)]
    words = Wording(facts, load_form("civil_brief", "ru"))
    assert [words.speaker(one) for one in facts.utterances] == [
        f"Председательствующий, {PEOPLE[0]}",
        "Председательствующий, голос 2",
    ]


def test_only_the_secretary_names_and_only_what_is_there(server: Server) -> None:
    say(server, 0, [1])
    assert name(server.user(UserRole.JUDGE), 1, "Некто") == 403
    party = server.user(UserRole.PARTY, ELSEWHERE, granted=[HEARING])
    assert name(party, 1, "Некто") == 403
    assert 'name="voice"' not in party.get(f"/hearings/{HEARING}").text
    secretary = server.user(UserRole.SECRETARY)
    assert name(secretary, 1, "и" * 201) == 422
    assert named(server) == []


def test_who_was_named_stays_in_the_court_where_part_was_closed(server: Server) -> None:
    say(server, 0, [1])
    name(server.user(UserRole.SECRETARY), 1, PEOPLE[0])
    with server.context.database.read() as uow:
        leaves = {row.index: parse(row.entry) for row in uow.log.entries(HEARING)}
    [index] = [at for at, leaf in leaves.items() if leaf.kind is LeafKind.VOICE]
    order = Order("a", "judge", "b", "c", journal=True)
    court = server.context.server_keys.key_ids
    assert index not in {one.index for one in choose(leaves, order, court, []).withheld}
    closed = [OpennessSpan(1.0, 2.0, Openness.CLOSED)]
    assert index in {one.index for one in choose(leaves, order, court, closed).withheld}


def test_the_hash_covers_the_voice_and_what_was_hashed_before_there_were_any(server: Server) -> None:
    row = Utterance(
        **dict.fromkeys(("track", "role", "text", "language", "segment_sha256", "parameters_key"), "x"),
        **dict.fromkeys(("start_ms", "end_ms", "position"), 1),
        words=[],
        flags=[],
        voice="",
    )
    without = utterances_sha256([row])
    assert without == "8d9fa5b6cdb83743b1b38debd40e6b541dbd66b52d155a20099b1da445a0643f"
    row.voice = "0123456789ab"
    assert utterances_sha256([row]) != without
