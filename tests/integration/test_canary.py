"""The canary as a daily task, and what becomes of a court whose store failed it."""

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from api.app import create_app
from api.composition import make_context
from api.settings import Settings
from court.people import UserRole
from storage.canary import CanaryContext, register, try_store
from storage.db.canaries import AGAIN, EVERY, Outcome
from storage.db.migrate import upgrade
from storage.db.models import OutboxRow
from storage.db.unit_of_work import Database
from storage.errors import ObjectAltered, StorageError, StoreNotWriteOnce, StoreUnavailable
from storage.queue import CANARY, EmbeddedWorker, Sweeper, make_queue
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.pages import HTML, FakeNode, browser, token
from tests.factories.server import Server, SetClock, make_server
from tests.simulators.s3_without_locks import Behaviour, s3_without_locks

LETS_DELETE = StoreNotWriteOnce("The bucket evidence is not write-once: it let a locked object be deleted.")
SILENT = StoreUnavailable("The object store does not answer.")


class Store:
    """What the canary says of it, as a test sets it."""

    def __init__(self) -> None:
        self.fault: StorageError | None = None

    def prove(self, now: datetime) -> None:
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/courtrec.db")
    upgrade(found.engine)
    yield found
    found.dispose()


@pytest.fixture
def store() -> Store:
    return Store()


def tried(database: Database, store: Store, now: datetime) -> Outcome:
    """Of the canary that is put now."""
    with suppress(StorageError):
        try_store(CanaryContext(database, SetClock(now), store.prove))
    with database.read() as work:
        newest = work.canaries.newest()
    assert newest is not None
    return Outcome(newest.outcome)


def offered(database: Database) -> list[OutboxRow]:
    with database.read() as work:
        return list(work.session.scalars(select(OutboxRow).where(OutboxRow.task == CANARY)))


def test_the_canary_is_offered_daily_and_sooner_where_it_proved_nothing(empty: Database, store: Store) -> None:
    clock = SetClock()
    sweeper = Sweeper(empty, make_queue(), canary=True)
    sweeper.sweep(clock.utc)
    [first] = offered(empty)
    sweeper.sweep(clock.utc + timedelta(seconds=10))
    assert offered(empty)[0].created_at == first.created_at, "it was promised just now"
    assert tried(empty, store, clock.utc) is Outcome.PROVEN
    sweeper.sweep(clock.utc + EVERY - timedelta(seconds=1))
    assert offered(empty)[0].created_at == first.created_at
    sweeper.sweep(clock.utc + EVERY)
    [second] = offered(empty)
    assert second.created_at > first.created_at
    store.fault = SILENT
    assert tried(empty, store, clock.utc + EVERY) is Outcome.UNREACHED
    sweeper.sweep(clock.utc + EVERY + AGAIN)
    assert offered(empty)[0].created_at > second.created_at


def test_a_store_that_locks_nothing_by_itself_is_not_tried(empty: Database) -> None:
    Sweeper(empty, make_queue()).sweep(SetClock().utc)
    assert offered(empty) == []


def test_the_worker_tries_it_and_remembers_what_came_of_it(
    empty: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, clock, done = make_queue(), SetClock(), threading.Event()
    store.fault = LETS_DELETE
    register(app, CanaryContext(empty, clock, store.prove))
    Sweeper(empty, app, canary=True).sweep(clock.utc)
    worker = EmbeddedWorker(app)
    monkeypatch.setattr("storage.canary._log.error", lambda *_, **__: done.set())
    worker.start()
    try:
        assert done.wait(timeout=30)
    finally:
        worker.stop()
    with empty.read() as work:
        verdict = work.canaries.verdict()
    assert verdict is not None
    assert (verdict.outcome, verdict.sentence) == (Outcome.FAILED, str(LETS_DELETE))


@pytest.mark.parametrize("fault", [LETS_DELETE, ObjectAltered("It returns other bytes.")])
def test_silence_neither_clears_a_failure_nor_makes_one(empty: Database, store: Store, fault: StorageError) -> None:
    clock = SetClock()

    def verdict(fault: StorageError | None) -> Outcome | None:
        clock.forward(60)
        store.fault = fault
        tried(empty, store, clock.utc)
        with empty.read() as work:
            found = work.canaries.verdict()
        return None if found is None else Outcome(found.outcome)

    assert verdict(SILENT) is None
    assert verdict(None) is Outcome.PROVEN
    assert verdict(SILENT) is Outcome.PROVEN
    assert verdict(fault) is Outcome.FAILED
    assert verdict(SILENT) is Outcome.FAILED
    assert verdict(None) is Outcome.PROVEN


def test_a_program_that_starts_leaves_its_canary_for_the_others(tmp_path: Path) -> None:
    behaviour = Behaviour()
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for name in ("s3.access", "s3.secret"):
        (keys / name).write_text("key")
        (keys / name).chmod(0o600)
    with s3_without_locks(behaviour) as endpoint:
        settings = Settings(home=tmp_path, store="s3", s3_endpoint=endpoint, s3_secure=False)
        context = make_context(settings)
        with context.database.read() as work:
            proven = work.canaries.verdict()
        assert proven is not None
        assert proven.outcome == Outcome.PROVEN
        behaviour.deletes = True
        with pytest.raises(StoreNotWriteOnce, match="deleted"):
            make_context(settings)
    with context.database.read() as work:
        failed = work.canaries.verdict()
    assert failed is not None
    assert failed.outcome == Outcome.FAILED
    context.database.dispose()


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def court(database: Database, tmp_path: Path, node: FakeNode) -> Server:
    server = make_server(database, tmp_path)
    server.receive(made_hearing())
    server.context = dataclasses.replace(server.context, node=node)  # type: ignore[arg-type] # stands in for the client
    server.app = create_app(server.context)
    return server


def after(court: Server, store: Store, fault: StorageError | None) -> None:
    store.fault = fault
    court.clock.forward(60)
    tried(court.context.database, store, court.clock.utc)


def test_no_hearing_is_opened_where_the_store_failed(court: Server, node: FakeNode, store: Store) -> None:
    secretary = browser(court, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new"), "case_number": "ГД 1/26"}
    after(court, store, LETS_DELETE)
    refused = secretary.post("/hearings", data=form)
    assert refused.status_code == 422
    assert "Новое заседание начать нельзя" in refused.text
    assert "Новое заседание начать нельзя" in secretary.get("/hearings/new").text
    assert node.told == []
    after(court, store, SILENT)
    assert secretary.post("/hearings", data=form).status_code == 422
    after(court, store, None)
    assert secretary.post("/hearings", data=form).status_code == 303


def test_a_store_that_is_away_stops_no_hearing(court: Server, node: FakeNode, store: Store) -> None:
    after(court, store, SILENT)
    secretary = browser(court, UserRole.SECRETARY)
    form = {"csrf": token(secretary, "/hearings/new"), "case_number": "ГД 1/26"}
    assert secretary.post("/hearings", data=form).status_code == 303


def test_a_hearing_that_runs_goes_on(court: Server, node: FakeNode, store: Store) -> None:
    node.hearing, node.state = HEARING, "recording"
    after(court, store, LETS_DELETE)
    secretary = browser(court, UserRole.SECRETARY)
    csrf = token(secretary, f"/hearings/{HEARING}/console")
    assert secretary.post(f"/hearings/{HEARING}/pause", data={"csrf": csrf}).status_code == 200
    assert court.node().put(f"/api/ingest/objects/{'0' * 64}", content=b"x").status_code == 422, (
        "it is read, not refused"
    )


@pytest.mark.parametrize(
    ("fault", "word", "shown"),
    [
        (None, "write-once", ""),
        (LETS_DELETE, "not write-once", "let a locked object be deleted"),
        (SILENT, "not reached", "does not answer"),
    ],
)
def test_health_and_the_administrators_page_tell(
    court: Server, store: Store, fault: StorageError | None, word: str, shown: str
) -> None:
    assert court.client().get("/healthz").json()["store"] == "not tried"
    after(court, store, fault)
    health = court.client().get("/healthz")
    assert (health.status_code, health.json()["store"]) == (200, word), "nodes must go on delivering"
    page = browser(court, UserRole.ADMIN).get("/", headers=HTML).text
    assert ('class="alert' in page) is (fault is not None)
    assert shown in page
    assert 'class="alert' not in browser(court, UserRole.JUDGE).get("/", headers=HTML).text
