"""Transcription windows: what waits, whose turn it is, who has claimed what, and what was given up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from storage.db.models import Hearing, Window
from storage.db.work import MAX_ATTEMPTS
from storage.turns import FIRST_RUN, SHARED_OVER, Waiting, next_turn, urgency

LEASE = timedelta(minutes=2)
"""A worker renews its claim several times in so long (transcribe.claims): one this old belongs to a dead worker."""
_UNDONE = ("pending", "claimed")


class Windows:
    """Transcription windows inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, hearing_id: str, sequence: int, run: int = FIRST_RUN) -> Window | None:
        return self._session.scalars(select(Window).where(_is(hearing_id, sequence, run))).first()

    def of(self, hearing_id: str, run: int | None = None) -> Sequence[Window]:
        """Those of one run, or of all; in order."""
        query = select(Window).where(Window.hearing_id == hearing_id).order_by(Window.run, Window.sequence)
        return self._session.scalars(query if run is None else query.where(Window.run == run)).all()

    def add(self, hearing_id: str, sequence: int, offered: datetime | None = None, run: int = FIRST_RUN) -> bool:
        """Makes the window pending, `offered` with this change or not yet; False when it was there already."""
        if self.get(hearing_id, sequence, run) is not None:
            return False
        self._session.add(
            Window(
                hearing_id=hearing_id,
                run=run,
                sequence=sequence,
                state="pending",
                offered_at=offered,
                attempts=0,
                claims=0,
                error="",
                reason="",
            )
        )
        self._session.flush()
        return True

    def next_turn(self, now: datetime) -> tuple[str, int, int] | None:
        """The hearing, sequence and run to transcribe next, by `storage.turns`; None where nothing waits.

        Of one hearing the window tried least comes first, so one that fails holds up no other.
        """
        court = Hearing.card["court"].as_string().label("court")
        query = select(Window.hearing_id, Window.run, Hearing.state, Hearing.ended_at, court, Hearing.room)
        query = query.add_columns(Hearing.started_at).join(Hearing, Hearing.id == Window.hearing_id)
        waiting = [
            Waiting(hearing, run, urgency(run, state, ended, now), name or "", room, since)
            for hearing, run, state, ended, name, room, since in self._session.execute(
                query.where(_takeable(now)).distinct()
            )
        ]
        counts = select(court, Hearing.room, func.count()).join(Window, Window.hearing_id == Hearing.id)
        counts = counts.where(Window.claimed_at > now - SHARED_OVER).group_by("court", Hearing.room)
        turn = next_turn(waiting, {(name or "", room): count for name, room, count in self._session.execute(counts)})
        if turn is None:
            return None
        first = select(Window.sequence).where(Window.hearing_id == turn.hearing_id, Window.run == turn.run)
        first = first.where(_takeable(now)).order_by(Window.attempts, Window.sequence).limit(1)
        return turn.hearing_id, self._session.scalars(first).one(), turn.run

    def claim(self, hearing_id: str, sequence: int, now: datetime, run: int = FIRST_RUN) -> Window | None:
        """Takes the window for this worker: exactly one of any number of callers gets it."""
        claimed = self._session.scalars(
            update(Window)
            .where(_is(hearing_id, sequence, run), _free(now))
            .values(state="claimed", claimed_at=now, attempts=Window.attempts + 1, claims=Window.claims + 1)
            .returning(Window)
            .execution_options(populate_existing=True)
        )
        return claimed.one_or_none()

    def claim_behind(self, first: Window, now: datetime, most: int) -> Sequence[Window]:
        """Takes at most so many more of the run of `first`, those next behind it that were never tried; in order."""
        behind = select(Window.id).where(Window.hearing_id == first.hearing_id, Window.run == first.run)
        behind = behind.where(Window.sequence > first.sequence, Window.attempts == 0, _takeable(now))
        claimed = self._session.scalars(
            update(Window)
            .where(Window.id.in_(behind.order_by(Window.sequence).limit(most)), _free(now))
            .values(state="claimed", claimed_at=now, attempts=1, claims=Window.claims + 1)
            .returning(Window)
            .execution_options(populate_existing=True)
        )
        return sorted(claimed, key=lambda one: one.sequence)

    def renew(self, window: Window, now: datetime) -> bool:
        """Keeps the claim as `window` was read with it for another LEASE; False if it is somebody else's by now."""
        return self._if_claimed(window, claimed_at=now)

    def release(self, window: Window, now: datetime) -> bool:
        """Gives the claim back, so that another worker takes the window at once; no attempt is counted."""
        return self._if_claimed(window, state="pending", offered_at=now, attempts=Window.attempts - 1)

    def done(self, hearing_id: str, sequence: int, run: int = FIRST_RUN) -> None:
        self._set(_is(hearing_id, sequence, run), state="done", error="", reason="")

    def failed(
        self,
        hearing_id: str,
        sequence: int,
        error: str,
        *,
        reason: str = "",
        for_good: bool = False,
        run: int = FIRST_RUN,
    ) -> bool:
        """Gives the window back for another attempt, or up after MAX_ATTEMPTS or where none can help (then True)."""
        window = self.get(hearing_id, sequence, run)
        final = for_good or (window is not None and window.attempts >= MAX_ATTEMPTS)
        state = "failed" if final else "pending"
        self._set(_is(hearing_id, sequence, run), state=state, offered_at=None, error=error[:2000], reason=reason)
        return final

    def given_up(self, hearing_id: str = "") -> list[tuple[Window, Hearing]]:
        """The windows on which the program gave up, of one hearing or of all: of the newest hearing first."""
        query = select(Window, Hearing).join(Hearing, Hearing.id == Window.hearing_id).where(Window.state == "failed")
        query = query.order_by(Hearing.started_at.desc(), Hearing.id, Window.run, Window.sequence)
        found = self._session.execute(query.where(Window.hearing_id == hearing_id) if hearing_id else query)
        return [(window, hearing) for window, hearing in found]

    def try_again(self, window: Window, now: datetime) -> None:
        """Makes one that was given up pending, with all its attempts before it."""
        self._set(Window.id == window.id, state="pending", offered_at=now, attempts=0, error="", reason="")

    def unfinished(self, hearing_id: str, run: int = FIRST_RUN) -> int:
        """How many windows of the run are neither done nor given up."""
        query = select(func.count()).where(Window.hearing_id == hearing_id, Window.run == run)
        return self._session.scalar(query.where(Window.state.in_(_UNDONE))) or 0

    def forget_offers(self) -> None:
        """Everything undone waits to be offered anew: for the start of the only worker of an in-memory broker."""
        self._set(Window.state.in_(_UNDONE), state="pending", offered_at=None)

    def offer_failed(self, now: datetime) -> None:
        """Lets those be taken again whose last attempt failed."""
        self._set(and_(Window.state == "pending", Window.offered_at.is_(None)), offered_at=now)

    def takeable(self, now: datetime) -> int:
        """How many windows a worker could take now: so many tasks must be on their way."""
        return self._session.scalar(select(func.count()).select_from(Window).where(_takeable(now))) or 0

    def _if_claimed(self, window: Window, **values: Any) -> bool:
        ours = (Window.id == window.id, Window.state == "claimed", Window.claims == window.claims)
        return self._session.scalar(update(Window).where(*ours).values(**values).returning(Window.id)) is not None

    def _set(self, which: ColumnElement[bool], **values: Any) -> None:
        self._session.execute(update(Window).where(which).values(**values))


def _is(hearing_id: str, sequence: int, run: int) -> ColumnElement[bool]:
    return and_(Window.hearing_id == hearing_id, Window.sequence == sequence, Window.run == run)


def _free(now: datetime) -> ColumnElement[bool]:
    lost = and_(Window.state == "claimed", Window.claimed_at < now - LEASE)
    return or_(Window.state == "pending", lost)


def _takeable(now: datetime) -> ColumnElement[bool]:
    """Free, and not resting after an attempt that failed."""
    return and_(_free(now), or_(Window.state == "claimed", Window.offered_at.is_not(None)))
