"""Remarks inside one transaction."""

import hashlib
from collections.abc import Sequence
from typing import Any

import rfc8785
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from court.clock import iso_utc
from court.remarks import ENDINGS, Remark, RemarkDeed, Step, remarks
from storage.db.models import RemarkStep


class Remarks:
    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, hearing_id: str) -> list[Remark]:
        """In the order in which they were filed."""
        return remarks((step_of(row), row.more) for row in self.steps(hearing_id))

    def steps(self, hearing_id: str) -> Sequence[RemarkStep]:
        query = select(RemarkStep).where(RemarkStep.hearing_id == hearing_id).order_by(RemarkStep.number)
        return self._session.scalars(query).all()

    def by_key(self, hearing_id: str, key: str) -> RemarkStep | None:
        """The step that was asked for under that key."""
        query = select(RemarkStep).where(RemarkStep.hearing_id == hearing_id, RemarkStep.key == key)
        return self._session.scalars(query).first()

    def next_number(self, hearing_id: str) -> int:
        query = select(func.max(RemarkStep.number)).where(RemarkStep.hearing_id == hearing_id)
        return (self._session.scalar(query) or 0) + 1

    def add(self, row: RemarkStep) -> None:
        self._session.add(row)
        self._session.flush()

    def undecided(self) -> set[str]:
        """The hearings with a remark on which nothing is decided."""
        filed, ended = (
            func.sum(case((RemarkStep.deed.in_(deeds), 1), else_=0)) for deeds in ({RemarkDeed.FILE}, ENDINGS)
        )
        return set(
            self._session.scalars(select(RemarkStep.hearing_id).group_by(RemarkStep.hearing_id).having(filed > ended))
        )


def step_of(row: RemarkStep) -> Step:
    return Step(row.remark, RemarkDeed(row.deed), row.by, row.entered_by, row.at, row.text)


def step_body(row: RemarkStep) -> dict[str, Any]:
    """What the log states of a step: never the text, which may tell of a closed part, but its hash.

    The key is under the hash as well. It is random, so nobody finds out a short text by trying.
    """
    content: Any = {"key": row.key, "text": row.text, "more": row.more, "at": iso_utc(row.at)}
    named = {"deed": row.deed, "remark": row.remark, "number": row.number, "by": row.by, "entered_by": row.entered_by}
    return {**named, "step_sha256": hashlib.sha256(rfc8785.dumps(content)).hexdigest()}
