"""Corrections of transcripts, and the index of words that lines are found by."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base

_HEARING = "hearings.id"


class Correction(Base):
    """A revision of a recording's transcript in the version `run`: lines (court.lines) `before` and `after` it.

    `number` counts a recording's revisions from 1. `key` is what the page knew the request by, which may come twice.
    """

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("hearing_id", "number"), UniqueConstraint("hearing_id", "key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    run: Mapped[int]
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(32))
    deed: Mapped[str] = mapped_column(String(16))
    before: Mapped[list[dict[str, Any]]]
    after: Mapped[list[dict[str, Any]]]
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(index=True)
    leaf_index: Mapped[int] = mapped_column(BigInteger)


class LineWords(Base):
    """The folded words (court.folding) of a line that stands in some version of a transcript: what a search looks in.

    It can be made again from utterances and corrections, and nothing rests on it: what is found is read from those.
    """

    __tablename__ = "line_words"
    __table_args__ = (UniqueConstraint("hearing_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    line: Mapped[str] = mapped_column(String(48))
    words: Mapped[str]
