"""Drafts follow corrections: drawn up anew when nobody corrects any more, never signed without them, never after."""

from pathlib import Path
from typing import Any

import pytest

from protocol.context import ProtocolContext
from protocol.demo_key import make_demo_pkcs12
from protocol.errors import ProtocolError
from protocol.revisions import CORRECTED_SINCE
from protocol.tasks import draft_protocol, sign_protocol
from storage.db.models import Protocol
from storage.db.unit_of_work import Database
from storage.db.work import CORRECTED_FOR
from storage.queue import DRAFT_PROTOCOL, Sweeper, make_queue
from tests.factories.corrections import LINES, Person, refuse_opening, server_with_lines
from tests.factories.drafts import draw_up
from tests.factories.evidence import faults, protocols_of
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    return server_with_lines(database, tmp_path)


@pytest.fixture
def protocols(server: Server, tmp_path: Path) -> ProtocolContext:
    made = protocols_of(server, tmp_path)
    make_demo_pkcs12(made.signer.pkcs12, "Айжамал", server.clock)
    refuse_opening(server)
    draw_up(made, HEARING)
    return made


def offered(server: Server) -> int:
    """How many drafts the sweeper promised by now."""
    sweeper = Sweeper(server.context.database, make_queue())
    sweeper.sweep(server.clock.utc)
    with server.context.database.read() as work:
        last = work.outbox.newest(DRAFT_PROTOCOL)
        return 0 if last is None else last.id


def latest(server: Server) -> Protocol:
    with server.context.database.read() as work:
        found = work.protocols.latest(HEARING)
        assert found is not None
        return found


def test_a_draft_is_drawn_up_anew_once_nobody_corrects_any_more(server: Server, protocols: ProtocolContext) -> None:
    secretary = Person(server)
    before = offered(server)
    secretary.does("text", 0, text="исправлено")
    server.clock.forward(CORRECTED_FOR.total_seconds() - 1)
    secretary.does("confirm", 1)
    server.clock.forward(CORRECTED_FOR.total_seconds() - 1)
    assert offered(server) == before, "somebody corrected just now"
    server.clock.forward(2)
    assert offered(server) > before
    draw_up(protocols, HEARING)
    document = latest(server).document
    assert [(one["text"], one["corrected"]) for one in document["transcript"]] == [
        ("исправлено", True),
        (LINES[1], True),
        (LINES[2], False),
    ]
    assert "строк: 2 (Secretary)" in document["transcript_note"]
    last = offered(server)
    server.clock.forward(3600)
    assert offered(server) == last, "it has them all"


def test_what_was_undone_is_no_new_text_but_is_known(server: Server, protocols: ProtocolContext) -> None:
    secretary = Person(server)
    secretary.does("text", 0, text="исправлено")
    secretary.does("undo", 0)
    draw_up(protocols, HEARING)
    assert latest(server).corrections == 3, "two and the refusal of a stage"
    assert [one["text"] for one in latest(server).document["transcript"]] == list(LINES)
    assert sign_protocol(protocols, HEARING, "secretary").corrections == 3


def test_a_draft_that_lacks_corrections_is_not_signed(server: Server, protocols: ProtocolContext) -> None:
    secretary = Person(server)
    secretary.does("text", 0, text="исправлено")
    with pytest.raises(ProtocolError, match=CORRECTED_SINCE):
        sign_protocol(protocols, HEARING, "secretary")
    draw_up(protocols, HEARING)
    signed = sign_protocol(protocols, HEARING, "secretary")
    assert signed.document["transcript"][0]["text"] == "исправлено"
    line = secretary.lines()[0]["id"]
    assert secretary.asks("text", line, text="после подписи").status_code == 409
    assert not draft_protocol(protocols, HEARING)
    assert latest(server).sha256 == signed.sha256
    assert faults(server, HEARING) == []


def test_a_correction_that_comes_while_it_is_signed_stops_the_signing(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    from protocol import tasks

    real = tasks.sealed

    def slowly(*args: Any) -> object:
        made = real(*args)
        Person(server).does("text", 0, text="в последний миг")
        return made

    monkeypatch.setattr(tasks, "sealed", slowly)
    with pytest.raises(ProtocolError, match=CORRECTED_SINCE):
        sign_protocol(protocols, HEARING, "secretary")
    assert latest(server).state == "draft"
