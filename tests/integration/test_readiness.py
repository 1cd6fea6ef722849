"""Signing waits until every second is recorded, declared or a named fault; the judge decides on a full protocol."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from api.cli import completeness
from api.context import Context
from api.routes import protocol_pages
from api.verification import verify
from api.write_off import write_off
from court.people import UserRole
from protocol.context import ProtocolContext
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import ProtocolError
from protocol.readiness import OutOfDate
from protocol.tasks import render_protocol, sign_protocol
from storage.db.models import Protocol
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.queue import DRAFT_PROTOCOL
from tests.factories.drafts import draw_up
from tests.factories.evidence import protocols_of
from tests.factories.hearing_log import HEARING, HearingLog, made_hearing
from tests.factories.pages import browser, token
from tests.factories.server import Server, batch, make_server, node_entries
from tests.integration.test_api_late_objects import objects_of, put

PAGE = f"/hearings/{HEARING}"
WHY = "the node's disk is dead"
AWAITED = "записано, но ещё не поступило в суд"
NEVER_SAID = "записи нет, и причина не известна"


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return make_server(database, tmp_path)


@pytest.fixture
def protocols(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProtocolContext:
    made = protocols_of(server, tmp_path)
    make_demo_pkcs12(made.signer.pkcs12, "Айжамал", server.clock)

    def given(_context: Context) -> ProtocolContext:
        return made

    monkeypatch.setattr(protocol_pages, "protocol_context", given)
    return made


def windows_done(server: Server) -> None:
    with server.context.database.begin() as work:
        for one in work.windows.of(HEARING):
            work.windows.done(HEARING, one.sequence)


def awaiting(server: Server) -> HearingLog:
    """All sound and every leaf has arrived, and none of the pictures."""
    log = made_hearing()
    put(server, objects_of(log, "mic-judge"))
    assert server.node().post("/api/ingest/leaves", json=batch(node_entries(log))).status_code == 200
    windows_done(server)
    return log


def with_hole(server: Server) -> None:
    """Nothing was ever stated of the camera's last ten seconds."""
    server.receive(made_hearing(skip=("cam-hall", 2)))
    windows_done(server)


def latest(server: Server) -> Protocol:
    with server.context.database.read() as work:
        found = work.protocols.latest(HEARING)
        assert found is not None
        return found


def posts(server: Server, role: UserRole, what: str, **form: str) -> Any:
    person = browser(server, role)
    return person.post(f"{PAGE}/protocol/{what}", data={"csrf": token(person), **form})


def panel(server: Server, role: UserRole = UserRole.SECRETARY) -> str:
    return browser(server, role).get(f"{PAGE}/protocol").text


def test_what_is_awaited_keeps_it_from_being_signed_until_it_is_here(
    server: Server, protocols: ProtocolContext
) -> None:
    log = awaiting(server)
    draw_up(protocols, HEARING)
    shown = panel(server)
    assert (AWAITED in shown, "/protocol/sign" in shown) == (True, False)
    assert "Камера hall" in shown
    refused = posts(server, UserRole.SECRETARY, "sign")
    assert (refused.status_code, "поэтому ничего не подписано" in refused.text) == (409, True)
    assert latest(server).state == "draft"
    put(server, objects_of(log, "cam-hall"))
    assert (AWAITED in panel(server), "/protocol/sign" in panel(server)) == (False, True)
    assert posts(server, UserRole.SECRETARY, "sign").status_code == 200
    assert latest(server).state == "signed"


def test_what_nothing_explains_is_named_by_an_administrator_and_then_told(
    server: Server, protocols: ProtocolContext
) -> None:
    with_hole(server)
    draw_up(protocols, HEARING)
    shown = panel(server)
    assert (NEVER_SAID in shown, "00:01:20–00:01:30" in shown) == (True, True)
    with pytest.raises(ProtocolError, match="Not every second"):
        sign_protocol(protocols, HEARING, "secretary")
    assert write_off(server.context, HEARING, "admin.b", WHY) == ["cam-hall 00:01:20–00:01:30"]
    assert NEVER_SAID not in panel(server)
    with server.context.database.read() as work:
        offered = work.outbox.newest(DRAFT_PROTOCOL)
        assert offered is not None
        assert offered.created_at == server.clock.utc
    with pytest.raises(OutOfDate, match="look at it, then sign"):
        sign_protocol(protocols, HEARING, "secretary")
    draw_up(protocols, HEARING)
    signed = sign_protocol(protocols, HEARING, "secretary")
    assert any(f"Признано утраченным (admin.b: {WHY})" in one["text"] for one in signed.document["completeness"])
    assert any("neither recorded nor declared" in one for one in verify(server.context, HEARING)), "it is still a hole"


def test_a_draft_that_tells_of_another_completeness_is_drawn_up_anew_before_it_is_signed(
    server: Server, protocols: ProtocolContext
) -> None:
    awaiting(server)
    draw_up(protocols, HEARING)
    write_off(server.context, HEARING, "admin.b", WHY)
    server.clock.forward(1)
    refused = posts(server, UserRole.SECRETARY, "sign")
    assert (refused.status_code, "он составляется заново" in refused.text) == (409, True)
    with server.context.database.read() as work:
        offered = work.outbox.newest(DRAFT_PROTOCOL)
        assert offered is not None
        assert offered.created_at == server.clock.utc
    draw_up(protocols, HEARING)
    assert sign_protocol(protocols, HEARING, "secretary").state == "signed"


def test_the_command_tells_each_stretch_and_whether_it_may_be_signed(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(completeness, "existing_context", lambda _settings: server.context)
    awaiting(server)
    assert completeness.print_completeness(HEARING) == 1
    pause, awaited, _later, last = capsys.readouterr().out.splitlines()
    assert pause == "00:00:10–00:01:10 mic-judge, cam-hall: declared, break"
    assert awaited.startswith("00:00:00–00:00:10 cam-hall: UNSETTLED: recorded, but not here")
    assert last.endswith("settle these stretches first.")


def test_the_judge_alone_decides_on_a_full_protocol_and_the_log_has_it(
    server: Server, protocols: ProtocolContext
) -> None:
    awaiting(server)
    write_off(server.context, HEARING, "admin.b", WHY)
    draw_up(protocols, HEARING)
    shown = panel(server, UserRole.JUDGE)
    assert "Составить полный протокол" in shown
    assert "В записи есть пропуски" in shown
    [values] = re.findall(r'hx-vals="([^"]*)"', shown)
    assert json.loads(html.unescape(values)) == {"full": "True"}
    assert ("Составить полный протокол" in panel(server), "Краткий протокол" in shown) == (False, True)
    assert posts(server, UserRole.SECRETARY, "form", full="true").status_code == 403
    answer = posts(server, UserRole.JUDGE, "form", full="true")
    assert (answer.status_code, "Полный протокол" in answer.text) == (200, True)
    assert (latest(server).document["form"], latest(server).revision) == ("civil_full", 2)
    assert "Аудио-, видеозапись неполна" in str(latest(server).document["fields"])
    assert posts(server, UserRole.JUDGE, "form", full="true").status_code == 409, "it is one already"
    assert posts(server, UserRole.JUDGE, "form", full="false").status_code == 200
    assert latest(server).document["form"] == "civil_brief"
    with server.context.database.read() as work:
        told = [parse(row.entry) for row in work.log.entries(HEARING)]
    drafts = [one.body["form"] for one in told if one.kind is LeafKind.DRAFT]
    acts = [one.body for one in told if one.kind is LeafKind.ACCESS and one.body["action"] == "decide_form"]
    assert drafts == ["civil_brief", "civil_full", "civil_brief"]
    assert [(one["actor"], one["ground"]) for one in acts] == [("judge", "full"), ("judge", "full"), ("judge", "brief")]
    assert render_protocol(protocols, HEARING)
    assert posts(server, UserRole.SECRETARY, "sign").status_code == 200
    assert posts(server, UserRole.JUDGE, "form", full="true").status_code == 409, "after signing nothing changes"


def test_what_changes_while_it_is_signed_stops_the_signing(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from protocol import tasks

    awaiting(server)
    write_off(server.context, HEARING, "admin.b", WHY)
    draw_up(protocols, HEARING)
    real, arrived = tasks.sealed, objects_of(made_hearing(), "cam-hall")

    def slowly(*args: Any) -> object:
        made = real(*args)
        put(server, arrived)
        return made

    monkeypatch.setattr(tasks, "sealed", slowly)
    with pytest.raises(OutOfDate):
        sign_protocol(protocols, HEARING, "secretary")
    assert latest(server).state == "draft"
