"""What people make of a protocol's draft before it is signed: the working copy, and what they say to each other."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base

_HEARING = "hearings.id"


class ProtocolEdit(Base):
    """A field of the working copy as a person left it: `lines`, over what the program had written, `base`.

    `version` counts the edits of the hearing's protocol; a field has the number of its last one.
    """

    __tablename__ = "protocol_edits"
    __table_args__ = (UniqueConstraint("hearing_id", "field"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    field: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    lines: Mapped[list[dict[str, Any]]]
    base: Mapped[list[dict[str, Any]]]
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class ProtocolComment(Base):
    """What judge or secretary said to the other about a field; `done_by` who settled it, empty while it is open."""

    __tablename__ = "protocol_comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey(_HEARING), index=True)
    field: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(String(2000))
    by: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    done_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
