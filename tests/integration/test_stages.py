"""Stages heard, and who appeared: decided on the pages, stated in the log, in each later draft, before a signature."""

from pathlib import Path
from typing import Any

import pytest

from api.export import Order, choose
from court.openness import Openness, OpennessSpan
from court.people import UserRole
from protocol.context import ProtocolContext
from protocol.errors import ProtocolError
from protocol.revisions import CORRECTED_SINCE, UNDECIDED
from protocol.tasks import correct_protocol, sign_protocol
from storage.db.unit_of_work import Database
from storage.db.work import CORRECTED_FOR
from storage.ledger.leaf import LeafKind, parse
from storage.queue import DRAFT_PROTOCOL, Sweeper, make_queue
from tests.factories.corrections import HTML, LINES, PAGE, Person, server_with_lines, transcribed
from tests.factories.drafts import draw_up
from tests.factories.evidence import faults, signing_protocols
from tests.factories.hearing_log import HEARING
from tests.factories.server import ELSEWHERE, Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
AT = 71.0
"""When the first of the three lines, which sounds like the opening, begins."""
PEOPLE = [
    {"role": "claimant", "name": "Садыкова А. М.", "present": True, "note": ""},
    {"role": "witness", "name": "Жумабаев Т. О.", "present": False, "note": "повестка"},
]


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


@pytest.fixture
def protocols(server: Server, tmp_path: Path) -> ProtocolContext:
    made = signing_protocols(server, tmp_path)
    draw_up(made, HEARING)
    return made


def with_people(server: Server) -> None:
    """Two participants come onto the card."""
    with server.context.database.begin() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        hearing.card = {**hearing.card, "participants": PEOPLE}


def panel(person: Person) -> str:
    answer = person.browser.get(f"{PAGE}/stages", headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def decides(person: Person, accepted: bool, at: float = AT, stage: str = "opening") -> Any:
    form = {"stage": stage, "at": str(at), "accepted": str(accepted).lower(), "csrf": person.csrf}
    return person.browser.post(f"{PAGE}/stages", data=form, headers=HTML)


def ticks(person: Person, number: int, value: str, name: str = "") -> Any:
    form = {"participant": str(number), "name": name or PEOPLE[number - 1]["name"], "value": value, "csrf": person.csrf}
    return person.browser.post(f"{PAGE}/attendance", data=form, headers=HTML)


def stated(server: Server, kind: LeafKind) -> list[dict[str, Any]]:
    with server.context.database.read() as work:
        return [dict(parse(one).body) for one in work.acts.entries(HEARING, kind)]


def offers(server: Server) -> int:
    """How many drafts were asked for, once the sweeper has looked."""
    Sweeper(server.context.database, make_queue()).sweep(server.clock.utc)
    with server.context.database.read() as work:
        last = work.outbox.newest(DRAFT_PROTOCOL)
        return 0 if last is None else last.id


def lines(server: Server, word: str) -> list[dict[str, Any]]:
    """The newest draft's lines with that word."""
    with server.context.database.read() as work:
        latest = work.protocols.latest(HEARING)
        assert latest is not None
        found = [*latest.document["course"], *(one for each in latest.document["fields"] for one in each["lines"])]
        return [one for one in found if word in one["text"]]


def test_what_nobody_decided_on_is_marked_and_never_signed(server: Server, protocols: ProtocolContext) -> None:
    [line] = lines(server, "Предложено программой по речи, человеком не подтверждено")
    assert LINES[0] in line["text"]
    assert (line["at"], line["proposed"]) == (AT, True)
    with pytest.raises(ProtocolError, match=UNDECIDED):
        sign_protocol(protocols, HEARING, "secretary")
    assert 'hx-vals="{&#34;accepted&#34;: true, &#34;at&#34;: 71.0' in panel(Person(server))


@pytest.mark.parametrize("role", [UserRole.SECRETARY, UserRole.JUDGE])
def test_what_is_accepted_stands_with_who_accepted_it(
    server: Server, protocols: ProtocolContext, role: UserRole
) -> None:
    person, before = Person(server, role), offers(server)
    assert decides(person, True).status_code == 200
    assert stated(server, LeafKind.STAGE) == [
        {"stage": "opening", "at_ms": 71_000, "accepted": True, "by": role.value.title()}
    ]
    assert decides(person, True).status_code == 200, "the same again"
    assert len(stated(server, LeafKind.STAGE)) == 1
    assert offers(server) > before, "nothing is left to decide on"
    with pytest.raises(ProtocolError, match=CORRECTED_SINCE):
        sign_protocol(protocols, HEARING, "secretary")
    draw_up(protocols, HEARING)
    [line] = lines(server, f"подтверждено: {role.value.title()}")
    assert (line["at"], line["evidence"], line["proposed"]) == (AT, "utterance:1", False)
    assert [one["at"] for one in lines(server, "Начало: ")] == [AT]
    assert sign_protocol(protocols, HEARING, "secretary").state == "signed"
    assert decides(person, False).status_code == 409
    assert faults(server, HEARING) == []


def test_what_is_refused_is_gone_and_may_be_taken_back(server: Server, protocols: ProtocolContext) -> None:
    person = Person(server)
    assert "data-stage" in decides(person, False).text
    draw_up(protocols, HEARING)
    assert lines(server, LINES[0]) == []
    transcribed(server, 2)
    draw_up(protocols, HEARING)
    assert lines(server, LINES[0]) == [], "another version of the text does not bring it back"
    assert decides(person, True).status_code == 200
    draw_up(protocols, HEARING)
    assert lines(server, "подтверждено: Secretary")
    assert [one["accepted"] for one in stated(server, LeafKind.STAGE)] == [False, True]


def test_a_corrected_line_proposes_what_it_says_now(server: Server, protocols: ProtocolContext) -> None:
    person = Person(server)
    person.does("text", 0, text="суд переходит к судебным прениям")
    assert 'data-stage="pleadings"' in panel(person)
    assert decides(person, True).status_code == 409, "nobody speaks of an opening any more"


def test_a_draft_is_drawn_up_once_nobody_decides_any_more(server: Server, protocols: ProtocolContext) -> None:
    with_people(server)
    before = offers(server)
    assert ticks(Person(server), 2, "notified").status_code == 200
    assert offers(server) == before
    server.clock.forward(CORRECTED_FOR.total_seconds() + 1)
    assert offers(server) > before


@pytest.mark.parametrize("state", ["draft", "under_correction"])
def test_decisions_on_a_protocol_that_corrects_a_signed_one_come_into_it(
    server: Server, protocols: ProtocolContext, state: str
) -> None:
    decides(Person(server), True)
    draw_up(protocols, HEARING)
    sign_protocol(protocols, HEARING, "secretary")
    assert correct_protocol(protocols, HEARING, "Описка.")
    with server.context.database.begin() as work:
        hearing = work.hearings.get(HEARING)
        assert hearing is not None
        hearing.state = state
    before = offers(server)
    assert decides(Person(server), False).status_code == 200
    server.clock.forward(CORRECTED_FOR.total_seconds() + 1)
    assert offers(server) > before
    draw_up(protocols, HEARING)
    assert lines(server, LINES[0]) == []


def test_what_was_said_in_a_closed_part_is_decided_on_at_the_court_only(server: Server) -> None:
    inside, outside = Person(server), Person(server, address=ELSEWHERE)
    assert LINES[0] in panel(outside)
    server.order(HEARING, Openness.CLOSED, 70_000, 73_500)
    assert LINES[0] not in panel(outside)
    assert LINES[0] in panel(inside)
    assert decides(outside, True).status_code == 403
    assert stated(server, LeafKind.STAGE) == []
    assert decides(inside, True).status_code == 200


def test_neither_party_nor_administrator_decides(server: Server) -> None:
    for role in (UserRole.PARTY, UserRole.ADMIN):
        person = Person(server, role, granted=[HEARING] if role is UserRole.PARTY else [])
        assert person.browser.get(f"{PAGE}/stages", headers=HTML).status_code == 403
        assert decides(person, True).status_code == 403
        assert ticks(person, 1, "notified").status_code == 403
    assert ticks(Person(server, UserRole.JUDGE), 1, "notified").status_code == 403
    assert (
        "hearings/" + HEARING + "/stages"
        not in Person(server, UserRole.PARTY, granted=[HEARING]).browser.get(PAGE, headers=HTML).text
    )


def test_who_appeared_is_ticked_over_the_card_and_stands_in_the_draft(
    server: Server, protocols: ProtocolContext
) -> None:
    with_people(server)
    draw_up(protocols, HEARING)
    person = Person(server)
    assert [one["evidence"] for one in lines(server, "Садыкова А. М. — ")] == ["card:participant:1"]
    assert ticks(person, 1, "not_notified").status_code == 200
    assert ticks(person, 2, "notified").text.count('aria-pressed="true"') == 2
    assert ticks(person, 2, "notified").status_code == 200
    assert [one["at_ms"] for one in stated(server, LeafKind.ATTENDANCE)] == [None, None], "after the hearing"
    assert ticks(person, 2, "appeared", name="Другой").status_code == 422
    facts = person.browser.get(PAGE, headers=HTML).text.split("</dl>")[0]
    assert 'Садыкова А. М. <span class="muted">(' in facts, "absent, though the card said otherwise"
    decides(person, False)
    draw_up(protocols, HEARING)
    [claimant] = lines(server, "Садыкова А. М. — отсутствует; сведений о надлежащем извещении нет.")
    [witness] = lines(server, "Жумабаев Т. О. — отсутствует; сведения о надлежащем извещении имеются; повестка.")
    assert (claimant["evidence"], witness["evidence"]) == ("attendance:1", "attendance:2")
    sign_protocol(protocols, HEARING, "secretary")
    assert ticks(person, 1, "appeared").status_code == 409
    assert [one for one in faults(server, HEARING) if "card of" not in one] == []


def test_a_decision_on_what_was_closed_stays_in_the_court(server: Server) -> None:
    assert decides(Person(server), True).status_code == 200
    with server.context.database.read() as work:
        leaves = {row.index: parse(row.entry) for row in work.log.entries(HEARING)}
    [index] = [at for at, leaf in leaves.items() if leaf.kind is LeafKind.STAGE]
    order, court = Order("a", "judge", "b", "c", journal=True), server.context.server_keys.key_ids
    elsewhere, there = (OpennessSpan(start, start + 2.0, Openness.CLOSED) for start in (1.0, 70.0))
    assert index not in {one.index for one in choose(leaves, order, court, [elsewhere]).withheld}
    assert index in {one.index for one in choose(leaves, order, court, [there]).withheld}
