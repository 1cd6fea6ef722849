"""What retention asks of the database: a hearing's entries, who else needs its objects, and the acts proposed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from storage.db.models import DestructionAct, Hearing, LogEntry, Protocol, Segment, StoredObjectRow
from storage.ledger.leaf import LeafKind

_NAMING: tuple[type[Segment | Protocol], ...] = (Segment, Protocol)
"""The tables whose rows name a stored object of a hearing."""


class Acts:
    """Retention inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, act_id: str) -> DestructionAct | None:
        return self._session.get(DestructionAct, act_id)

    def add(self, row: DestructionAct) -> None:
        self._session.add(row)

    def all(self) -> Sequence[DestructionAct]:
        """Oldest first: their ids sort by time."""
        return self._session.scalars(select(DestructionAct).order_by(DestructionAct.id)).all()

    def hearings(self) -> Sequence[Hearing]:
        """All of them, oldest first."""
        return self._session.scalars(select(Hearing).order_by(Hearing.started_at, Hearing.id)).all()

    def entries(self, hearing_id: str, *kinds: LeafKind) -> Sequence[bytes]:
        """The hearing's entries in log order; of the given kinds, or all."""
        query = select(LogEntry.entry).where(LogEntry.hearing_id == hearing_id)
        if kinds:
            query = query.where(LogEntry.kind.in_(kinds))
        return self._session.scalars(query.order_by(LogEntry.index)).all()

    def objects(self, hearing_id: str) -> Sequence[StoredObjectRow]:
        """The list's rows of what the hearing's tables name."""
        named = [select(model.sha256).where(model.hearing_id == hearing_id) for model in _NAMING]
        query = select(StoredObjectRow).where(StoredObjectRow.sha256.in_(named[0].union(*named[1:])))
        return self._session.scalars(query.order_by(StoredObjectRow.sha256)).all()

    def locked_until(self, hearing_id: str) -> list[datetime]:
        """The latest moment until which any object of this hearing alone was stored, for each kind that has one.

        What another hearing names too is stored for that one's sake as well, and looked at object by object.
        """
        found = []
        for model in _NAMING:
            other = aliased(model)
            shared = select(other.id).where(other.sha256 == model.sha256, other.hearing_id != hearing_id)
            query = select(func.max(StoredObjectRow.retain_until)).join(model, model.sha256 == StoredObjectRow.sha256)
            found.append(self._session.scalar(query.where(model.hearing_id == hearing_id, ~shared.exists())))
        return [moment for moment in found if moment is not None]

    def elsewhere(self, hearing_id: str) -> dict[str, set[str]]:
        """The other hearings that name an object of this one, by its SHA-256."""
        found: dict[str, set[str]] = {}
        for model in _NAMING:
            other = aliased(model)
            query = select(other.sha256, other.hearing_id).join(model, model.sha256 == other.sha256)
            query = query.where(model.hearing_id == hearing_id, other.hearing_id != hearing_id)
            for sha256, named_by in self._session.execute(query.distinct()):
                if sha256 is not None:
                    found.setdefault(sha256, set()).add(named_by)
        return found
