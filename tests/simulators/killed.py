"""Processes that kill themselves before one of their steps, with SIGKILL; `None` for a limit lets them live.

What was acknowledged to them they tell in a file, a line each, before they go on.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import event

from storage.db.sealer import LogSealer
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind
from tests.factories.deliveries import deliver, made
from tests.factories.hearing_log import HEARING, SERVER
from tests.factories.server import LOG_RING, SetClock
from tests.simulators.steps import Steps

PROCESSES = multiprocessing.get_context("forkserver")
"""Each is forked from a clean process that has this module loaded already."""
PROCESSES.set_forkserver_preload([__name__])


class _Told(list[str]):
    """Writes down what is appended."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def append(self, one: str) -> None:
        os.write(self._file, f"{one}\n".encode())

    def extend(self, several: Iterable[str]) -> None:
        for one in several:
            self.append(one)


def deliver_segments(home: Path, limit: int | None, told: Path) -> None:
    """Delivers a hearing of two segments to a server on `home`; told are the SHA-256 of objects and entries."""
    steps, acknowledged = Steps(home, limit), _Told(told)
    with steps.watched():
        deliver(home, acknowledged, made(2))


def append(url: str, home: Path, name: str, limit: int | None, told: Path, stop: Path | None) -> None:
    """Appends views by `name` to the log: one, or more and more until `stop` exists.

    Told are `<index> <SHA-256 of the entry>`; a step is a statement, a commit, or what is done to the home's files.
    """
    database, clock = Database(url), SetClock()
    database.sealer = LogSealer(LOG_RING, "courtrec", clock, home / "keys" / "log.checkpoint")
    steps = Steps(home, limit)
    event.listen(database.engine, "before_cursor_execute", lambda *_: steps.step("statement"))
    event.listen(database.engine, "commit", lambda *_: steps.step("commit"))
    acknowledged = _Told(told)
    body = {"actor": name, "role": "judge", "action": "view", "object": "card", "ground": "", "address": ""}
    with steps.watched():
        while True:
            with database.begin() as work:
                index = work.log.record(LeafKind.ACCESS, HEARING, clock.utc, body, SERVER)
                row = work.log.entry(index)
                assert row is not None
                sha256 = hashlib.sha256(row.entry).hexdigest()
            acknowledged.append(f"{index} {sha256}")
            if stop is None or stop.exists():
                return
