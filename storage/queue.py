"""The job queue: Celery delivers, the database decides.

Whatever Celery loses, doubles or reorders is harmless: a task claims its work in the database first, the outbox
keeps what was promised until it is sent, and the sweeper offers again what got lost. A task to transcribe names no
window: its worker takes the one whose turn it is (storage.turns). Packages register their tasks as functions that
close over what they need (`register_task`), so there is no global state to set up.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from celery import Celery
from celery.result import _set_task_join_will_block
from kombu.entity import Queue
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import DBAPIError

from court.hearing import HearingState
from storage.db.canaries import AGAIN
from storage.db.checks import Due
from storage.db.models import Hearing
from storage.db.papers import RENDER
from storage.db.unit_of_work import Database, UnitOfWork
from storage.db.work import DRAFT

EMBEDDED_BROKER = "memory://"
TRANSCRIBE_WINDOW = "transcribe.window"  # (): the window whose turn it is
DRAFT_PROTOCOL = DRAFT  # (hearing_id)
RENDER_PROTOCOL = RENDER  # (hearing_id): the PDF of its newest draft
CANARY = "storage.canary"  # ()
MAKE_COPY = "copies.make"  # (number)
SCRUB = "storage.scrub"  # ()
SCRUB_EVERY = timedelta(minutes=1)
"""Scrubbing comes in slices, so that a worker is never long away from transcription."""
STAMP_LOG = "log.stamp"  # (size): how many entries a token must cover
STAMP_AGAIN = timedelta(minutes=10)  # an authority that is away is asked again after so long

SENT_KEPT = timedelta(days=7)
"""How long the outbox still shows what was sent: for whoever looks into why something did not come."""
FORGET_EVERY = timedelta(hours=1)

SHORT_TASKS, WINDOWS = "courtrec", "courtrec-windows"
"""Two queues that a worker looks into by turns, so that a draft waits for one window and not for all."""

_LOOK_EVERY = 0.1

_LOOKING = {EMBEDDED_BROKER: {"polling_interval": 0.05}}
"""Nobody wakes a worker of the in-memory broker: it looks, by default once a second only. Redis tells it."""

_log = structlog.get_logger(__name__)


def make_queue(broker_url: str = EMBEDDED_BROKER) -> Celery:
    """A Celery application with the delivery settings the project's promises rest on."""
    app = Celery("courtrec", broker=broker_url, backend=None, set_as_current=False, fixups=[])
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": 3600, **_LOOKING.get(broker_url, {})},
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_default_queue=SHORT_TASKS,
        task_queues=[Queue(SHORT_TASKS), Queue(WINDOWS)],  # type: ignore[no-untyped-call] # kombu
        task_routes={TRANSCRIBE_WINDOW: {"queue": WINDOWS}},
        enable_utc=True,
    )
    return app


def register_task(app: Celery, name: str, function: Callable[..., None]) -> None:
    """Makes `function` the task `name` of this application alone: Celery would share it with every other one."""
    app.task(function, name=name, shared=False)


def offer_window(work: UnitOfWork, hearing_id: str, sequence: int, run: int, now: datetime) -> bool:
    """A window to transcribe and the task for it; False, and no task, where it was there already."""
    added = work.windows.add(hearing_id, sequence, offered=now, run=run)
    if added:
        work.outbox.put(TRANSCRIBE_WINDOW, [], now)
    return added


def offer_draft(work: UnitOfWork, hearing: Hearing, now: datetime, *, changed: bool = False) -> None:
    """Promises a draft once the hearing has ended and nothing is left to transcribe of the version that is shown.

    A second one only if the text `changed` since the first, and nobody corrects or has signed that.

    A spare recording has no protocol of its own: what it fills belongs to the hearing's, which waits for it. Where the
    hearing ended on its spare recording, it waits for the end of that.
    """
    hearing = work.hearings.first_of(hearing) or hearing
    drafted = work.protocols.latest(hearing.id) is not None
    if hearing.state not in (HearingState.ENDED, HearingState.DRAFT) or (drafted and not changed):
        return
    spare_id = work.hearings.ended_on(hearing.id)
    last = work.hearings.get(spare_id) if spare_id is not None else None
    coming = spare_id is not None and (last is None or last.ended_at is None)
    parts, run = [hearing, *work.hearings.spares(hearing.id)], work.runs.shown(hearing.id)
    if not coming and not any(work.windows.unfinished(one.id, run) for one in parts):
        work.outbox.put(DRAFT_PROTOCOL, [hearing.id], now)


def offer_stamp(work: UnitOfWork, now: datetime) -> None:
    """Promises a time-stamp if the log wants one, unless that was promised just now."""
    size = work.timestamps.due(now)
    if size is None:
        return
    last = work.outbox.newest(STAMP_LOG)
    waiting = last is not None and last.created_at > now - STAMP_AGAIN and last.args[0] >= size
    if not waiting:
        work.outbox.put(STAMP_LOG, [size], now)


def offer_canary(work: UnitOfWork, now: datetime) -> None:
    """Promises a canary if one is due, unless that was promised just now."""
    last = work.outbox.newest(CANARY)
    if work.canaries.due(now) and not (last is not None and last.created_at <= now < last.created_at + AGAIN):
        work.outbox.renew(CANARY, now)


def dispatch_outbox(database: Database, app: Celery, now: datetime) -> int:
    """Sends what the outbox holds; a message that is sent twice does no harm, one not sent stays."""
    with database.begin() as work:
        rows = work.outbox.unsent()
        for row in rows:
            app.send_task(row.task, args=row.args)
            row.sent_at = now
    return len(rows)


class Sweeper:
    """A thread that sends the outbox as soon as there is something, and looks every `interval` for lost work.

    With `scrub_after` it also offers a slice of scrubbing a minute while any object was not checked for that long, with
    `stamping` it sees to the log's time-stamps, with `canary` to the daily trial of the store.
    """

    def __init__(
        self,
        database: Database,
        app: Celery,
        interval: timedelta = timedelta(seconds=10),
        scrub_after: timedelta | None = None,
        stamping: bool = False,
        canary: bool = False,
    ) -> None:
        self._database = database
        self._app = app
        self._interval = interval
        self._scrub_after = scrub_after
        self._scrub_looked: datetime | None = None
        self._forgot: datetime | None = None
        self._stamping = stamping
        self._canary = canary
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        database.after_commit = self._wake.set

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def sweep(self, now: datetime) -> None:
        """Offers again what a lost message or a dead worker left undone, then sends the outbox."""
        with self._database.begin() as work:
            work.windows.offer_failed(now)
            for hearing_id in work.protocols.overdue(now, waiting=self._interval):
                if work.papers.may_be_tried(hearing_id, DRAFT_PROTOCOL, now):
                    work.outbox.put(DRAFT_PROTOCOL, [hearing_id], now)
            for hearing_id in work.papers.unrendered(now, waiting=self._interval):
                work.outbox.put(RENDER_PROTOCOL, [hearing_id], now)
            for number in work.copies.overdue(now):
                work.outbox.put(MAKE_COPY, [number], now)
            if self._stamping:
                offer_stamp(work, now)
            if self._canary:
                offer_canary(work, now)
        self._offer_scrub(now)
        self._forget_sent(now)
        self._replace_lost(now)
        while dispatch_outbox(self._database, self._app, now):
            pass

    def _replace_lost(self, now: datetime) -> None:
        """As many tasks as windows can be taken: what a broker lost or a dead worker took with it is made up for."""
        with self._database.read() as work:
            windows, promised = work.windows.takeable(now), work.outbox.waiting(TRANSCRIBE_WINDOW)
        missing = windows - promised
        if missing > 0 and (missing := missing - _messages(self._app, WINDOWS)) > 0:
            with self._database.begin() as work:
                for _ in range(missing):
                    work.outbox.put(TRANSCRIBE_WINDOW, [], now)

    def _offer_scrub(self, now: datetime) -> None:
        looked = self._scrub_looked
        if self._scrub_after is None or (looked is not None and looked <= now < looked + SCRUB_EVERY):
            return
        self._scrub_looked = now
        with self._database.read() as work:
            due = work.checks.due(Due(now, stale=now - self._scrub_after), limit=1)
        if due:
            with self._database.begin() as work:
                work.outbox.renew(SCRUB, now)

    def _forget_sent(self, now: datetime) -> None:
        if self._forgot is None or not self._forgot <= now < self._forgot + FORGET_EVERY:
            with self._database.begin() as work:
                work.outbox.forget_sent(now - SENT_KEPT)
            self._forgot = now

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.sweep(datetime.now(UTC))
            except (BrokerError, DBAPIError) as error:  # broker or database is away: the outbox keeps everything
                _log.warning("sweep_failed", error=str(error))
            self._wake.wait(self._interval.total_seconds())
            self._wake.clear()


def _messages(app: Celery, queue: str) -> int:
    """How many wait in the broker; those that a worker has in hand are not among them."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1)
        return int(connection.default_channel.queue_declare(queue).message_count)


class EmbeddedWorker:
    """A real Celery worker in a thread of this process, for the one-machine installation."""

    def __init__(self, app: Celery) -> None:
        self._ready = threading.Event()
        self._worker = app.WorkController(
            app=app,
            pool="solo",
            concurrency=1,
            loglevel="WARNING",
            hostname="embedded@localhost",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
            ready_callback=lambda consumer: self._ready.set(),
        )
        self._app = app
        self._thread = threading.Thread(target=self._run, name="celery-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finishes the task at hand and ends the worker."""
        while self._thread.is_alive() and not self._ready.wait(_LOOK_EVERY):
            pass  # stopped before its consumer is up, Celery's worker breaks
        self._worker.stop(in_sighandler=False)
        self._thread.join()
        _set_task_join_will_block(False)  # Celery's worker sets it for the whole process, and leaves it

    def _run(self) -> None:
        self._app.set_current()  # per thread: where Celery looks a delivered task's name up
        self._worker.start()
