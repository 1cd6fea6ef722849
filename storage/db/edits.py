"""The working copy of a hearing's protocol, and the comments on it, inside one transaction."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.db.models import ProtocolComment, ProtocolEdit


class Edits:
    """Edits inside one transaction; whoever writes holds the hearing's lock."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, hearing_id: str) -> Sequence[ProtocolEdit]:
        query = select(ProtocolEdit).where(ProtocolEdit.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(ProtocolEdit.id)).all()

    def field(self, hearing_id: str, field: str) -> ProtocolEdit | None:
        query = select(ProtocolEdit).where(ProtocolEdit.hearing_id == hearing_id, ProtocolEdit.field == field)
        return self._session.scalars(query).first()

    def version(self, hearing_id: str) -> int:
        """How many edits the working copy has had."""
        newest = select(func.max(ProtocolEdit.version)).where(ProtocolEdit.hearing_id == hearing_id)
        return self._session.scalar(newest) or 0

    def add(self, row: ProtocolEdit | ProtocolComment) -> None:
        self._session.add(row)
        self._session.flush()

    def comments(self, hearing_id: str) -> Sequence[ProtocolComment]:
        """In the order in which they were made."""
        query = select(ProtocolComment).where(ProtocolComment.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(ProtocolComment.id)).all()

    def comment(self, hearing_id: str, number: int) -> ProtocolComment | None:
        found = self._session.get(ProtocolComment, number)
        return found if found is not None and found.hearing_id == hearing_id else None
