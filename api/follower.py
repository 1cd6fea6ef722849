"""A thread of the server that keeps the two nodes of a room in step."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError

from api.context import Context
from api.room_nodes import Known, RoomNodes
from court.errors import CourtError
from court.hearing import HearingState

EVERY = 1.0
"""Seconds."""

_log = structlog.get_logger(__name__)


def known_hearing(context: Context, hearing_id: str) -> Known | None:
    """What the court's log knows of it; None until its first entry has come."""
    with context.database.read() as uow:
        hearing = uow.hearings.get(hearing_id)
    return None if hearing is None else Known(hearing.card, HearingState(hearing.state).live)


@contextmanager
def following(context: Context, nodes: RoomNodes) -> Iterator[None]:
    """Keeps the nodes in step for the length of the block."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.wait(EVERY):
            try:
                nodes.follow(lambda hearing_id: known_hearing(context, hearing_id))
            except (CourtError, DBAPIError) as error:  # the database is away: the nodes record on
                _log.warning("nodes_not_followed", error=str(error))

    thread = threading.Thread(target=run, name="follower", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
