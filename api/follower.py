"""Keeps the two nodes of a room in step, as long as the server runs."""

from contextlib import AbstractContextManager

from api.context import Context
from api.repeating import repeating
from api.room_nodes import Known, RoomNodes
from court.hearing import HearingState

EVERY = 1.0
"""Seconds."""


def known_hearing(context: Context, hearing_id: str) -> Known | None:
    """What the court's log knows of it; None until its first entry has come."""
    with context.database.read() as uow:
        hearing = uow.hearings.get(hearing_id)
    return None if hearing is None else Known(hearing.card, HearingState(hearing.state).live)


def following(context: Context, nodes: RoomNodes) -> AbstractContextManager[None]:
    """Keeps the nodes in step for the length of the block; while the database is away, they record on."""
    return repeating("follower", EVERY, lambda: nodes.follow(lambda hearing_id: known_hearing(context, hearing_id)))
