"""Drafts to be drawn up and PDFs to be rendered: which are missing, how often each was tried, what was given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session, aliased

from storage.db.models import Hearing, OutboxRow, PaperTask, Protocol
from storage.db.work import MAX_ATTEMPTS

RENDER = "protocol.render"  # the task's name in the outbox
AT_IT = timedelta(minutes=2)
"""An attempt that has not ended for so long died with its worker."""
_DIED = f"The worker died {MAX_ATTEMPTS} times at this."


class Papers:
    """Attempts at papers inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, hearing_id: str, task: str) -> PaperTask | None:
        query = select(PaperTask).where(PaperTask.hearing_id == hearing_id, PaperTask.task == task)
        return self._session.scalars(query).first()

    def begin(self, hearing_id: str, task: str, now: datetime) -> bool:
        """Counts an attempt that begins now; False where it was given up, until somebody has it tried again.

        The caller holds the hearing's lock.
        """
        row = self.get(hearing_id, task)
        if row is None:
            row = PaperTask(hearing_id=hearing_id, task=task, attempts=0, tried_at=now, error="")
            self._session.add(row)
        if row.attempts >= MAX_ATTEMPTS:
            row.error = row.error or _DIED  # nobody was left to report the attempts before
            return False
        row.attempts, row.tried_at, row.error = row.attempts + 1, now, ""
        self._session.flush()
        return True

    def failed(self, hearing_id: str, task: str, error: str, *, for_good: bool) -> None:
        """What the attempt ended with; `for_good` where no further one can help."""
        row = self.get(hearing_id, task)
        if row is not None:
            row.error = error[:2000]
            row.attempts = MAX_ATTEMPTS if for_good else row.attempts

    def done(self, hearing_id: str, task: str) -> None:
        """It is there, or no longer wanted: the next one has all its attempts."""
        self._session.execute(delete(PaperTask).where(PaperTask.hearing_id == hearing_id, PaperTask.task == task))

    def given_up(self, hearing_id: str = "") -> list[tuple[PaperTask, Hearing]]:
        """What nobody tries any more, of one hearing or of all: of the newest hearing first."""
        query = select(PaperTask, Hearing).join(Hearing, Hearing.id == PaperTask.hearing_id)
        query = query.where(PaperTask.attempts >= MAX_ATTEMPTS, PaperTask.error != "")
        query = query.order_by(Hearing.started_at.desc(), Hearing.id, PaperTask.task)
        found = self._session.execute(query.where(PaperTask.hearing_id == hearing_id) if hearing_id else query)
        return [(row, hearing) for row, hearing in found]

    def unrendered(self, now: datetime, waiting: timedelta) -> Sequence[str]:
        """Hearings whose newest draft lacks its PDF though nobody is at it, offered last before `waiting` ago."""
        newer = aliased(Protocol)
        query = select(Protocol.hearing_id).join(Hearing, Hearing.id == Protocol.hearing_id)
        query = query.where(
            Protocol.sha256.is_(None),
            Hearing.state == "draft",
            ~exists().where(newer.hearing_id == Protocol.hearing_id, newer.revision > Protocol.revision),
        )
        found = self._session.scalars(query.order_by(Protocol.hearing_id)).all()
        recent = select(OutboxRow.args).where(OutboxRow.task == RENDER, OutboxRow.created_at > now - waiting)
        offered = [args[0] for args in self._session.scalars(recent)] if found else []
        return [one for one in found if one not in offered and self.may_be_tried(one, RENDER, now)]

    def may_be_tried(self, hearing_id: str, task: str, now: datetime) -> bool:
        """Whether it was not given up and, as far as anybody knows, nobody is at it."""
        row = self.get(hearing_id, task)
        if row is None:
            return True
        return row.attempts < MAX_ATTEMPTS if row.error else row.tried_at <= now - AT_IT
