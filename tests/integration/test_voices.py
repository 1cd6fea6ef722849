"""People at one microphone: told apart over the whole hearing, named once, named ever after, forgotten with it."""

import re
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.export import Order, choose
from api.verification import verify
from court.openness import Openness, OpennessSpan
from court.people import UserRole
from protocol.forms import load_form
from protocol.gather import gather
from protocol.wording import Wording
from storage.db.models import Utterance, VoicePrint
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import ELSEWHERE, Server, make_server
from transcribe.diarise.embedding import Vector, unit
from transcribe.diarise.shared import Voice
from transcribe.records import rows_of, utterances_sha256
from transcribe.speech import Utterance as Said
from transcribe.speech import Word
from transcribe.voices import heard, keep

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MICROPHONE = "mic-judge"
PEOPLE = ("Асанов А. А.", "Бекова Б. Б.")


class Engine:
    name, model_sha256 = "test", "ab" * 32

    def __init__(self, run: int) -> None:
        self.parameters = {"run": run}


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    with database.begin() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        people = [{"role": "witness", "name": name, "present": True, "note": ""} for name in PEOPLE]
        hearing.card = {**hearing.card, "participants": people}
    return made


def voice(person: int, number: int, seed: int) -> Voice:
    aside = np.random.default_rng([person, seed]).standard_normal(256)
    vector: Vector = unit(np.asarray(np.eye(256)[person] + 0.4 * aside / np.linalg.norm(aside), np.float32))
    return Voice(MICROPHONE, number, vector, 4.0)


def transcribe(server: Server, window: int, people: list[int], run: int = 0) -> None:
    """Each of the people says a word in the window, the first one first; `run` tells transcriptions apart."""
    voices = [voice(person, number, 10 * run + window) for number, person in enumerate(people, 1)]
    said = [
        Said(
            MICROPHONE,
            "judge",
            start,
            start + 4,
            f"слово{one}",
            (Word(f"слово{one}", start, start + 1, 0.9),),
            (),
            "ru",
            voice=at,
        )
        for at, one in enumerate(people, 1)
        for start in [100.0 * window + 10 * at]
    ]
    engine = Engine(run)
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        kept = heard(voices, said)
        keep(work, hearing, window, kept, "cd" * 32)
        labels = {one.place: one.voice.label for one in kept}
        segments = {MICROPHONE: f"{window:064x}"}
        rows = rows_of(HEARING, window, said, engine=engine, segments=segments, voices=labels)  # type: ignore[arg-type]
    server.transcribe(rows)


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
        transcribe(server, window, people)
    with server.context.database.read() as uow:
        rows = uow.voices.of(HEARING)
    assert [(row.sequence, row.voice) for row in rows] == [(0, 1), (1, 2), (2, 2), (2, 1)]


def test_a_name_given_once_holds_for_past_and_future_windows(server: Server) -> None:
    transcribe(server, 0, [1, 2])
    secretary = server.user(UserRole.SECRETARY)
    assert spoken(secretary) == {"слово1": "Судья, голос 1", "слово2": "Судья, голос 2"}
    assert name(secretary, 2, f"  {PEOPLE[1]} ") == 303
    transcribe(server, 1, [2])
    assert spoken(secretary)["слово2"] == f"Судья, {PEOPLE[1]}"
    [told] = named(server)
    assert (told["name"], len(told["voices"])) == (PEOPLE[1], 1)  # type: ignore[arg-type]
    assert name(secretary, 2, PEOPLE[1]) == 303
    assert len(named(server)) == 1, "said before"
    assert [one for one in verify(server.context) if "oice" in one] == []


def test_names_follow_through_another_transcription(server: Server) -> None:
    transcribe(server, 0, [1, 2])
    secretary = server.user(UserRole.SECRETARY)
    assert name(secretary, 1, PEOPLE[0]) == 303
    transcribe(server, 0, [2, 1], run=1)
    assert spoken(secretary) == {"слово2": "Судья, голос 2", "слово1": f"Судья, {PEOPLE[0]}"}


def test_a_name_is_corrected_and_taken_back(server: Server) -> None:
    transcribe(server, 0, [1, 2])
    secretary = server.user(UserRole.SECRETARY)
    name(secretary, 1, "Осанов")
    name(secretary, 1, PEOPLE[0])
    assert spoken(secretary)["слово1"] == f"Судья, {PEOPLE[0]}"
    name(secretary, 1, "")
    assert spoken(secretary)["слово1"] == "Судья, голос 1"
    assert [one["name"] for one in named(server)] == ["Осанов", PEOPLE[0], ""]


def test_the_protocol_tells_the_name(server: Server) -> None:
    transcribe(server, 0, [1, 2])
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
    transcribe(server, 0, [1])
    assert name(server.user(UserRole.JUDGE), 1, "Некто") == 403
    party = server.user(UserRole.PARTY, ELSEWHERE, granted=[HEARING])
    assert name(party, 1, "Некто") == 403
    assert 'name="voice"' not in party.get(f"/hearings/{HEARING}").text
    secretary = server.user(UserRole.SECRETARY)
    assert name(secretary, 1, "и" * 201) == 422
    assert named(server) == []


def test_prints_are_in_their_table_alone_and_are_forgotten(server: Server) -> None:
    transcribe(server, 0, [1, 2])
    name(server.user(UserRole.SECRETARY), 1, PEOPLE[0])
    with server.context.database.begin() as uow:
        prints = [row.vector for row in uow.session.query(VoicePrint)]
        entries = b"".join(row.entry for row in uow.log.entries(HEARING))
        assert all(one is not None and one not in entries and one.hex().encode() not in entries for one in prints)
        uow.voices.forget(HEARING)
    with server.context.database.read() as uow:
        assert [row.vector for row in uow.session.query(VoicePrint)] == [None, None]
    assert spoken(server.user(UserRole.SECRETARY))["слово1"] == f"Судья, {PEOPLE[0]}", "the transcript stays as it was"


def test_who_was_named_stays_in_the_court_where_part_was_closed(server: Server) -> None:
    transcribe(server, 0, [1])
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
