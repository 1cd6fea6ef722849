"""Hearings and what was recorded of them: projections of ledger entries, made for asking questions."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base

_HEARING = "hearings.id"


class Hearing(Base):
    """`end_sample` (48 000 per second) is known once the hearing has ended; `tracks` as in its first leaf.

    `spare_of` is the hearing that this one is a spare recording of, made by a second node of the room. `chosen_run` is
    the version of the transcript that somebody chose, None where the rule of storage.runs does.
    """

    __tablename__ = "hearings"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    case_number: Mapped[str] = mapped_column(String(64))
    case_key: Mapped[str] = mapped_column(String(64), index=True)
    card: Mapped[dict[str, Any]]
    room: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(32))
    tracks: Mapped[list[dict[str, Any]]]
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_sample: Mapped[int | None] = mapped_column(BigInteger)
    spare_of: Mapped[str | None] = mapped_column(String(36), index=True)
    chosen_run: Mapped[int | None]

    @property
    def microphones(self) -> set[str]:
        """Their tracks; what was mixed from them is not heard twice."""
        return {one["track"] for one in self.tracks if one["kind"] == "audio" and not one["derived"]}


class Segment(Base):
    """One stored piece of one track: [start, end) ticks at `rate` on the hearing's timeline."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("hearing_id", "track", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    track: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int]
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    init_size: Mapped[int]
    codec: Mapped[str] = mapped_column(String(16))
    partial: Mapped[bool]
    utc: Mapped[datetime]
    leaf_index: Mapped[int] = mapped_column(BigInteger)


class Gap(Base):
    """A stretch of one track that holds no recording, and why."""

    __tablename__ = "gaps"

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    track: Mapped[str] = mapped_column(String(64))
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    rate: Mapped[int]
    cause: Mapped[str] = mapped_column(String(32))
    device_log: Mapped[str]
    utc: Mapped[datetime]
    leaf_index: Mapped[int] = mapped_column(BigInteger)


class NoteRow(Base):
    """A secretary's note, at a sample (48 000 per second) of the hearing's timeline."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    at_sample: Mapped[int] = mapped_column(BigInteger)
    template: Mapped[str] = mapped_column(String(32))
    text: Mapped[str]
    leaf_index: Mapped[int] = mapped_column(BigInteger)


class StateChange(Base):
    """A step of the hearing's state machine."""

    __tablename__ = "state_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    state: Mapped[str] = mapped_column(String(32))
    at_sample: Mapped[int] = mapped_column(BigInteger)
    utc: Mapped[datetime]
    leaf_index: Mapped[int] = mapped_column(BigInteger)


class OpennessRow(Base):
    """The court's order that a span of the hearing is open or closed; `end_ms` is None while it runs."""

    __tablename__ = "openness_spans"

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    openness: Mapped[str] = mapped_column(String(16))
    ordered_by: Mapped[str] = mapped_column(String(200))
    leaf_index: Mapped[int] = mapped_column(BigInteger)
