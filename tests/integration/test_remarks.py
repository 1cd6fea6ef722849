"""Remarks on a signed protocol: filed, decided by the judge, stated in the log, closed where they are; deadlines."""

import re
import secrets
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.deadlines import Due, DueKind, board
from court.openness import Openness
from court.people import UserRole
from protocol.context import DEMO_JUDGE
from protocol.demo_key import demo_files, make_demo_pkcs12
from protocol.signers import SignerRole
from protocol.tasks import correct_protocol, render_protocol, sign_protocol
from storage.db.models import Hearing, RemarkStep
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.bundles import exported
from tests.factories.evidence import OTHER, faults, protocols_of, worked
from tests.factories.hearing_log import HEARING
from tests.factories.server import ELSEWHERE, ON_SITE, Server

HTML = {"Accept": "text/html"}
TEXT = "Свидетель сказал «не помню», а не «не знаю»."
DAY = 24 * 3600.0


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """Its first hearing's protocol was signed on Sunday, 22 November: remarks are in time until 2 December."""
    return worked(database, tmp_path)


class Visitor:
    def __init__(self, server: Server, role: UserRole, address: str = ON_SITE) -> None:
        granted = [HEARING] if role is UserRole.PARTY else []
        self.browser: TestClient = server.user(role, address, granted)
        self.csrf = self.browser.get("/verify", headers=HTML).text.split('"X-CSRF-Token": "')[1].split('"')[0]

    def post(self, path: str, **fields: Any) -> Any:
        data = {"csrf": self.csrf, "key": secrets.token_hex(16), **fields}
        return self.browser.post(f"/hearings/{HEARING}/remarks{path}", data=data)

    def files(self, text: str = TEXT, against: str = "protocol", **more: Any) -> Any:
        return self.post("", text=text, against=against, **more)

    def page(self, hearing: str = HEARING) -> str:
        html = self.browser.get(f"/hearings/{hearing}", headers=HTML).text
        found = re.search(r'<section class="card [^"]*" id="remarks".*?</section>', html, re.S)
        return found[0] if found else ""


def known(server: Server) -> list[Any]:
    with server.context.database.read() as work:
        return work.remarks.of(HEARING)


def leaves(server: Server) -> list[dict[str, Any]]:
    with server.context.database.read() as work:
        return [dict(parse(entry).body) for entry in work.acts.entries(HEARING, LeafKind.REMARK)]


def test_a_party_files_and_the_judge_decides(server: Server) -> None:
    party, judge = Visitor(server, UserRole.PARTY), Visitor(server, UserRole.JUDGE)
    assert "2 декабря 2026" in party.page()
    answer = party.files(at="00:01:11")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/hearings/{HEARING}#remarks")
    [remark] = known(server)
    assert (remark.filed.by, remark.at_ms, remark.late) == ("Party", 71_000, False)
    page = judge.page()
    assert TEXT in page
    assert f"/hearings/{HEARING}?t=71.0" in page
    assert judge.post(f"/{remark.id}", deed="reject", text=" ").status_code == 422
    assert judge.post(f"/{remark.id}", deed="reject", text="Слышно «не знаю».").status_code == 303
    assert "Слышно «не знаю»." in party.page()
    assert judge.post(f"/{remark.id}", deed="accept", text="иначе").status_code == 409
    assert [(one["deed"], one["by"]) for one in leaves(server)] == [("file", "Party"), ("reject", "Judge")]
    assert not any("помню" in str(value) for one in leaves(server) for value in one.values()), "the log holds no text"
    assert faults(server, HEARING) == []


def test_the_same_sent_twice_is_filed_once(server: Server) -> None:
    party, key = Visitor(server, UserRole.PARTY), secrets.token_hex(16)
    assert [party.files(key=key).status_code for _ in range(2)] == [303, 303]
    assert party.files("другое", key=key).status_code == 409
    assert len(known(server)) == 1


def test_what_comes_late_is_kept_and_wants_the_judges_word(server: Server) -> None:
    server.clock.forward(10 * DAY)  # Wednesday, 2 December: the last day
    party = Visitor(server, UserRole.PARTY)
    assert party.files("в срок").status_code == 303
    server.clock.forward(1 * DAY)
    party, judge = Visitor(server, UserRole.PARTY), Visitor(server, UserRole.JUDGE)
    assert party.files("поздно").status_code == 303
    assert party.files("ещё позже").status_code == 303
    timely, late, later = known(server)
    assert [one.late for one in (timely, late, later)] == [False, True, True]
    assert judge.post(f"/{late.id}", deed="accept", text="верно").status_code == 409
    assert judge.post(f"/{late.id}", deed="admit", text="Болел.").status_code == 303
    assert judge.post(f"/{late.id}", deed="accept", text="верно").status_code == 303
    assert judge.post(f"/{later.id}", deed="return", text="Причин нет.").status_code == 303
    assert judge.post(f"/{timely.id}", deed="admit", text="?").status_code == 409
    assert [one.ended and one.ended.deed.value for one in known(server)] == [None, "accept", "return"]
    assert faults(server, HEARING) == []


def test_a_secretary_enters_what_came_on_paper_and_nobody_else_withdraws_it(server: Server) -> None:
    secretary, party = Visitor(server, UserRole.SECRETARY), Visitor(server, UserRole.PARTY)
    assert secretary.files().status_code == 422
    assert secretary.files(person=" Асанов  А. А. ").status_code == 303
    assert party.files("моё").status_code == 303
    paper, own = known(server)
    assert (paper.filed.by, paper.filed.entered_by) == ("Асанов А. А.", "secretary")
    assert party.post(f"/{paper.id}", deed="withdraw").status_code == 409
    assert party.post(f"/{own.id}", deed="withdraw").status_code == 303
    assert party.post(f"/{paper.id}", deed="accept", text="да").status_code == 403
    assert secretary.post(f"/{paper.id}", deed="accept", text="да").status_code == 403


def test_what_cannot_be_filed_is_said_and_nothing_is_kept(server: Server) -> None:
    party = Visitor(server, UserRole.PARTY)
    for status, fields in (
        (422, {"text": "  "}),
        (422, {"text": "а" * 10_001}),
        (422, {"at": "99:00:00"}),
        (422, {"at": "soon"}),
        (422, {"against": "judge"}),
        (422, {"key": "short"}),
    ):
        assert party.files(**fields).status_code == status, fields
    for role in (UserRole.JUDGE, UserRole.ADMIN):
        assert Visitor(server, role).files().status_code == 403
    assert Visitor(server, UserRole.JUDGE).post("/none", deed="accept", text="x").status_code == 404
    assert known(server) == []


def test_without_a_signed_protocol_there_is_nothing_to_remark_on(server: Server) -> None:
    secretary = Visitor(server, UserRole.SECRETARY)
    assert secretary.page(OTHER) == ""
    data = {"csrf": secretary.csrf, "key": secrets.token_hex(16), "text": TEXT, "against": "protocol", "person": "Я"}
    answer = secretary.browser.post(f"/hearings/{OTHER}/remarks", data=data)
    assert answer.status_code == 409


def test_a_remark_on_a_closed_part_stays_at_the_court(server: Server) -> None:
    server.order(HEARING, Openness.CLOSED, 70_000, 73_000)
    inside, outside = Visitor(server, UserRole.PARTY), Visitor(server, UserRole.PARTY, ELSEWHERE)
    assert outside.files(at="00:01:11").status_code == 403
    assert outside.files().status_code == 403, "of the whole, so of the closed part too"
    assert outside.files("открыто", at="00:00:05").status_code == 303
    assert inside.files("закрыто", at="00:01:11").status_code == 303
    assert inside.files("целиком").status_code == 303
    shown = {text: text in outside.page() for text in ("открыто", "закрыто", "целиком")}
    assert shown == {"открыто": True, "закрыто": False, "целиком": False}
    assert all(text in inside.page() for text in shown)
    closed = known(server)[1]
    judge = Visitor(server, UserRole.JUDGE, ELSEWHERE)
    assert judge.post(f"/{closed.id}", deed="accept", text="да").status_code == 403


def test_the_verifier_names_a_remark_that_was_changed_or_removed(server: Server) -> None:
    party = Visitor(server, UserRole.PARTY)
    party.files()
    party.files("второе")
    with server.context.database.begin() as work:
        work.session.execute(update(RemarkStep).where(RemarkStep.number == 1).values(text="Всё верно."))
        [second] = [one for one in work.remarks.steps(HEARING) if one.number == 2]
        work.session.delete(second)
    told = "\n".join(faults(server, HEARING))
    assert "Step 1 of the remarks" in told
    assert "Step 2 of the remarks" in told
    assert "missing from the database" in told


def test_a_bundle_with_remarks_is_whole_and_holds_no_text_of_them(server: Server, tmp_path: Path) -> None:
    Visitor(server, UserRole.PARTY).files()
    bundle = exported(server, tmp_path / "bundle.zip").read_bytes()
    assert "помню".encode() not in bundle


def dues(server: Server, name: str = "") -> list[tuple[str, DueKind, date, int]]:
    with server.context.database.read() as work:
        found: list[Due] = board(work, server.clock.utc, name)
    return [(one.hearing, one.kind, one.until, one.count) for one in found]


def test_the_board_says_what_is_due_and_whose_it_is(server: Server) -> None:
    judge = (HEARING, DueKind.JUDGE_SIGNATURE, date(2026, 11, 5), 0)
    remark = (HEARING, DueKind.REMARKS, date(2026, 12, 2), 0)
    assert [one for one in dues(server) if one[0] == HEARING] == [judge, remark]
    assert [one[1] for one in dues(server) if one[0] == OTHER] == [DueKind.SIGNATURE]
    Visitor(server, UserRole.PARTY).files()
    decide = (HEARING, DueKind.DECISION, date(2026, 11, 27), 1)
    assert [one for one in dues(server) if one[0] == HEARING] == [judge, decide, remark]
    server.clock.forward(300 * DAY)
    assert [one for one in dues(server) if one[0] == HEARING] == [judge, decide], "no term runs any more"
    with server.context.database.begin() as work:
        hearing = work.session.get(Hearing, OTHER)
        assert hearing is not None
        hearing.card = {**hearing.card, "judge": "Judge"}
    page = Visitor(server, UserRole.JUDGE).browser.get("/deadlines", headers=HTML).text
    assert "просрочено" in page
    assert (f"/hearings/{OTHER}#" in page, f"/hearings/{HEARING}#" in page) == (True, False)
    listed = Visitor(server, UserRole.JUDGE).browser.get("/", headers=HTML).text
    assert "1 срок — сегодня, завтра или уже прошёл" in listed
    everybody = Visitor(server, UserRole.SECRETARY).browser.get("/deadlines?everybody=1", headers=HTML).text
    assert f"/hearings/{HEARING}#remarks" in everybody
    for role in (UserRole.PARTY, UserRole.ADMIN):
        assert Visitor(server, role).browser.get("/deadlines").status_code == 403


def test_a_correcting_protocol_has_a_term_of_its_own(server: Server, tmp_path: Path) -> None:
    """However remarks on the first one stand; its own term for remarks runs until the new one is signed."""
    protocols = protocols_of(server, tmp_path)
    key = protocols.signer.pkcs12.with_name(DEMO_JUDGE)
    make_demo_pkcs12(key, "Асанов Б. Т.", server.clock, beside=demo_files(protocols.signer.pkcs12))
    sign_protocol(protocols, HEARING, "judge", SignerRole.JUDGE)
    party, judge = Visitor(server, UserRole.PARTY), Visitor(server, UserRole.JUDGE)
    party.files()
    party.files("Не указан перерыв.")
    judge.post(f"/{known(server)[0].id}", deed="accept", text="Верно.")
    remark = (HEARING, DueKind.REMARKS, date(2026, 12, 2), 0)
    decide = (HEARING, DueKind.DECISION, date(2026, 11, 27), 1)
    assert [one for one in dues(server) if one[0] == HEARING] == [decide, remark]
    server.clock.forward(8 * DAY)
    assert correct_protocol(protocols, HEARING, "по принятому замечанию")
    signature = (HEARING, DueKind.SIGNATURE, date(2026, 12, 3), 0)
    assert [one for one in dues(server) if one[0] == HEARING] == [decide, remark, signature]
    assert "Верно." in Visitor(server, UserRole.JUDGE).page()
    panel = Visitor(server, UserRole.JUDGE).browser.get(f"/hearings/{HEARING}", headers=HTML).text
    assert "<dd>3 декабря 2026" in panel  # the same term as on the board
    assert render_protocol(protocols, HEARING)
    sign_protocol(protocols, HEARING, "secretary")
    awaited = (HEARING, DueKind.JUDGE_SIGNATURE, date(2026, 12, 3), 0)
    assert awaited in dues(server)
    assert faults(server, HEARING) == []


def test_a_hearing_without_a_draft_waits_for_one(server: Server) -> None:
    with server.context.database.begin() as work:
        work.session.delete(work.protocols.latest(OTHER))
    assert [one[1] for one in dues(server) if one[0] == OTHER] == [DueKind.DRAFT]
