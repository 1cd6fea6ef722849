"""Remarks on protocols and recordings, step by step."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class RemarkStep(Base):
    """One step of one remark (court.remarks.Step); `more` is what only its filing says. Never changed.

    `number` counts a hearing's steps from 1. `key` is what the page knew the request by, which may come twice.
    """

    __tablename__ = "remark_steps"
    __table_args__ = (UniqueConstraint("hearing_id", "number"), UniqueConstraint("hearing_id", "key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey("hearings.id"), index=True)
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(32))
    remark: Mapped[str] = mapped_column(String(36))
    deed: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[str] = mapped_column(String(200))
    text: Mapped[str]
    more: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    leaf_index: Mapped[int] = mapped_column(BigInteger)
