"""Delivery of jobs: through the embedded broker and through a real Redis."""

import queue
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError as DatabaseError

from storage.db.migrate import upgrade
from storage.db.models import Hearing, OutboxRow, Protocol
from storage.db.unit_of_work import Database, UnitOfWork
from storage.db.work import MAX_ATTEMPTS
from storage.queue import (
    DRAFT_PROTOCOL,
    EMBEDDED_BROKER,
    FORGET_EVERY,
    SENT_KEPT,
    STAMP_LOG,
    TRANSCRIBE_WINDOW,
    EmbeddedWorker,
    Sweeper,
    dispatch_outbox,
    make_queue,
    register_task,
)
from tests.factories.ledger import HEARING, MOMENT
from tests.factories.queues import empty_embedded_broker
from tests.services.processes import RedisServer

Delivered = "queue.Queue[tuple[str, int]]"


@pytest.fixture(autouse=True)
def _embedded_broker_is_empty() -> None:
    empty_embedded_broker()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/courtrec.db")
    upgrade(found.engine)
    yield found
    found.dispose()


@pytest.fixture(params=["embedded", "redis"])
def app(request: pytest.FixtureRequest) -> Celery:
    if request.param == "embedded":
        return make_queue(EMBEDDED_BROKER)
    server: RedisServer = request.getfixturevalue("redis")
    return make_queue(server.url)


def add_hearing(work: UnitOfWork, state: str, hearing: str = HEARING) -> None:
    work.hearings.add(
        Hearing(
            id=hearing, case_number="1/26", case_key="1/26", card={}, room="1", state=state, tracks=[],
            started_at=MOMENT,
        )
    )  # fmt: skip
    work.session.flush()


def receiver(app: Celery) -> Delivered:
    delivered: Delivered = queue.Queue()

    def receive(hearing: str = HEARING, sequence: int = 0) -> None:
        delivered.put((hearing, sequence))

    register_task(app, TRANSCRIBE_WINDOW, receive)
    return delivered


def test_what_was_promised_in_a_commit_is_delivered(app: Celery, store: Database) -> None:
    delivered = receiver(app)
    worker, sweeper = EmbeddedWorker(app), Sweeper(store, app, interval=timedelta(hours=1))
    worker.start()
    sweeper.start()
    try:
        with store.begin() as work:
            for sequence in range(3):
                work.outbox.put(TRANSCRIBE_WINDOW, [HEARING, sequence], MOMENT)
        assert [delivered.get(timeout=30) for _ in range(3)] == [(HEARING, number) for number in range(3)]
    finally:
        sweeper.stop()
        worker.stop()
    with store.read() as work:
        assert work.outbox.unsent() == []


def test_a_broker_that_is_away_leaves_everything_in_the_outbox(store: Database) -> None:
    app = make_queue("redis://127.0.0.1:1/0")
    app.conf.task_publish_retry = False
    with store.begin() as work:
        work.outbox.put(TRANSCRIBE_WINDOW, [HEARING, 0], MOMENT)
    with pytest.raises(OperationalError):
        dispatch_outbox(store, app, MOMENT)
    with store.read() as work:
        assert len(work.outbox.unsent()) == 1


def test_a_worker_can_be_stopped_as_soon_as_it_was_started() -> None:
    worker = EmbeddedWorker(make_queue())
    worker.start()
    worker.stop()


def test_a_worker_that_has_ended_leaves_the_process_as_it_was() -> None:
    worker = EmbeddedWorker(make_queue())
    worker.start()
    worker.stop()
    app = make_queue()
    delivered = receiver(app)
    app.tasks[TRANSCRIBE_WINDOW].apply(args=[HEARING, 0]).get()  # refused as long as Celery takes us for a worker
    assert delivered.get_nowait() == (HEARING, 0)


def test_a_draft_that_does_not_come_is_offered_again_a_few_times(store: Database) -> None:
    app = make_queue()
    with store.begin() as work:
        add_hearing(work, state="ended")
        work.outbox.put(DRAFT_PROTOCOL, [HEARING], MOMENT)
    sweeper = Sweeper(store, app)
    for minute in range(10):
        sweeper.sweep(MOMENT + timedelta(minutes=minute))
    with store.read() as work:
        assert len(work.session.scalars(select(OutboxRow)).all()) == MAX_ATTEMPTS


def test_what_was_sent_long_ago_is_forgotten_unless_somebody_still_asks_for_it(database: Database) -> None:
    sweeper = Sweeper(database, make_queue())
    drafted = HEARING[:-1] + "2"
    with database.begin() as work:
        add_hearing(work, state="ended")
        add_hearing(work, state="ended", hearing=drafted)
        work.protocols.add(made_protocol(drafted))
        for sequence in range(3):
            work.outbox.put(TRANSCRIBE_WINDOW, [HEARING, sequence], MOMENT)
            work.outbox.put(STAMP_LOG, [sequence], MOMENT)
            work.outbox.put(DRAFT_PROTOCOL, [drafted], MOMENT)
        for _ in range(MAX_ATTEMPTS):
            work.outbox.put(DRAFT_PROTOCOL, [HEARING], MOMENT)
    sweeper.sweep(MOMENT)
    sweeper.sweep(MOMENT + SENT_KEPT)
    assert len(promised(database)) == 9 + MAX_ATTEMPTS
    with database.begin() as work:
        work.outbox.put(TRANSCRIBE_WINDOW, [HEARING, 3], MOMENT + SENT_KEPT)
    sweeper.sweep(MOMENT + SENT_KEPT + FORGET_EVERY)
    assert promised(database) == sorted(
        [(TRANSCRIBE_WINDOW, [HEARING, 3]), (STAMP_LOG, [2])] + [(DRAFT_PROTOCOL, [HEARING])] * MAX_ATTEMPTS
    ), "the newest stamp tells when to ask again, the drafts that a hearing still lacks how often it was tried"


def promised(database: Database) -> list[tuple[str, list[Any]]]:
    with database.read() as work:
        return sorted((row.task, row.args) for row in work.session.scalars(select(OutboxRow)))


def made_protocol(hearing: str) -> Protocol:
    return Protocol(
        hearing_id=hearing, revision=1, state="draft", sha256="0" * 64, size=1, file_name="x.pdf", document={},
        leaf_index=0, created_at=MOMENT,
    )  # fmt: skip


def test_the_sweeper_outlives_a_database_that_was_away(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_queue()
    delivered = receiver(app)
    sweeper = Sweeper(store, app, interval=timedelta(milliseconds=50))
    sweep, failures = sweeper.sweep, iter([1, 2])

    def failing_twice(now: datetime) -> None:
        if next(failures, None):
            raise DatabaseError("SELECT 1", None, Exception("the database went away"))
        sweep(now)

    monkeypatch.setattr(sweeper, "sweep", failing_twice)
    worker = EmbeddedWorker(app)
    worker.start()
    sweeper.start()
    try:
        with store.begin() as work:
            work.outbox.put(TRANSCRIBE_WINDOW, [HEARING, 0], MOMENT)
        assert delivered.get(timeout=30) == (HEARING, 0)
    finally:
        sweeper.stop()
        worker.stop()


def test_a_message_lost_with_the_process_is_offered_again(store: Database) -> None:
    with store.begin() as work:
        add_hearing(work, state="recording")
        work.windows.add(HEARING, 0, offered=MOMENT)
    app = make_queue()
    delivered = receiver(app)
    sweeper = Sweeper(store, app)
    sweeper.sweep(MOMENT + timedelta(minutes=1))  # too early: it may still wait in the broker
    with store.begin() as work:
        work.windows.forget_offers()
    sweeper.sweep(MOMENT + timedelta(minutes=1))
    worker = EmbeddedWorker(app)
    worker.start()
    try:
        assert delivered.get(timeout=30) == (HEARING, 0)
    finally:
        worker.stop()
    assert delivered.empty()


def test_a_window_whose_worker_died_is_offered_again(store: Database) -> None:
    app = make_queue()
    with store.begin() as work:
        add_hearing(work, state="recording")
        work.windows.add(HEARING, 0, offered=MOMENT)
        assert work.windows.claim(HEARING, 0, MOMENT)
    delivered = receiver(app)
    sweeper = Sweeper(store, app)
    sweeper.sweep(MOMENT + timedelta(minutes=1))
    later = MOMENT + timedelta(hours=1)
    sweeper.sweep(later)
    worker = EmbeddedWorker(app)
    worker.start()
    try:
        assert delivered.get(timeout=30) == (HEARING, 0)
        assert delivered.empty()
    finally:
        worker.stop()
    with store.begin() as work:
        assert work.windows.claim(HEARING, 0, later)
