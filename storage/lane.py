"""A thread beside a worker, for what takes so long that the worker's other tasks must not wait for it."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

_log = structlog.get_logger(__name__)


class Lane:
    """Does deeds one after the other. It ends with the process, in the middle of one if need be: what has to be done
    stands in the database and is offered again."""

    def __init__(self, name: str) -> None:
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def put(self, deed: Callable[[], None]) -> None:
        """Returns at once. For the one thread that runs the worker's tasks."""
        self._waiting.put(deed)
        if not self._thread.is_alive():
            self._thread.start()

    def _run(self) -> None:
        while True:
            deed = self._waiting.get()
            try:
                deed()
            except Exception:  # noqa: BLE001 - the next deed is another one's
                _log.exception("deed_failed", lane=self._thread.name)
