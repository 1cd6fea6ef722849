"""Users, their sessions and grants, inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Transaction

from storage.db.models import Grant, Session, User


class Accounts:
    """Accounts inside one transaction."""

    def __init__(self, session: Transaction) -> None:
        self._session = session

    def get(self, user_id: int) -> User | None:
        return self._session.get(User, user_id)

    def by_login(self, login: str) -> User | None:
        return self._session.scalars(select(User).where(User.login == login)).first()

    def all(self) -> Sequence[User]:
        return self._session.scalars(select(User).order_by(User.login)).all()

    def add(self, user: User) -> User:
        self._session.add(user)
        self._session.flush()
        return user

    def open_session(self, session: Session) -> None:
        self._session.add(session)

    def session(self, token_hash: str, now: datetime) -> tuple[Session, User] | None:
        """The unexpired session of a token, with its user."""
        query = select(Session, User).join(User, User.id == Session.user_id)
        row = self._session.execute(query.where(Session.token_hash == token_hash)).first()
        return None if row is None or row[0].expires_at <= now else (row[0], row[1])

    def close_session(self, token_hash: str) -> None:
        self._session.execute(delete(Session).where(Session.token_hash == token_hash))

    def grant(self, user_id: int, hearing_id: str) -> None:
        if self._session.get(Grant, (user_id, hearing_id)) is None:
            self._session.add(Grant(user_id=user_id, hearing_id=hearing_id))

    def granted(self, user_id: int, hearing_id: str) -> bool:
        return self._session.get(Grant, (user_id, hearing_id)) is not None
