"""Which stored objects were read back when, and which are due."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, or_, select
from sqlalchemy.orm import Session

from court.hearing import HearingState
from storage.db.models import Hearing, ObjectCheck, Protocol, Segment, StoredObjectRow

_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])
_NEVER = "never"
_last_read = func.coalesce(ObjectCheck.checked_at, StoredObjectRow.stored_at)


@dataclass(frozen=True, slots=True)
class Due:
    """Which objects to check: none that was since `run`; only those last checked before `stale`; of one hearing.

    What was never checked counts from when it was stored: it was read back and hashed then.
    """

    run: datetime
    stale: datetime | None = None
    hearing: str = ""


@dataclass(frozen=True, slots=True)
class KnownObject:
    """An object as the database lists it; `size` in bytes."""

    sha256: str
    size: int
    version: str


@dataclass(frozen=True, slots=True)
class LastCheck:
    """`result` is empty where the object was only read back when it was stored, at `at`."""

    sha256: str
    at: datetime
    result: str


class Checks:
    """Checks of stored objects inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due(self, due: Due, limit: int) -> list[KnownObject]:
        """Oldest check first."""
        query = select(StoredObjectRow.sha256, StoredObjectRow.size, StoredObjectRow.version)
        ordered = _due(query, due).order_by(_last_read, StoredObjectRow.sha256).limit(limit)
        return [KnownObject(*row) for row in self._session.execute(ordered)]

    def count_due(self, due: Due) -> int:
        return self._session.scalar(_due(select(func.count()).select_from(StoredObjectRow), due)) or 0

    def known(self, sha256: str, lock: bool = False) -> StoredObjectRow | None:
        """The object's row as it is now; `lock` keeps others from changing it until the end of the transaction."""
        return self._session.get(StoredObjectRow, sha256, with_for_update=lock, populate_existing=True)

    def last(self, sha256: str) -> ObjectCheck | None:
        return self._session.get(ObjectCheck, sha256, populate_existing=True)

    def record(self, sha256: str, at: datetime, result: str) -> None:
        """Keeps the newest check of an object that is listed; the row's lock lets no two writers collide."""
        if self.known(sha256, lock=True) is None:
            return
        last = self.last(sha256)
        if last is None:
            self._session.add(ObjectCheck(sha256=sha256, checked_at=at, result=result))
        elif last.checked_at <= at:
            last.checked_at, last.result = at, result

    def counts(self) -> dict[str, int]:
        """How many listed objects have which last result; `never` are those not checked since they were stored."""
        result = func.coalesce(ObjectCheck.result, _NEVER)
        query = _joined(select(result, func.count()).select_from(StoredObjectRow)).group_by(result).order_by(result)
        return dict(self._session.execute(query).all())

    def oldest(self) -> datetime | None:
        """When the object was checked whose check is the oldest; None without objects."""
        return self._session.scalar(_joined(select(func.min(_last_read)).select_from(StoredObjectRow)))

    def stale(self, before: datetime, limit: int) -> list[LastCheck]:
        """Objects not checked since `before`, oldest first."""
        return self._last(_last_read < before, limit)

    def faulty(self, whole: str) -> list[LastCheck]:
        """Objects whose last check did not find them `whole`."""
        return self._last(ObjectCheck.result != whole, None)

    def bytes_since(self, moment: datetime) -> int:
        """How many bytes of objects were checked after `moment`."""
        query = _joined(select(func.sum(StoredObjectRow.size))).where(ObjectCheck.checked_at > moment)
        return self._session.scalar(query) or 0

    def listed(self, hashes: Collection[str]) -> set[str]:
        """Those of `hashes` that the database lists."""
        return set(self._session.scalars(select(StoredObjectRow.sha256).where(StoredObjectRow.sha256.in_(hashes))))

    def subject(self, sha256: str) -> str:
        """What the object is, for a person; empty where nothing names it."""
        segment = self._session.scalars(select(Segment).where(Segment.sha256 == sha256)).first()
        if segment is not None:
            return f"segment {segment.sequence} of track {segment.track} of hearing {segment.hearing_id}"
        protocol = self._session.scalars(select(Protocol).where(Protocol.sha256 == sha256)).first()
        return f"protocol revision {protocol.revision} of hearing {protocol.hearing_id}" if protocol else ""

    def _last(self, condition: ColumnElement[bool], limit: int | None) -> list[LastCheck]:
        query = _joined(select(StoredObjectRow.sha256, _last_read, func.coalesce(ObjectCheck.result, "")))
        ordered = query.where(condition).order_by(_last_read, StoredObjectRow.sha256).limit(limit)
        return [LastCheck(*row) for row in self._session.execute(ordered)]


def _joined(query: _Query) -> _Query:
    """With each object's last check, without the objects that acts destroyed: nobody looks for them or repairs them."""
    joined = query.outerjoin(ObjectCheck, ObjectCheck.sha256 == StoredObjectRow.sha256)
    gone = StoredObjectRow.sha256.in_(_of_hearings(Hearing.state == HearingState.DESTROYED))
    needed = StoredObjectRow.sha256.in_(_of_hearings(Hearing.state != HearingState.DESTROYED))
    return joined.where(or_(~gone, needed))


def _of_hearings(condition: ColumnElement[bool]) -> CompoundSelect[str]:
    """The objects that hearings name."""
    segments = select(Segment.sha256).join(Hearing, Hearing.id == Segment.hearing_id).where(condition)
    protocols = select(Protocol.sha256).join(Hearing, Hearing.id == Protocol.hearing_id).where(condition)
    # No hash is among them for a draft without its PDF: NOT IN would then find nothing at all.
    return segments.union(protocols.where(Protocol.sha256.is_not(None)))


def _due(query: _Query, due: Due) -> _Query:
    query = _joined(query).where(or_(ObjectCheck.checked_at.is_(None), ObjectCheck.checked_at < due.run))
    if due.stale is not None:
        query = query.where(_last_read < due.stale)
    if due.hearing:
        query = query.where(StoredObjectRow.sha256.in_(_of_hearings(Hearing.id == due.hearing)))
    return query
