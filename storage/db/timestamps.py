"""Tokens of a time-stamp authority for the log's checkpoints, inside one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from court.hearing import HearingState
from storage.db.models import LogHead, StateChange, Timestamp

EVERY = timedelta(days=1)
"""A log that grew gets a token at least so often, whether or not a hearing ended."""


class Timestamps:
    """Which part of the log has a token, and which one wants one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self) -> Sequence[Timestamp]:
        """In order of what they cover."""
        return self._session.scalars(select(Timestamp).order_by(Timestamp.size, Timestamp.at)).all()

    def newest(self) -> Timestamp | None:
        """The one that covers most."""
        query = select(Timestamp).order_by(Timestamp.size.desc(), Timestamp.at.desc())
        return self._session.scalars(query.limit(1)).first()

    def first_and_last(self, least: int, most: int) -> list[Timestamp]:
        """Of the tokens that cover at least `least` and at most `most` entries that of fewest and that of most."""
        query = select(Timestamp).where(Timestamp.size.between(least, most))
        first = self._session.scalars(query.order_by(Timestamp.size, Timestamp.at).limit(1)).all()
        last = self._session.scalars(query.order_by(Timestamp.size.desc(), Timestamp.at.desc()).limit(1)).all()
        return list(dict.fromkeys([*first, *last]))

    def add(self, size: int, authority: str, token: bytes, at: datetime) -> bool:
        """Keeps a token; False if that authority's token for these entries is here already."""
        self._session.get(LogHead, 1, with_for_update=True)  # one writer at a time
        if self._session.get(Timestamp, (size, authority)) is not None:
            return False
        self._session.add(Timestamp(size=size, authority=authority, token=token, at=at))
        return True

    def due(self, now: datetime) -> int | None:
        """How many entries a token must cover by now, None if those there are suffice.

        The end of a hearing wants one at once, all else within `EVERY`.
        """
        newest = self.newest()
        covered = newest.size if newest else 0
        ends = select(func.max(StateChange.leaf_index)).where(StateChange.state == HearingState.ENDED.value)
        ended = self._session.scalar(ends)
        if ended is not None and ended >= covered:
            return ended + 1
        head = self._session.get(LogHead, 1)
        if head is None or head.size <= covered or (newest is not None and newest.at > now - EVERY):
            return None
        return covered + 1
