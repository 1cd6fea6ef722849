"""What people decided about a hearing, as its entries in the log state it: stages, attendance, the protocol's term."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from court.attendance import Attendance, Tick
from court.stages import StageDecision, StageKind
from court.terms import TermDecision
from storage.db.models import LogEntry
from storage.ledger.leaf import LeafKind, parse

DECISIONS = (LeafKind.STAGE, LeafKind.ATTENDANCE)
"""Those that change what a draft says."""


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

    def terms(self, hearings: Collection[str]) -> dict[str, TermDecision]:
        """The last one of each hearing that has any."""
        query = select(LogEntry.hearing_id, LogEntry.entry).where(LogEntry.kind == LeafKind.TERM)
        rows = self._session.execute(query.where(LogEntry.hearing_id.in_(hearings)).order_by(LogEntry.index))
        return {hearing_id: TermDecision(**parse(entry).body) for hearing_id, entry in rows}

    def _bodies(self, hearing_id: str, kind: LeafKind) -> list[Mapping[str, Any]]:
        query = select(LogEntry.entry).where(LogEntry.hearing_id == hearing_id, LogEntry.kind == kind)
        return [parse(entry).body for entry in self._session.scalars(query.order_by(LogEntry.index))]


def _tick(body: Mapping[str, Any]) -> Tick:
    at = None if body["at_ms"] is None else body["at_ms"] / 1000
    return Tick(body["participant"], body["name"], Attendance(body["attendance"]), at, body["by"])
