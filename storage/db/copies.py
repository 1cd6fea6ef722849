"""Copies inside one transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.db.models import Copy, CopyFile

ORDERED, READY, FAILED = "ordered", "ready", "failed"
OFFER_AGAIN = timedelta(minutes=10)
MOST_ATTEMPTS = 3


class Copies:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: Copy) -> Copy:
        """Gives it its number."""
        self._session.add(row)
        self._session.flush()
        return row

    def get(self, number: int) -> Copy | None:
        return self._session.get(Copy, number, populate_existing=True)

    def of(self, hearing_id: str) -> Sequence[Copy]:
        """In the order in which they were ordered."""
        return self._session.scalars(select(Copy).where(Copy.hearing_id == hearing_id).order_by(Copy.id)).all()

    def by_link(self, link_hash: str, now: datetime) -> Copy | None:
        """The copy that a valid link leads to."""
        query = select(Copy).where(Copy.link_hash == link_hash, Copy.link_until > now, Copy.state == READY)
        return self._session.scalars(query).first() if link_hash else None

    def gave(self, files: Iterable[str], leaf_index: int) -> None:
        """Files (SHA-256) that the entry states were handed out."""
        self._session.add_all(CopyFile(sha256=one, leaf_index=leaf_index) for one in files)

    def entry_of(self, sha256: str) -> int | None:
        """The first entry that states this file of a copy."""
        query = select(CopyFile.leaf_index).where(CopyFile.sha256 == sha256).order_by(CopyFile.id)
        return self._session.scalars(query).first()

    def overdue(self, now: datetime) -> list[int]:
        """Those whose task a broker may have lost: promised again from now on."""
        query = select(Copy).where(Copy.state == ORDERED, Copy.offered_at < now - OFFER_AGAIN)
        rows = self._session.scalars(query).all()
        for row in rows:
            row.offered_at = now
        return [row.id for row in rows]
