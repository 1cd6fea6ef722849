"""The longer term for the protocol of a complex case: the presiding judge's to choose, with reasons, in the log."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.deadlines import Due, board
from api.export import Order, choose
from court.openness import Openness, OpennessSpan
from court.people import UserRole
from protocol.tasks import sign_protocol
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from tests.factories.corrections import HTML, PAGE, Person, refuse_opening, server_with_lines
from tests.factories.drafts import draw_up
from tests.factories.evidence import faults, signing_protocols
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ORDINARY, LONGER = date(2026, 11, 5), date(2026, 11, 16)
"""Three and ten working days after Monday, 2 November 2026."""


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


def chooses(person: Person, longer: bool, reason: str = "Двенадцать эпизодов") -> Any:
    form = {"longer": str(longer).lower(), "reason": reason, "csrf": person.csrf}
    return person.browser.post(f"{PAGE}/protocol/term", data=form, headers=HTML)


def due(server: Server) -> Due:
    with server.context.database.read() as work:
        [found] = board(work, server.clock.utc)
        return found


def test_the_judge_chooses_it_with_reasons_and_may_go_back(server: Server, tmp_path: Path) -> None:
    protocols = signing_protocols(server, tmp_path)
    refuse_opening(server)
    draw_up(protocols, HEARING)
    judge, secretary = Person(server, UserRole.JUDGE), Person(server)
    assert (due(server).until, due(server).longer) == (ORDINARY, None)
    assert chooses(judge, True, reason="  ").status_code == 422
    assert chooses(secretary, True).status_code == 403
    answer = chooses(judge, True)
    assert (answer.status_code, "16 ноября 2026" in answer.text) == (200, True)
    assert "Двенадцать эпизодов (Judge)" in secretary.browser.get(f"{PAGE}/protocol", headers=HTML).text
    assert (due(server).until, due(server).longer is not None) == (LONGER, True)
    assert "Двенадцать эпизодов" in secretary.browser.get("/deadlines?everybody=1", headers=HTML).text
    assert chooses(judge, True).status_code == 200, "the same again"
    assert chooses(judge, False, reason="Эпизоды разделены").status_code == 200
    assert (due(server).until, due(server).longer) == (ORDINARY, None)
    with server.context.database.read() as work:
        stated = [dict(parse(one).body) for one in work.acts.entries(HEARING, LeafKind.TERM)]
    assert [(one["longer"], one["reason"], one["by"]) for one in stated] == [
        (True, "Двенадцать эпизодов", "Judge"),
        (False, "Эпизоды разделены", "Judge"),
    ]
    with server.context.database.read() as work:
        leaves = {row.index: parse(row.entry) for row in work.log.entries(HEARING)}
    order, court = Order("a", "judge", "b", "c", journal=True), server.context.server_keys.key_ids
    [first, _] = [index for index, leaf in leaves.items() if leaf.kind is LeafKind.TERM]
    assert first not in {one.index for one in choose(leaves, order, court).withheld}
    closed = OpennessSpan(1.0, 2.0, Openness.CLOSED)
    assert first in {one.index for one in choose(leaves, order, court, [closed]).withheld}
    sign_protocol(protocols, HEARING, "secretary")
    assert chooses(judge, True).status_code == 409, "it is signed"
    assert faults(server, HEARING) == []
