"""Claims are kept while their worker lives, and given back where it must end before their windows are done."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from court.clock import Clock
from storage.db.models import Window
from storage.db.unit_of_work import Database
from storage.db.windows import LEASE
from storage.queue import TRANSCRIBE_WINDOW

RENEWED_EVERY = LEASE / 4
LONGEST = timedelta(minutes=15)
"""Nothing takes so long on the windows of one task; a worker that hangs keeps them no longer."""
GRACE = timedelta(seconds=30)
"""For the windows at hand once the worker was told to end; whatever ends it by force waits longer (deploy/)."""
_LOOK_EVERY = 0.25

_log = structlog.get_logger(__name__)


class Drain:
    """Whether the worker was told to end, and its task has had its `grace` to finish."""

    def __init__(self, grace: timedelta = GRACE) -> None:
        self._grace = grace.total_seconds()
        self._over_at: float | None = None

    def begin(self) -> None:
        """May be called in a signal handler, and again."""
        if self._over_at is None:
            self._over_at = time.monotonic() + self._grace

    @property
    def over(self) -> bool:
        return self._over_at is not None and time.monotonic() >= self._over_at


@contextmanager
def kept(database: Database, clock: Clock, drain: Drain, windows: Sequence[Window]) -> Iterator[None]:
    """Renews the claims on `windows` for the length of the block, by a thread beside it.

    Where the drain is over it gives those that are not done back, each with a task for another worker; whatever the
    block finds then is discarded by the check that it makes before storing.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_keep, args=(database, clock, drain, windows, ended), name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _keep(database: Database, clock: Clock, drain: Drain, windows: Sequence[Window], ended: threading.Event) -> None:
    began = renewed = time.monotonic()
    while not ended.wait(_LOOK_EVERY) and time.monotonic() - began < LONGEST.total_seconds():
        try:
            if drain.over:
                _give_back(database, windows, clock.now().utc)
                return
            if time.monotonic() - renewed >= RENEWED_EVERY.total_seconds():
                renewed = time.monotonic()
                with database.begin() as work:
                    for window in windows:
                        work.windows.renew(window, clock.now().utc)
        except DBAPIError as error:  # the database is away: the lease may end, then another worker has the window
            _log.warning("claim_not_renewed", error=str(error))


def _give_back(database: Database, windows: Sequence[Window], now: datetime) -> None:
    with database.begin() as work:
        for window in windows:
            if work.windows.release(window, now):
                work.outbox.put(TRANSCRIBE_WINDOW, [], now)
    sequences = [window.sequence for window in windows]
    _log.info("windows_given_back", hearing=windows[0].hearing_id, sequences=sequences)
