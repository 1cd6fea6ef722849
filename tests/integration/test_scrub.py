"""Scrubbing as a task: offered while something is due, done in slices by the worker."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.db.checks import Due
from storage.db.migrate import upgrade
from storage.db.models import OutboxRow
from storage.db.unit_of_work import Database
from storage.queue import SCRUB, SCRUB_EVERY, EmbeddedWorker, Sweeper, dispatch_outbox, make_queue
from storage.scrub import AVERAGED, ScrubContext, register, scrub_slice
from storage.worm.local import LocalStore
from tests.factories.objects import DAMAGE, content_of, keep, path_of
from tests.factories.server import SetClock

PERIOD = timedelta(days=5)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path}/courtrec.db")
    upgrade(found.engine)
    yield found
    found.dispose()


@pytest.fixture
def context(database: Database, tmp_path: Path) -> ScrubContext:
    return ScrubContext(database, LocalStore(tmp_path / "objects"), SetClock(), rate=1e6, stale_after=PERIOD)


def offers(database: Database) -> list[OutboxRow]:
    with database.read() as work:
        return list(work.session.scalars(select(OutboxRow).where(OutboxRow.task == SCRUB)))


def test_the_worker_scrubs_what_is_due_and_remembers_it(context: ScrubContext, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_queue()
    _, hurt = keep(context.database, context.store, 1, 2)
    assert isinstance(context.store, LocalStore)
    DAMAGE["altered"](path_of(context.store, hurt))
    register(app, context)
    done = threading.Event()
    sweeper = Sweeper(context.database, app, scrub_after=PERIOD)
    sweeper.sweep(context.clock.now().utc)
    worker = EmbeddedWorker(app)
    monkeypatch.setattr("storage.scrub._log.error", lambda *_, **__: done.set())
    worker.start()
    try:
        assert done.wait(timeout=30)
    finally:
        worker.stop()
    with context.database.read() as work:
        assert work.checks.counts() == {"altered": 1, "whole": 1}
        assert work.checks.count_due(Due(context.clock.now().utc, context.clock.now().utc - PERIOD)) == 0


def test_a_slice_is_offered_each_minute_while_something_is_due_and_never_two(context: ScrubContext) -> None:
    clock, database, app = context.clock, context.database, make_queue()
    assert isinstance(clock, SetClock)
    sweeper = Sweeper(database, app, scrub_after=PERIOD)
    sweeper.sweep(clock.utc)
    assert offers(database) == [], "nothing is stored yet"
    keep(database, context.store, 1)
    sweeper.sweep(clock.utc + timedelta(seconds=10))
    assert offers(database) == [], "it looks once a minute"
    moments = []
    for _ in range(3):
        clock.forward(SCRUB_EVERY.total_seconds())
        for seconds in (0, 10, 20):
            sweeper.sweep(clock.utc + timedelta(seconds=seconds))
        [offer] = offers(database)
        moments.append(offer.created_at)
    assert moments == sorted(set(moments)), "kept promises are forgotten, new ones made"
    assert list(scrub_slice(context))
    clock.forward(SCRUB_EVERY.total_seconds())
    sweeper.sweep(clock.utc)
    assert [one.created_at for one in offers(database)] == moments[-1:]


def test_an_offer_that_waits_for_its_broker_is_enough(context: ScrubContext) -> None:
    keep(context.database, context.store, 1)
    now = context.clock.now().utc
    for minute in range(3):
        with context.database.begin() as work:
            work.outbox.renew(SCRUB, now + timedelta(minutes=minute))
    [offer] = offers(context.database)
    assert offer.created_at == now
    assert dispatch_outbox(context.database, make_queue(), now) == 1


def test_without_a_period_nothing_is_offered(context: ScrubContext) -> None:
    keep(context.database, context.store, 1)
    Sweeper(context.database, make_queue()).sweep(context.clock.now().utc)
    assert offers(context.database) == []


def test_slices_keep_the_pace_on_average_and_reach_everything(context: ScrubContext) -> None:
    clock = context.clock
    assert isinstance(clock, SetClock)
    size = len(content_of(0))
    hashes = keep(context.database, context.store, *range(8))
    slow = replace(context, rate=1.5 * size / SCRUB_EVERY.total_seconds())
    checked = []
    for _ in range(8):
        checked.append([one.known.sha256 for one in scrub_slice(slow)])
        clock.forward(SCRUB_EVERY.total_seconds())
    assert [one for part in checked for one in part] == hashes
    assert [len(part) for part in checked[:4]] == [2, 2, 2, 2], "begun with less than the slice, one goes beyond"


def test_a_large_object_is_paid_for_before_the_next_slice(context: ScrubContext) -> None:
    clock = context.clock
    assert isinstance(clock, SetClock)
    size = len(content_of(0))
    keep(context.database, context.store, 0, 1)
    slow = ScrubContext(
        context.database, context.store, clock, rate=size / AVERAGED.total_seconds(), stale_after=PERIOD
    )
    assert len(list(scrub_slice(slow))) == 1
    clock.forward(AVERAGED.total_seconds() - 1)
    assert list(scrub_slice(slow)) == []
    clock.forward(2)
    assert len(list(scrub_slice(slow))) == 1
