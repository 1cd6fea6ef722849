"""The self-test on the secretary's page, and what the court says of it afterwards."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.errors import Conflict
from api.node_client import NodeClient
from api.verification_notes import self_test_notes
from court.grade import Grade
from court.health import Finding, SelfTest, Symptom
from court.people import UserRole
from storage.db.unit_of_work import Database
from tests.factories.evidence import faults
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.pages import FakeNode, browser, token
from tests.factories.server import Server, make_server

FINDINGS = (
    Finding(Symptom.HUM, Grade.AMBER, "mic-judge", {"level_db": -55}),
    Finding(Symptom.SEEN, Grade.GREEN, "cam-a", {"width": 640, "height": 360}),
)
TESTED = SelfTest("Зал 1", datetime(2026, 11, 2, 3, 50, tzinfo=UTC), FINDINGS)


class TestedNode(FakeNode):
    """Its test is over as soon as it is asked again."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self.running: dict[str, Any] | None = None
        self.last: SelfTest | None = None

    def selftest(self) -> dict[str, Any]:
        tracks = [
            {"track": "mic-judge", "role": "judge", "kind": "audio"},
            {"track": "cam-a", "role": "", "kind": "video"},
        ]
        last = None if self.last is None else self.last.as_fields()
        return {"running": self.running, "tracks": tracks, "trouble": "", "last": last}

    def start_selftest(self) -> dict[str, Any]:
        if self.state == "recording":
            raise Conflict("A hearing is being recorded: its alarms say what is wrong; test before the next.")
        self.running = {"stage": "quiet", "track": "", "share": 0.0, "seconds_left": 9.0}
        return self.selftest()

    def stop_selftest(self) -> dict[str, Any]:
        self.running = None
        return self.selftest()


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing(tested=TESTED))
    return made


@pytest.fixture
def node(server: Server) -> TestedNode:
    fake = TestedNode()
    server.context = dataclasses.replace(server.context, node=fake)  # type: ignore[arg-type] # stands in for the client
    server.app = create_app(server.context)
    return fake


def test_the_secretary_starts_it_and_reads_what_was_found(server: Server, node: TestedNode) -> None:
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new")}
    assert 'hx-get="/selftest"' in secretary.get("/hearings/new").text
    assert "Проверить зал" in secretary.get("/selftest").text
    running = secretary.post("/selftest/start", data=form).text
    assert "<courtrec-selftest" in running
    assert 'data-track="mic-judge"' in running
    assert "cam-a" not in running
    assert "Проверить зал" in secretary.post("/selftest/stop", data=form).text
    node.last = TESTED
    shown = secretary.get("/selftest").text
    assert "Гул электросети, −55 дБ." in shown
    assert "Отведите кабель" in shown
    assert "есть замечания" in shown
    node.state = "recording"
    assert "Идёт запись заседания" in secretary.post("/selftest/start", data=form).text


def test_nobody_else_starts_it_and_no_foreign_page(server: Server, node: TestedNode) -> None:
    judge = browser(server, UserRole.JUDGE)
    assert judge.get("/selftest").status_code == 403
    assert judge.post("/selftest/start", data={"csrf": token(judge)}).status_code == 403
    assert browser(server, UserRole.SECRETARY).post("/selftest/start").status_code == 403
    assert node.running is None


def test_without_a_node_the_page_says_so(server: Server) -> None:
    assert "не подключён" in browser(server, UserRole.SECRETARY).get("/selftest").text


def test_the_hearings_page_and_the_verifier_tell_of_it(server: Server) -> None:
    page = browser(server, UserRole.JUDGE).get(f"/hearings/{HEARING}").text
    assert "Зал проверен перед заседанием" in page
    assert "замечаний: 1" in page
    assert "Гул электросети" in page
    assert [*self_test_notes(server.context)] == [
        f"The node states a self-test of the room at 2026-11-02T03:50:00.000Z, before hearing {HEARING}: "
        "mic-judge hum (amber)."
    ]
    assert faults(server) == []


def test_a_hearing_without_one_says_nothing(database: Database, tmp_path: Path) -> None:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    assert "Зал проверен" not in browser(made, UserRole.JUDGE).get(f"/hearings/{HEARING}").text
    assert [*self_test_notes(made.context)] == []


def with_spare(server: Server, node: object, spare: object) -> None:
    server.context = dataclasses.replace(server.context, node=node, spare=spare)  # type: ignore[arg-type] # stand-ins
    server.app = create_app(server.context)


def test_the_spare_node_is_tested_at_once_and_its_findings_stand_in_the_report(
    server: Server, node: TestedNode
) -> None:
    spare = TestedNode()
    with_spare(server, node, spare)
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new")}
    assert "<courtrec-selftest" in secretary.post("/selftest/start", data=form).text
    assert spare.running is not None
    node.running, node.last = None, dataclasses.replace(TESTED, findings=FINDINGS[1:])
    waiting = secretary.get("/selftest").text
    assert "every 1s" in waiting
    assert "<courtrec-selftest" not in waiting
    clipped = Finding(Symptom.NO_SIGNAL, Grade.RED, "mic-judge", {})
    spare.running, spare.last = None, dataclasses.replace(TESTED, findings=(clipped,))
    report = secretary.get("/selftest").text
    assert "every 1s" not in report
    before, _, after = report.partition("Запасной узел")
    assert "есть неисправности" in before  # the whole card's verdict: the spare's, which is the worse one
    assert "Цифровой ноль" in after
    assert "Цифровой ноль" not in before
    spare.running = node.running = {"stage": "quiet"}
    secretary.post("/selftest/stop", data=form)
    assert spare.running is None


def test_a_spare_node_that_is_away_or_busy_is_told_of_and_the_first_is_tested(server: Server, node: TestedNode) -> None:
    with_spare(server, node, NodeClient("http://127.0.0.1:9", "token"))
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new")}
    assert "<courtrec-selftest" in secretary.post("/selftest/start", data=form).text
    node.running, node.last = None, dataclasses.replace(TESTED, findings=FINDINGS[1:])
    _, _, after = secretary.get("/selftest").text.partition("Запасной узел")
    assert "Узел записи http://127.0.0.1:9 не отвечает" in after
    busy = TestedNode()
    busy.state = "recording"
    with_spare(server, node, busy)
    secretary = browser(server, UserRole.SECRETARY)
    secretary.post("/selftest/start", data={"csrf": token(secretary)})
    assert node.running is not None
    assert busy.running is None


def test_where_the_first_node_is_away_the_spare_leads_through_the_test(server: Server, node: TestedNode) -> None:
    with_spare(server, NodeClient("http://127.0.0.1:9", "token"), node)
    secretary = browser(server, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new")}
    running = secretary.post("/selftest/start", data=form).text
    assert "<courtrec-selftest" in running
    assert 'data-track="mic-judge"' in running
