"""The pages on which the secretary begins, leads and ends a recording."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.node_client import NodeClient
from court.people import UserRole
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.pages import NEW, FakeNode, browser, token, with_hearing, with_node
from tests.factories.server import Server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return with_hearing(database, tmp_path)


@pytest.fixture
def node(server: Server) -> FakeNode:
    return with_node(server)


def test_what_is_wrong_with_the_node_is_told_in_the_readers_language(server: Server, node: FakeNode) -> None:
    node.state = "recording"
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary), "case_number": "1/26"}
    assert "Узел записи не может сделать этого сейчас." in secretary.post("/hearings", data=form).text
    node.state = "ended"
    refused = secretary.post(f"/hearings/{HEARING}/pause", data={"csrf": form["csrf"]}).text
    assert "Узел записи не записывает это заседание." in refused
    server.context = dataclasses.replace(server.context, node=NodeClient("http://127.0.0.1:9", "token"))
    server.app = create_app(server.context)
    secretary = browser(server, UserRole.SECRETARY)
    for address in ("/hearings/new", "/selftest", f"/hearings/{HEARING}/node"):
        page = secretary.get(address).text
        assert "Узел записи http://127.0.0.1:9 не отвечает" in page, address
        assert "does not answer" not in page, address


def test_the_secretary_starts_leads_and_ends_a_hearing(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    form: dict[str, Any] = {
        "csrf": token(secretary, "/hearings/new"),
        "case_number": "ГД 4405/24-Б2",
        "language": "ru",
        "procedure": "criminal",
        "participant_role": ["claimant", "witness"],
        "participant_name": ["Садыкова А. М.", ""],
        "participant_present": ["no", "yes"],
        "participant_note": ["", ""],
    }
    started = secretary.post("/hearings", data=form)
    assert (started.status_code, started.headers["location"]) == (303, f"/hearings/{NEW}/console")
    assert node.told[0]["participants"] == [
        {"role": "claimant", "name": "Садыкова А. М.", "present": False, "note": ""}
    ]
    assert node.told[0]["procedure"] == "criminal"
    waiting = secretary.get(f"/hearings/{NEW}/console")
    assert "Запись началась" in waiting.text
    assert f'hx-post="/hearings/{NEW}/pause"' in waiting.text
    assert secretary.get("/hearings/new").headers["location"] == f"/hearings/{NEW}/console"
    server.receive(made_hearing(NEW))
    assert "Идёт запись" in secretary.get(f"/hearings/{NEW}/console").text
    secretary.headers["X-CSRF-Token"] = form["csrf"]
    assert "Продолжить запись" in secretary.post(f"/hearings/{NEW}/pause").text
    noted = secretary.post(f"/hearings/{NEW}/note", data={"template": "motion", "text": "о приобщении"})
    assert "о приобщении" in noted.text
    assert secretary.post(f"/hearings/{NEW}/note", data={"text": "  "}).status_code == 422, "a note that says nothing"
    ended = secretary.post(f"/hearings/{NEW}/stop").text
    assert "Завершено" in ended
    assert node.told[1:] == ["pause", ("motion", "о приобщении"), "stop"]
    assert secretary.post(f"/hearings/{NEW}/pause").status_code == 409
    assert secretary.post(f"/hearings/{HEARING}/pause").status_code == 409, "that one is not being recorded"
    assert secretary.get("/hearings/new").status_code == 200


def test_a_hearing_the_server_does_not_know_yet_is_led_all_the_same(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    secretary.headers["X-CSRF-Token"] = token(secretary)
    node.hearing, node.state = NEW, "recording"
    for part in ("console", "state", "node"):
        assert secretary.get(f"/hearings/{NEW}/{part}").status_code == 200, part
    assert secretary.get(f"/hearings/{NEW}/notes").status_code == 204
    assert "mic-judge" in secretary.get(f"/hearings/{NEW}/console").text
    noted = secretary.post(f"/hearings/{NEW}/note", data={"template": "motion", "text": "о приобщении"})
    assert "о приобщении" in noted.text
    assert "Продолжить запись" in secretary.post(f"/hearings/{NEW}/pause").text
    assert secretary.post(f"/hearings/{NEW}/stop").status_code == 200
    assert node.told == [("motion", "о приобщении"), "pause", "stop"]
    other = NEW[:-1] + "8"
    assert secretary.get(f"/hearings/{other}/console").status_code == 404
    assert secretary.post(f"/hearings/{other}/pause").status_code == 409
    assert browser(server, UserRole.JUDGE).post(f"/hearings/{NEW}/pause").status_code == 403


def test_the_journal_names_the_steps_that_were_taken(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    secretary.headers["X-CSRF-Token"] = token(secretary)
    server.receive(made_hearing(NEW))
    node.hearing, node.state = NEW, "recording"
    assert secretary.post(f"/hearings/{NEW}/stop").status_code == 200
    assert secretary.post(f"/hearings/{NEW}/pause").status_code == 409  # the node refuses: it has ended
    with server.context.database.read() as work:
        leaves = [parse(one.entry) for one in work.log.entries(NEW)]
    steps = [leaf.body["object"] for leaf in leaves if leaf.kind is LeafKind.ACCESS]
    assert steps == ["stop"]


def test_what_the_card_cannot_be_comes_back_in_the_form(server: Server, node: FakeNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new"), "case_number": " ", "court": "Первомайский суд"}
    refused = secretary.post("/hearings", data=form)
    assert refused.status_code == 422
    assert "Номер дела пуст" in refused.text
    assert "Первомайский суд" in refused.text
    assert node.told == []


def test_only_a_secretary_leads_a_recording(server: Server, node: FakeNode) -> None:
    for role in (UserRole.JUDGE, UserRole.PARTY, UserRole.ADMIN):
        assert browser(server, role).get(f"/hearings/{HEARING}/console").status_code == 403
        assert browser(server, role).get("/hearings/new").status_code == 403
    assert node.told == []


def test_without_a_node_the_form_says_so(server: Server) -> None:
    page = browser(server, UserRole.SECRETARY).get("/hearings/new")
    assert "не подключён узел записи" in page.text
