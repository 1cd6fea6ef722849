"""What people decided about a hearing for its protocol, as its entries in the log state it: stages and attendance."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from court.attendance import Attendance, Tick
from court.stages import StageDecision, StageKind
from storage.db.models import LogEntry
from storage.ledger.leaf import LeafKind, parse

DECISIONS = (LeafKind.STAGE, LeafKind.ATTENDANCE)


class Decisions:
    """Decisions inside one transaction. Each is an entry; there is no table beside the log that could say otherwise."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def stages(self, hearing_id: str) -> list[StageDecision]:
        """In the order they were made."""
        return [
            StageDecision(StageKind(one["stage"]), one["at_ms"] / 1000, one["accepted"], one["by"])
            for one in self._bodies(hearing_id, LeafKind.STAGE)
        ]

    def attendance(self, hearing_id: str) -> list[Tick]:
        """In the order they were ticked."""
        return [_tick(one) for one in self._bodies(hearing_id, LeafKind.ATTENDANCE)]

    def _bodies(self, hearing_id: str, kind: LeafKind) -> list[Mapping[str, Any]]:
        query = select(LogEntry.entry).where(LogEntry.hearing_id == hearing_id, LogEntry.kind == kind)
        return [parse(entry).body for entry in self._session.scalars(query.order_by(LogEntry.index))]


def _tick(body: Mapping[str, Any]) -> Tick:
    at = None if body["at_ms"] is None else body["at_ms"] / 1000
    return Tick(body["participant"], body["name"], Attendance(body["attendance"]), at, body["by"])
