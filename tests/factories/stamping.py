"""A court whose log a real time-stamp authority stamps, and what a test asks of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from api.composition import stamp_context
from storage.db.models import OutboxRow, Timestamp
from storage.db.unit_of_work import Database
from storage.queue import STAMP_LOG
from storage.stamping import stamp_log
from tests.factories.server import Server, make_server
from tests.services.timestamps import TimestampServer

PAST = datetime(2020, 1, 6, 4, 0, tzinfo=UTC)


def stamped_server(database: Database, folder: Path, authority: TimestampServer, **settings: Any) -> Server:
    """A court that recorded long before the authority's clock, which is this machine's."""
    made = make_server(database, folder, timestamp_url=authority.url, timestamp_roots=authority.roots, **settings)
    made.clock.utc = PAST + timedelta(minutes=10)
    return made


def promised(server: Server) -> list[int]:
    with server.context.database.read() as work:
        rows = work.session.scalars(sa.select(OutboxRow).where(OutboxRow.task == STAMP_LOG).order_by(OutboxRow.id))
        return [row.args[0] for row in rows]


def stamp(server: Server, size: int | None = None) -> bool:
    return stamp_log(stamp_context(server.context), promised(server)[-1] if size is None else size)


def kept(server: Server) -> list[Timestamp]:
    with server.context.database.read() as work:
        return list(work.timestamps.all())


def log_size(server: Server) -> int:
    with server.context.database.read() as work:
        return work.log.head().size


def note_of(server: Server, size: int) -> str:
    with server.context.database.read() as work:
        row = work.log.signed_at(size)
        assert row is not None
        return row.note
