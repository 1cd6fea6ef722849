"""A real Celery worker in a process of its own, that kills itself with SIGKILL at the point a test names.

Through Redis it is told that point and the time: nothing in a test waits for a guessed moment.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import redis
from celery.signals import worker_shutting_down

from court.clock import Anchor
from storage.db.models import Window
from storage.db.unit_of_work import Database, UnitOfWork
from storage.queue import DRAFT_PROTOCOL, make_queue, register_task
from storage.worm.local import LocalStore
from tests.factories.ledger import MOMENT, SERVER_KEY
from tests.factories.transcription import OneWord
from transcribe.claims import Drain
from transcribe.context import TranscribeContext
from transcribe.tasks import register

PROCESSES = multiprocessing.get_context("forkserver")
"""Each is forked from a clean process that has this module loaded already."""
PROCESSES.set_forkserver_preload([__name__])
_FAULT, _NOW, _HOLD, _BUSY = "test:fault", "test:now", "test:hold", "test:busy"


class Point(StrEnum):
    """Where a worker can be killed, in the order of its work on a window."""

    CLAIMING = "claiming"  # the claim is made, not committed
    CLAIMED = "claimed"
    RECOGNISING = "recognising"
    STORING = "storing"  # everything is written, not committed
    STORED = "stored"  # the broker was not told that the task is done


class Seams:
    """What a test and its workers tell each other."""

    def __init__(self, broker: str) -> None:
        self._redis = redis.Redis.from_url(broker)

    def kill_at(self, point: Point) -> None:
        self._redis.set(_FAULT, point.value)

    def reached(self, point: Point) -> None:
        if self._redis.get(_FAULT) == point.value.encode():
            self._redis.delete(_FAULT)
            os.kill(os.getpid(), signal.SIGKILL)

    def hold(self, on: bool) -> None:
        """While it is on, workers stay in the midst of recognising."""
        self._redis.set(_HOLD, "1") if on else self._redis.delete(_HOLD)

    def pass_by(self) -> None:
        while self._redis.get(_HOLD):
            self._redis.set(_BUSY, os.getpid())
            time.sleep(0.01)
        self._redis.delete(_BUSY)

    @property
    def busy(self) -> bool:
        """Whether a worker is held in the midst of recognising."""
        return bool(self._redis.exists(_BUSY))

    def set_now(self, seconds: float) -> None:
        self._redis.set(_NOW, seconds)

    def now(self) -> Anchor:
        """The clock of test and workers."""
        seconds = float(self._redis.get(_NOW) or 0)  # type: ignore[arg-type] # not asynchronous
        return Anchor(MOMENT + timedelta(seconds=seconds), seconds, True)


class SeamedDatabase(Database):
    """Tells when a window is being claimed or its transcript stored, before and after the commit."""

    def __init__(self, url: str, seams: Seams) -> None:
        super().__init__(url)
        self._seams = seams

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        after = None
        with super().begin() as work:
            yield work
            held = [one for one in work.session.identity_map.values() if isinstance(one, Window)]
            if work.log.grown:
                self._seams.reached(Point.STORING)
                after = Point.STORED
            elif any(one.state == "claimed" for one in held):
                self._seams.reached(Point.CLAIMING)
                after = Point.CLAIMED
        if after is not None:
            self._seams.reached(after)


def start(database: str, folder: Path, broker: str, grace: float = 60.0) -> ForkServerProcess:
    process = PROCESSES.Process(target=work, args=(database, folder, broker, grace, os.getpid()), daemon=True)
    process.start()
    return process


def work(database: str, folder: Path, broker: str, grace: float, test: int) -> None:
    """Runs until it is told to end or the process `test` is gone; `grace` is the seconds its task has then."""
    threading.Thread(target=_end_with_the_test, args=(test,), daemon=True).start()
    seams, engine, drain = Seams(broker), OneWord(), Drain(timedelta(seconds=grace))

    def before() -> None:
        seams.reached(Point.RECOGNISING)
        seams.pass_by()

    def end(**_told: object) -> None:
        drain.begin()

    engine.before = before
    context = TranscribeContext(
        SeamedDatabase(database, seams),
        LocalStore(folder / "objects"),
        SERVER_KEY,
        seams,
        lambda language, model="": engine,
        drain=drain,
    )
    app = make_queue(broker)
    register(app, context)
    register_task(app, DRAFT_PROTOCOL, _no_draft)
    worker_shutting_down.connect(end)
    app.worker_main(["worker", "--pool=solo", "--loglevel=ERROR", "--without-gossip", "--without-mingle"])


def _no_draft(hearing: str) -> None:
    """Drafting is not what is tried here."""


def _end_with_the_test(test: int) -> None:
    while Path(f"/proc/{test}").exists():
        time.sleep(1.0)
    os._exit(1)
