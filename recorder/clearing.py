"""Deletes the node's copies of segments that the server has, once they were kept long enough. Entries always stay.

A copy goes only if the server has acknowledged its entry and its bytes, and has just read them back in the version it
acknowledged; never of a hearing that is not finished. The spool says so before the file is touched: whenever this is
killed, the next call finds what was to be deleted, and nothing that was not to be.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from recorder.errors import Undelivered
from recorder.spool import Spool
from storage.durable import fsync_folder

BATCH = 16
"""Copies asked about in one request: the server reads each of them whole before it answers."""

Whole = Callable[[Sequence[str]], set[str]]
"""Those of the SHA-256 that the server read back just now and found right; raises Undelivered if it does not answer."""

_DUE = """
SELECT position, file, sha256, size FROM entry JOIN hearing ON hearing.id = entry.hearing
WHERE file != '' AND local = 'here' AND sent = 1 AND stored = 1 AND ended = 1 AND written_at < ? AND position > ?
ORDER BY position LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Copies deleted here so far, and their bytes."""

    count: int
    size: int


def clear(spool: Spool, whole: Whole, now: datetime, keep: timedelta) -> int:
    """Deletes the copies written more than `keep` before `now` that the server answers for; returns how many.

    Raises Undelivered if it does not answer, OSError where the disk fails; the same call goes on with the rest.
    """
    finish(spool)
    deleted, last = 0, 0
    while rows := spool.rows(_DUE, (now - keep).timestamp(), last, BATCH):
        last = rows[-1][0]
        right = whole([sha256 for _, _, sha256, _ in rows])
        going = [position for position, _, sha256, _ in rows if sha256 in right]
        with spool.change() as db:
            # Looked at again: meanwhile somebody may have asked for everything to be sent again.
            db.executemany(
                "UPDATE entry SET local = 'going' WHERE position = ? AND local = 'here' AND sent = 1 AND stored = 1",
                [(one,) for one in going],
            )
        deleted += finish(spool)
    return deleted


def finish(spool: Spool) -> int:
    """Deletes the files of which the spool says that they go, and then says that they are gone; returns how many."""
    rows = spool.rows("SELECT position, file FROM entry WHERE local = 'going'")
    paths = [spool.folder / file for _, file in rows]
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        fsync_folder(folder)
    with spool.change() as db:
        db.executemany("UPDATE entry SET local = 'gone' WHERE position = ?", [(position,) for position, _ in rows])
    return len(rows)


def cleared(spool: Spool) -> Cleared:
    """What was deleted here."""
    query = "SELECT count(*), coalesce(sum(size), 0) FROM entry WHERE local IN ('going', 'gone')"
    return Cleared(*spool.rows(query)[0])


def asking(client: httpx.Client) -> Whole:
    """Asks the server behind `client`."""

    def whole(objects: Sequence[str]) -> set[str]:
        try:
            answer = client.post("/api/ingest/checks", json={"objects": list(objects)})
            return {*answer.raise_for_status().json()["whole"]} & {*objects}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise Undelivered(f"The server does not say what it has ({error or type(error).__name__}).") from None

    return whole
