"""Drafts and their PDFs as tasks: tried again, given up for all to see, and taken up once somebody says so."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.jobs import unmade_papers
from court.people import UserRole
from protocol import tasks
from protocol.context import ProtocolContext
from protocol.errors import ProtocolError
from protocol.pdf import Rendered, render
from protocol.tasks import draft_protocol, register, render_protocol, sign_protocol
from storage.db.checks import Due
from storage.db.models import PaperTask, Protocol
from storage.db.papers import AT_IT
from storage.db.unit_of_work import Database
from storage.db.work import MAX_ATTEMPTS
from storage.queue import DRAFT_PROTOCOL, RENDER_PROTOCOL, Sweeper, make_queue
from storage.worm.port import StoredObject, object_key
from tests.factories.drafts import draw_up
from tests.factories.evidence import signing_protocols, transcribe
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.server import Server, make_server

HTML = {"Accept": "text/html"}
PANEL = f"/hearings/{HEARING}/protocol"
READABLE = "PDF готовится; черновик уже можно прочитать."
BROKEN = "page.title = 3"
UNNAMED = "ab" * 32


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    transcribe(made, HEARING)
    return made


@pytest.fixture
def protocols(server: Server, tmp_path: Path) -> ProtocolContext:
    return signing_protocols(server, tmp_path)


def with_broken_form(protocols: ProtocolContext, folder: Path) -> ProtocolContext:
    """A court that has spoilt its own form."""
    (folder / "forms").mkdir()
    (folder / "forms" / "civil_brief.toml").write_text(BROKEN)
    return replace(protocols, forms=folder / "forms")


def work(protocols: ProtocolContext, task: str) -> None:
    """The task as a worker gets it."""
    queue = make_queue()
    register(queue, protocols)
    queue.tasks[task].apply(args=[HEARING]).get()


def newest(server: Server) -> Protocol | None:
    with server.context.database.read() as uow:
        return uow.protocols.latest(HEARING)


def tried(server: Server, task: str) -> PaperTask | None:
    with server.context.database.read() as uow:
        return uow.papers.get(HEARING, task)


def offered(server: Server, task: str) -> int:
    """The number of the task's last promise, after the sweeper has looked."""
    Sweeper(server.context.database, make_queue()).sweep(server.clock.utc)
    with server.context.database.read() as uow:
        last = uow.outbox.newest(task)
        return 0 if last is None else last.id


def page_of(server: Server, address: str, role: UserRole = UserRole.SECRETARY) -> str:
    return server.user(role).get(address, headers=HTML).text


def failing(times: int) -> Callable[..., Rendered]:
    """A renderer that fails so often before it works."""
    left = iter(range(times))

    def rendered(*given: object) -> Rendered:
        if next(left, None) is not None:
            raise OSError("The disk is on fire.")
        return render(*given)  # type: ignore[arg-type]

    return rendered


def test_the_draft_can_be_read_while_its_pdf_is_prepared(server: Server, protocols: ProtocolContext) -> None:
    draft_protocol(protocols, HEARING)
    page = page_of(server, f"/hearings/{HEARING}")
    assert READABLE in page
    known = re.search(rf'hx-get="({PANEL}\?known=[\w-]+)" hx-trigger="every 3s', page)
    assert known
    assert "protocol.pdf" not in page
    assert "/protocol/sign" not in page
    text = page_of(server, f"{PANEL}/text", UserRole.JUDGE)
    assert "<h3>1. " in text
    assert "?t=" in text
    reader = server.user(UserRole.SECRETARY)
    assert reader.get(known[1]).status_code == 204
    assert reader.get(f"{PANEL}.pdf").status_code == 404
    work(protocols, RENDER_PROTOCOL)
    panel = reader.get(known[1]).text
    assert READABLE not in panel
    assert f'href="{PANEL}.pdf"' in panel
    assert "/protocol/sign" in panel
    assert 'hx-trigger="every' not in panel


def test_a_draft_is_no_document_yet_for_a_party(server: Server, protocols: ProtocolContext) -> None:
    draft_protocol(protocols, HEARING)
    with server.context.database.begin() as uow:
        uow.papers.begin(HEARING, RENDER_PROTOCOL, server.clock.utc)
        uow.papers.failed(HEARING, RENDER_PROTOCOL, "It broke.", for_good=True)
    party = server.user(UserRole.PARTY, granted=[HEARING])
    assert party.get(f"{PANEL}/text").status_code == 404
    assert "It broke" not in party.get(f"/hearings/{HEARING}", headers=HTML).text


def test_a_form_that_cannot_be_filled_is_said_at_once(
    server: Server, protocols: ProtocolContext, tmp_path: Path
) -> None:
    draft_protocol(protocols, HEARING)
    first = offered(server, RENDER_PROTOCOL)
    work(with_broken_form(protocols, tmp_path), RENDER_PROTOCOL)
    panel = page_of(server, PANEL)
    assert "PDF черновика подготовить не удалось. Сообщение программы: " in panel
    assert "civil_brief" in panel
    assert 'hx-trigger="every' not in panel
    jobs = page_of(server, "/jobs")
    assert "PDF черновика" in jobs
    assert "civil_brief" in jobs
    server.clock.forward(3600)
    assert offered(server, RENDER_PROTOCOL) == first, "no further attempt can help"
    with pytest.raises(ProtocolError, match="not ready yet"):
        sign_protocol(protocols, HEARING, "secretary")


def test_a_draft_that_cannot_be_made_is_said_too(server: Server, protocols: ProtocolContext, tmp_path: Path) -> None:
    work(with_broken_form(protocols, tmp_path), DRAFT_PROTOCOL)
    assert newest(server) is None
    panel = page_of(server, PANEL)
    assert "Составить черновик не удалось. Сообщение программы: " in panel
    assert "civil_brief" in panel
    assert "Сам черновик" in page_of(server, "/jobs")


def test_somebody_has_it_tried_again(server: Server, protocols: ProtocolContext, tmp_path: Path) -> None:
    draft_protocol(protocols, HEARING)
    first = offered(server, RENDER_PROTOCOL)
    work(with_broken_form(protocols, tmp_path), RENDER_PROTOCOL)
    work(protocols, RENDER_PROTOCOL)
    assert (newest(server) or Protocol()).sha256 is None, "it was given up"
    secretary = server.user(UserRole.SECRETARY)
    token = re.search(r'"X-CSRF-Token": "([^"]+)"', secretary.get("/jobs", headers=HTML).text)
    assert token
    answer = secretary.post("/jobs/try-again", data={"csrf": token[1], "hearing": HEARING})
    assert answer.status_code == 303
    assert offered(server, RENDER_PROTOCOL) > first
    work(protocols, RENDER_PROTOCOL)
    assert (newest(server) or Protocol()).sha256 is not None
    assert tried(server, RENDER_PROTOCOL) is None
    with server.context.database.read() as uow:
        assert unmade_papers(uow) == []


def test_what_fails_is_tried_a_few_times(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_protocol(protocols, HEARING)
    monkeypatch.setattr(tasks, "render", failing(times=MAX_ATTEMPTS))
    last = 0
    for number in range(1, MAX_ATTEMPTS + 1):
        server.clock.forward(60)
        promised = offered(server, RENDER_PROTOCOL)
        assert promised > last
        last = promised
        work(protocols, RENDER_PROTOCOL)
        row = tried(server, RENDER_PROTOCOL)
        assert row is not None
        assert (row.attempts, row.error) == (number, "OSError: The disk is on fire.")
    server.clock.forward(3600)
    assert offered(server, RENDER_PROTOCOL) == last
    assert "The disk is on fire." in page_of(server, PANEL)


def test_what_failed_and_then_went_well_is_forgotten(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_protocol(protocols, HEARING)
    monkeypatch.setattr(tasks, "render", failing(times=1))
    work(protocols, RENDER_PROTOCOL)
    assert READABLE in page_of(server, PANEL), "it is tried again by itself"
    work(protocols, RENDER_PROTOCOL)
    assert tried(server, RENDER_PROTOCOL) is None
    assert (newest(server) or Protocol()).sha256 is not None


def test_a_pdf_whose_workers_die_is_given_up(server: Server, protocols: ProtocolContext) -> None:
    draft_protocol(protocols, HEARING)
    first = offered(server, RENDER_PROTOCOL)
    for _ in range(MAX_ATTEMPTS):
        with server.context.database.begin() as uow:
            assert uow.papers.begin(HEARING, RENDER_PROTOCOL, server.clock.utc)
        assert offered(server, RENDER_PROTOCOL) == first, "a worker may be at it"
        server.clock.forward(AT_IT.total_seconds())
        assert offered(server, RENDER_PROTOCOL) > first
        first = offered(server, RENDER_PROTOCOL)
    work(protocols, RENDER_PROTOCOL)
    assert "The worker died 5 times at this." in page_of(server, PANEL)


def test_a_task_that_was_lost_is_offered_again(server: Server, protocols: ProtocolContext) -> None:
    draft_protocol(protocols, HEARING)
    first = offered(server, RENDER_PROTOCOL)
    server.clock.forward(5)
    assert offered(server, RENDER_PROTOCOL) == first
    server.clock.forward(6)
    assert offered(server, RENDER_PROTOCOL) > first
    render_protocol(protocols, HEARING)
    last = offered(server, RENDER_PROTOCOL)
    server.clock.forward(60)
    assert offered(server, RENDER_PROTOCOL) == last


def test_of_two_workers_one_makes_the_pdf(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_protocol(protocols, HEARING)

    def overtaken(*given: object) -> Rendered:
        monkeypatch.setattr(tasks, "render", render)
        assert render_protocol(protocols, HEARING)
        return render(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "render", overtaken)
    assert not render_protocol(protocols, HEARING)
    with server.context.database.read() as uow:
        kinds = [row.kind for row in uow.log.entries(HEARING)]
    assert kinds.count("protocol") == 1


def test_a_draft_that_was_overtaken_gets_no_pdf(
    server: Server, protocols: ProtocolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_protocol(protocols, HEARING)

    def overtaken(*given: object) -> Rendered:
        assert draft_protocol(protocols, HEARING, full=True)
        return render(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks, "render", overtaken)
    assert not render_protocol(protocols, HEARING)
    row = newest(server)
    assert row is not None
    assert (row.revision, row.sha256) == (2, None)


def test_a_new_draft_has_all_its_attempts(server: Server, protocols: ProtocolContext, tmp_path: Path) -> None:
    draft_protocol(protocols, HEARING)
    work(with_broken_form(protocols, tmp_path), RENDER_PROTOCOL)
    draw_up(protocols, HEARING, full=True)
    assert tried(server, RENDER_PROTOCOL) is None


def test_what_no_hearing_names_is_checked_beside_a_destroyed_one_whose_draft_has_no_pdf(
    server: Server, protocols: ProtocolContext
) -> None:
    draft_protocol(protocols, HEARING)
    now = server.clock.utc
    with server.context.database.begin() as uow:
        uow.log.add_object(StoredObject(object_key(UNNAMED), "", UNNAMED, 5), now, now)
        hearing = uow.hearings.lock(HEARING)
        assert hearing is not None
        hearing.state = "destroyed"
    with server.context.database.read() as uow:
        due = uow.checks.due(Due(now + timedelta(days=1)), limit=9)
        named = {one.sha256 for one in uow.hearings.segments(HEARING)}
    assert UNNAMED in [one.sha256 for one in due]
    assert not named & {one.sha256 for one in due}
