"""Versions of transcripts: who asked for which, how far they are, which one is shown."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from storage.db.decisions import DECISIONS
from storage.db.hearings import Hearings
from storage.db.models import Correction, Hearing, LogEntry, TranscriptRun, Window
from storage.runs import Run, shown_run
from storage.turns import FIRST_RUN


class Runs:
    """Runs inside one transaction. A spare recording shares those of the hearing it belongs to."""

    def __init__(self, session: Session, hearings: Hearings) -> None:
        self._session = session
        self._hearings = hearings

    def asked(self, hearing_id: str) -> Sequence[TranscriptRun]:
        """Those that somebody asked for, in order; the first run makes itself and is none of them."""
        query = select(TranscriptRun).where(TranscriptRun.hearing_id == self._first(hearing_id).id)
        return self._session.scalars(query.order_by(TranscriptRun.number)).all()

    def numbers(self, hearing_id: str) -> list[int]:
        return [FIRST_RUN, *(one.number for one in self.asked(hearing_id))]

    def model(self, hearing_id: str, run: int) -> str:
        """The model the run was asked for with, '' where the settings choose."""
        return next((one.model for one in self.asked(hearing_id) if one.number == run), "")

    def add(self, hearing: Hearing, model: str, by: str, now: datetime) -> TranscriptRun:
        number = self.numbers(hearing.id)[-1] + 1
        row = TranscriptRun(hearing_id=hearing.id, number=number, model=model, asked_by=by, asked_at=now)
        self._session.add(row)
        self._session.flush()
        return row

    def of(self, hearing_id: str) -> list[Run]:
        """How far each run is, in order."""
        first = self._first(hearing_id)
        parts = [first.id, *(one.id for one in self._hearings.spares(first.id))]
        counts = func.count(), _counted("pending", "claimed"), _counted("failed")
        query = select(Window.run, *counts).where(Window.hearing_id.in_(parts)).group_by(Window.run)
        rows = self._session.execute(query.order_by(Window.run))
        return [Run(run, windows, unfinished, failed) for run, windows, unfinished, failed in rows]

    def shown(self, hearing_id: str) -> int:
        """The run whose text pages, draft and search take (storage.runs)."""
        return shown_run(self.of(hearing_id), self._first(hearing_id).chosen_run)

    def corrections(self, hearing_id: str, run: int) -> int:
        """How often people changed what a draft of that run is made of: corrections of its text, those of the spare
        recordings included, and decisions of the hearing (storage.db.decisions)."""
        parts = [hearing_id, *(one.id for one in self._hearings.spares(hearing_id))]
        query = select(func.count()).where(Correction.run == run, Correction.hearing_id.in_(parts))
        decided = select(func.count()).where(LogEntry.hearing_id == hearing_id, LogEntry.kind.in_(DECISIONS))
        return (self._session.scalar(query) or 0) + (self._session.scalar(decided) or 0)

    def _first(self, hearing_id: str) -> Hearing:
        hearing = self._hearings.get(hearing_id)
        if hearing is None:
            raise LookupError(f"no hearing {hearing_id}")
        return self._hearings.first_of(hearing) or hearing


def _counted(*states: str) -> ColumnElement[int]:
    return func.sum(case((Window.state.in_(states), 1), else_=0))
