"""Two processes append to one log, and one of them is killed all along the way: the log stays one chain."""

import hashlib
import signal
from pathlib import Path

from api.verification import verify
from storage.db.unit_of_work import Database
from tests.factories.deliveries import deliver_to, made
from tests.factories.server import SetClock, court_context
from tests.simulators.killed import PROCESSES, append

SECONDS = 60
STRIDE = 3
"""Steps between one death and the next: an append has about thirty."""


def test_what_was_acknowledged_is_in_the_one_log(database: Database, tmp_path: Path) -> None:
    context = court_context(database, tmp_path, SetClock())
    deliver_to(context, [], made(1))
    url, told, stop = database.url, tmp_path / "told", tmp_path / "stop"
    steady = PROCESSES.Process(target=append, args=(url, tmp_path, "steady", None, told, stop))
    steady.start()
    try:
        kills = 0
        while True:
            killed = PROCESSES.Process(target=append, args=(url, tmp_path, "killed", STRIDE * kills, told, None))
            killed.start()
            killed.join(SECONDS)
            if killed.exitcode == 0:
                break
            assert killed.exitcode == -signal.SIGKILL
            kills += 1
        assert steady.is_alive()
    finally:
        stop.touch()
        steady.join(SECONDS)
    assert steady.exitcode == 0
    assert kills > 7

    assert list(verify(context)) == []
    with database.read() as work:
        rows = list(work.log.entries())
        assert work.log.head().size == len(rows)
    assert [row.index for row in rows] == list(range(len(rows)))
    present = {(row.index, hashlib.sha256(row.entry).hexdigest()) for row in rows}
    lines = told.read_text().splitlines()
    assert {(int(index), sha256) for index, sha256 in map(str.split, lines)} <= present
    assert len(lines) > kills
