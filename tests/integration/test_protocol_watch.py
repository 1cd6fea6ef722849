"""Open pages are told when somebody else writes, comments, decides or signs; the editor fetches what changed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from api import protocol_editor, protocol_watch
from api.caller import Caller
from api.protocol_watch import told_standing
from court.openness import Openness
from court.people import UserRole
from protocol.context import ProtocolContext
from protocol.tasks import sign_protocol
from storage.db.unit_of_work import Database
from tests.factories.corrections import HTML, PAGE, Person, refuse_opening, server_with_lines
from tests.factories.drafts import draw_up, pages_work_with
from tests.factories.evidence import signing_protocols
from tests.factories.hearing_log import HEARING
from tests.factories.server import ELSEWHERE, ON_SITE, Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CLAIMANT = {"role": "claimant", "name": "Садыкова А. М.", "present": True, "note": ""}
ON_PAPER = {"against": "protocol", "person": "Ким А. Б."}
ADDED = json.dumps([{"text": "Дополнено судьёй.", "at": None, "evidence": "person"}])


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


@pytest.fixture
def protocols(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProtocolContext:
    made = signing_protocols(server, tmp_path)
    pages_work_with(monkeypatch, protocol_editor, made)
    draw_up(made, HEARING)
    return made


def caller(server: Server, role: UserRole, address: str = ON_SITE) -> Caller:
    server.user(role)
    with server.context.database.read() as work:
        user = work.accounts.by_login(role.value)
        assert user is not None
        place = server.context.settings.place_of(address)
        return Caller(user.id, user.login, user.name, role, session_id=1, csrf="", address=address, place=place)


def writes(who: Person, what: str, **form: str) -> None:
    posts(who, f"protocol/{what}", **form)


def posts(who: Person, where: str, **form: str) -> None:
    answer = who.browser.post(f"{PAGE}/{where}", data={"csrf": who.csrf, **form}, headers=HTML)
    assert answer.status_code in (200, 303), answer.text


def filed(server: Server) -> str:
    """The id of the remark."""
    with server.context.database.read() as work:
        [remark] = work.remarks.of(HEARING)
        return remark.id


def test_each_kind_of_change_is_told_once_and_nothing_of_what_it_says(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol_watch, "_LOOK_SECONDS", 0.01)
    judge = Person(server, UserRole.JUDGE)
    deeds = (
        ("edits", lambda: writes(judge, "fields", key="decision", lines=ADDED, version="0")),
        ("comments", lambda: writes(judge, "comments", key="decision", text="Проверьте")),
        ("decided", lambda: refuse_opening(server)),
        ("draft", lambda: draw_up(protocols, HEARING)),
        ("draft", lambda: sign_protocol(protocols, HEARING, "secretary")),
        ("remarks", lambda: posts(Person(server), "remarks", key="ab" * 16, text="Не то", **ON_PAPER)),
        ("remarks", lambda: posts(judge, f"remarks/{filed(server)}", key="cd" * 16, text="То", deed="reject")),
    )

    async def listen() -> list[dict[str, Any]]:
        stream = told_standing(server.context, caller(server, UserRole.SECRETARY), HEARING)
        told = [json.loads((await anext(stream)).data)]
        for _, does in deeds:
            await asyncio.to_thread(does)
            told.append(json.loads((await anext(stream)).data))
        return told

    told = asyncio.run(asyncio.wait_for(listen(), 60))
    for (name, _), before, now in zip(deeds, told[:-1], told[1:], strict=True):
        assert {one for one in now if now[one] != before[one]} == {name}
    assert not any(text in str(told) for text in ("Проверьте", "Не то"))


def test_only_who_works_on_the_protocol_is_told(server: Server, protocols: ProtocolContext) -> None:
    for role in (UserRole.PARTY, UserRole.ADMIN):
        stranger = Person(server, role, granted=[HEARING] if role is UserRole.PARTY else [])
        assert stranger.browser.get(f"/live/protocol/{HEARING}").status_code == 403
        assert stranger.browser.get(f"{PAGE}/protocol/fields", headers=HTML).status_code == 403
    server.order(HEARING, Openness.CLOSED, 70_000, 73_500)
    away = Person(server, UserRole.JUDGE, ELSEWHERE)
    assert away.browser.get(f"{PAGE}/protocol/fields", headers=HTML).status_code == 403


def test_the_pages_know_what_they_show_and_say_what_keeps_it_from_being_signed(
    server: Server, protocols: ProtocolContext
) -> None:
    secretary, judge = Person(server), Person(server, UserRole.JUDGE)
    for page in ("", "/protocol/edit"):
        assert "<courtrec-watch" in secretary.browser.get(f"{PAGE}{page}", headers=HTML).text

    def panel() -> str:
        return str(secretary.browser.get(f"{PAGE}/protocol", headers=HTML).text)

    assert ("никто не принял решения" in panel(), "/protocol/sign" in panel()) == (True, False)
    refuse_opening(server)
    draw_up(protocols, HEARING)
    assert "/protocol/sign" in panel()
    writes(judge, "fields", key="decision", lines=ADDED, version="0")
    assert ("сохраните редакцию в редакторе" in panel(), "/protocol/sign" in panel()) == (True, False)
    fields = secretary.browser.get(f"{PAGE}/protocol/fields", headers=HTML).text
    assert (json.dumps("Дополнено судьёй.") in fields, "<html" in fields) == (True, False)


def test_remarks_and_who_appeared_are_parts_of_a_page(server: Server, protocols: ProtocolContext) -> None:
    with server.context.database.begin() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        hearing.card = {**hearing.card, "participants": [CLAIMANT]}
    secretary, judge = Person(server), Person(server, UserRole.JUDGE)

    def panel(what: str, person: Person = judge) -> str:
        answer = person.browser.get(f"{PAGE}/{what}", headers=HTML)
        return str(answer.text) if answer.status_code == 200 else str(answer.status_code)

    assert 'data-part="remarks"' not in panel("remarks"), "nothing is signed"
    posts(secretary, "attendance", participant="1", name="Садыкова А. М.", value="not_notified")
    assert panel("attendance", secretary).count('aria-pressed="true"') >= 1
    assert panel("attendance") == "403", "the secretary ticks"
    refuse_opening(server)
    draw_up(protocols, HEARING)
    sign_protocol(protocols, HEARING, "secretary")
    posts(secretary, "remarks", key="ab" * 16, text="Не то", **ON_PAPER)
    assert ("Не то" in panel("remarks"), "<html" in panel("remarks")) == (True, False)
    server.order(HEARING, Openness.CLOSED)
    away = panel("remarks", Person(server, UserRole.JUDGE, ELSEWHERE))
    assert ('data-part="remarks"' in away, "Не то" in away) == (True, False)
