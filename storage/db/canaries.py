"""What came of the canaries that were put into the store, inside one transaction."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.db.models import StoreCanary

EVERY = timedelta(days=1)
AGAIN = timedelta(minutes=10)
"""How soon a store is tried again that failed or was away: somebody is mending it, and hearings wait."""


class Outcome(StrEnum):
    """A store that was not reached has neither kept its promise nor broken it."""

    PROVEN = "proven"
    FAILED = "failed"
    UNREACHED = "unreached"


class Canaries:
    """Of each outcome the newest canary is kept."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, outcome: Outcome, at: datetime, sentence: str = "") -> None:
        """`sentence` says what is wrong."""
        self._session.execute(delete(StoreCanary).where(StoreCanary.outcome == outcome))
        self._session.add(StoreCanary(outcome=outcome.value, at=at, sentence=sentence))

    def newest(self) -> StoreCanary | None:
        return self._session.scalars(select(StoreCanary).order_by(StoreCanary.id.desc()).limit(1)).first()

    def verdict(self) -> StoreCanary | None:
        """The newest one that the store answered: what counts until it answers another."""
        answered = select(StoreCanary).where(StoreCanary.outcome != Outcome.UNREACHED)
        return self._session.scalars(answered.order_by(StoreCanary.id.desc()).limit(1)).first()

    def due(self, now: datetime) -> bool:
        last = self.newest()
        if last is None:
            return True
        return not last.at <= now < last.at + (EVERY if last.outcome == Outcome.PROVEN else AGAIN)
