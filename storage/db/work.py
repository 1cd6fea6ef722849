"""Work on recordings: transcription windows and their claims, utterances, protocols, and the outbox."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from storage.db.models import Hearing, LogEntry, OutboxRow, Protocol, Utterance, Window
from storage.ledger.leaf import LeafKind, parse

DRAFT = "protocol.draft"  # the task's name in the outbox
NO_RECOGNISER = "no_recogniser"  # why a window was given up: nothing at this court recognises the hearing's language
MAX_ATTEMPTS = 5
LEASE = timedelta(minutes=15)  # a work unit is ≤ 10 min of sound, so a claim this old belongs to a dead worker


class Windows:
    """Transcription windows inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, hearing_id: str, sequence: int) -> Window | None:
        query = select(Window).where(Window.hearing_id == hearing_id, Window.sequence == sequence)
        return self._session.scalars(query).first()

    def of(self, hearing_id: str) -> Sequence[Window]:
        query = select(Window).where(Window.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(Window.sequence)).all()

    def add(self, hearing_id: str, sequence: int, offered: datetime | None = None) -> bool:
        """Makes the window pending, `offered` with this change or not yet; False when it was there already."""
        if self.get(hearing_id, sequence) is not None:
            return False
        self._session.add(
            Window(hearing_id=hearing_id, sequence=sequence, state="pending", offered_at=offered, attempts=0, error="")
        )
        self._session.flush()
        return True

    def claim(self, hearing_id: str, sequence: int, now: datetime) -> bool:
        """Takes the window for this worker: True for exactly one of any number of callers."""
        free = or_(
            Window.state == "pending",
            and_(Window.state == "claimed", Window.claimed_at < now - LEASE),
        )
        claimed = self._session.scalars(
            update(Window)
            .where(Window.hearing_id == hearing_id, Window.sequence == sequence, free)
            .values(state="claimed", claimed_at=now, attempts=Window.attempts + 1)
            .returning(Window.sequence)
        )
        return claimed.one_or_none() is not None

    def done(self, hearing_id: str, sequence: int) -> None:
        self._set(hearing_id, sequence, state="done", error="", reason="")

    def failed(self, hearing_id: str, sequence: int, error: str, for_good: str = "") -> bool:
        """Gives the window back for another attempt, or up after MAX_ATTEMPTS or where none can help (then True).

        `for_good` is the reason why none can help, as in Window.
        """
        window = self.get(hearing_id, sequence)
        final = bool(for_good) or (window is not None and window.attempts >= MAX_ATTEMPTS)
        state = "failed" if final else "pending"
        self._set(hearing_id, sequence, state=state, offered_at=None, error=error[:2000], reason=for_good)
        return final

    def unfinished(self, hearing_id: str) -> int:
        """How many windows are neither done nor given up."""
        query = select(func.count()).where(Window.hearing_id == hearing_id, Window.state.in_(("pending", "claimed")))
        return self._session.scalar(query) or 0

    def forget_offers(self) -> None:
        """Everything undone waits to be offered anew: for the start of the only worker of an in-memory broker."""
        undone = Window.state.in_(("pending", "claimed"))
        self._session.execute(update(Window).where(undone).values(state="pending", offered_at=None))

    def to_offer(self, now: datetime) -> Sequence[Window]:
        """Windows that wait to be offered, or whose message or worker must have got lost."""
        lost = now - LEASE
        return self._session.scalars(
            select(Window).where(
                or_(
                    and_(Window.state == "claimed", Window.claimed_at < lost),
                    and_(Window.state == "pending", or_(Window.offered_at.is_(None), Window.offered_at < lost)),
                )
            )
        ).all()

    def _set(self, hearing_id: str, sequence: int, **values: Any) -> None:
        self._session.execute(
            update(Window).where(Window.hearing_id == hearing_id, Window.sequence == sequence).values(**values)
        )


class Utterances:
    """What was said, inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, hearing_id: str) -> Sequence[Utterance]:
        """In order of time."""
        query = select(Utterance).where(Utterance.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(Utterance.start_ms, Utterance.id)).all()

    def newest(self, hearing_id: str) -> Sequence[Utterance]:
        """What the newest transcription of each window found, in order of time; the ledger tells which that is."""
        stated = select(LogEntry.entry).where(
            LogEntry.hearing_id == hearing_id, LogEntry.kind == LeafKind.TRANSCRIPT.value
        )
        bodies = [parse(entry).body for entry in self._session.scalars(stated.order_by(LogEntry.index))]
        newest = {one["sequence"]: (one["engine"], one["model_sha256"], one["parameters_key"]) for one in bodies}
        return [
            row
            for row in self.of(hearing_id)
            if (row.engine, row.model, row.parameters_key) == newest.get(row.sequence)
        ]

    def in_window(self, hearing_id: str, sequence: int) -> Sequence[Utterance]:
        query = select(Utterance).where(Utterance.hearing_id == hearing_id, Utterance.sequence == sequence)
        return self._session.scalars(query.order_by(Utterance.position, Utterance.id)).all()

    def add_all(self, rows: Iterable[Utterance]) -> None:
        """Stores the utterances that are not there yet: repeating a task changes nothing."""
        for row in rows:
            known = select(Utterance.id).where(
                Utterance.hearing_id == row.hearing_id,
                Utterance.segment_sha256 == row.segment_sha256,
                Utterance.track == row.track,
                Utterance.engine == row.engine,
                Utterance.parameters_key == row.parameters_key,
                Utterance.position == row.position,
            )
            if self._session.scalars(known).first() is None:
                self._session.add(row)


class Protocols:
    """Revisions of protocols, inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, hearing_id: str) -> Sequence[Protocol]:
        query = select(Protocol).where(Protocol.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(Protocol.revision)).all()

    def latest(self, hearing_id: str) -> Protocol | None:
        query = select(Protocol).where(Protocol.hearing_id == hearing_id)
        return self._session.scalars(query.order_by(Protocol.revision.desc()).limit(1)).first()

    def overdue(self, now: datetime, waiting: timedelta) -> list[str]:
        """Ended hearings with nothing left to transcribe and no protocol, offered last before `waiting` ago.

        After MAX_ATTEMPTS offers a hearing is left alone: something is wrong that a person must see.
        """
        ended = self._session.scalars(
            select(Hearing.id)
            .where(Hearing.state == "ended", ~exists().where(Protocol.hearing_id == Hearing.id))
            .where(~exists().where(Window.hearing_id == Hearing.id, Window.state.in_(("pending", "claimed"))))
        )
        offers = select(OutboxRow.created_at, OutboxRow.args).where(OutboxRow.task == DRAFT)
        made = self._session.execute(offers).all() if (waiting_for := list(ended)) else []
        return [
            hearing_id
            for hearing_id in waiting_for
            if 0 < len(times := [at for at, args in made if args == [hearing_id]]) < MAX_ATTEMPTS
            and max(times) < now - waiting
        ]

    def by_hash(self, sha256: str) -> Protocol | None:
        return self._session.scalars(select(Protocol).where(Protocol.sha256 == sha256)).first()

    def add(self, row: Protocol) -> None:
        self._session.add(row)


class Outbox:
    """Tasks to be sent after the commit. `added` tells whether this transaction put any in."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.added = False

    def put(self, task: str, args: list[Any], now: datetime) -> None:
        self._session.add(OutboxRow(task=task, args=args, created_at=now))
        self.added = True

    def renew(self, task: str, now: datetime) -> None:
        """Promises a task without arguments again and forgets its kept promises; one that waits is enough."""
        waiting = select(OutboxRow.id).where(OutboxRow.task == task, OutboxRow.sent_at.is_(None))
        if self._session.scalars(waiting).first() is None:
            self._session.execute(delete(OutboxRow).where(OutboxRow.task == task))
            self.put(task, [], now)

    def forget_sent(self, before: datetime) -> None:
        """Removes what was sent earlier; but of each task the newest stays, for `newest`, and drafts that a hearing
        still lacks, for `Protocols.overdue`, which counts them."""
        newest = select(func.max(OutboxRow.id)).group_by(OutboxRow.task).scalar_subquery()
        sent = OutboxRow.sent_at < before
        self._session.execute(
            delete(OutboxRow)
            .where(sent, OutboxRow.task != DRAFT, OutboxRow.id.not_in(newest))
            .execution_options(synchronize_session=False)
        )
        drafted = set(self._session.scalars(select(Protocol.hearing_id).distinct()))
        for row in self._session.scalars(select(OutboxRow).where(sent, OutboxRow.task == DRAFT)):
            if row.args[0] in drafted:
                self._session.delete(row)

    def newest(self, task: str) -> OutboxRow | None:
        """The promise of `task` made last."""
        query = select(OutboxRow).where(OutboxRow.task == task).order_by(OutboxRow.id.desc())
        return self._session.scalars(query.limit(1)).first()

    def unsent(self) -> Sequence[OutboxRow]:
        """Oldest first, locked so that two dispatchers send different rows."""
        query = select(OutboxRow).where(OutboxRow.sent_at.is_(None)).order_by(OutboxRow.id).limit(100)
        return self._session.scalars(query.with_for_update(skip_locked=True)).all()
