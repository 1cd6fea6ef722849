"""Something the server does again and again on a thread of its own, for the length of a block."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError

from court.errors import CourtError

_log = structlog.get_logger(__name__)


@contextmanager
def repeating(name: str, seconds: float, step: Callable[[], None]) -> Iterator[None]:
    """Calls `step` every so many seconds. A step that fails, with the database away, say, is told in the log and tried
    again with the next."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(seconds):
            try:
                step()
            except (CourtError, DBAPIError) as error:
                _log.warning("step_failed", thread=name, error=str(error))

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
