"""A court's home on SQLite, what a node delivers to it, and what is there afterwards."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from api.context import Context
from api.ingest import accept, keep_object, open_batch
from api.nodes import enrol_own
from storage.db.migrate import upgrade
from storage.db.models import StoredObjectRow
from storage.db.unit_of_work import Database
from storage.worm.port import read_object
from tests.factories.hearing_log import HEARING, NODE, HearingLog, add_segment, open_hearing
from tests.factories.server import SetClock, court_context


def migrated(home: Path) -> Path:
    """A home whose database is empty."""
    database = Database(f"sqlite:///{home}/courtrec.db")
    upgrade(database.engine)
    database.dispose()
    return home


@contextmanager
def opened(home: Path) -> Iterator[Context]:
    """As a fresh process opens it."""
    database = Database(f"sqlite:///{home}/courtrec.db")
    try:
        yield court_context(database, home, SetClock())
    finally:
        database.dispose()


def made(segments: int) -> HearingLog:
    log = HearingLog()
    open_hearing(log)
    for sequence in range(segments):
        add_segment(log, "mic-judge", sequence, 10 * sequence, 10 * sequence + 10)
    return log


def deliver(home: Path, done: list[Any], log: HearingLog) -> None:
    """What a node sends to a server on `home`, opened for it."""
    with opened(home) as context:
        deliver_to(context, done, log)


def deliver_to(context: Context, done: list[Any], log: HearingLog) -> None:
    """All objects, then all entries; what the server has already it is sent again. `done` gets what it acknowledged,
    by SHA-256."""
    enrol_own(context, NODE.public)
    for sha256, content in log.objects.items():
        keep_object(context, sha256, io.BytesIO(content), len(content))
        done.append(sha256)
    accept(context, open_batch(log.entries, NODE.public))
    done.extend(hashlib.sha256(entry).hexdigest() for entry in log.entries)


def present(context: Context) -> set[str]:
    """SHA-256 of what is there: the node's entries of the hearing, and listed objects, whose bytes must be right."""
    with context.database.read() as work:
        own = [row.entry for row in work.log.entries(HEARING) if row.author == NODE.key_id]
        entries = {hashlib.sha256(entry).hexdigest() for entry in own}
        objects = {*work.session.scalars(select(StoredObjectRow.sha256))}
    for sha256 in objects:
        read_object(context.store, sha256)
    return entries | objects
