"""Copies of hearings that were ordered and handed out."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class CopyFile(Base):
    """A file that the `copy` entry `leaf_index` of the log states was handed out."""

    __tablename__ = "copy_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    leaf_index: Mapped[int] = mapped_column(BigInteger)


class Copy(Base):
    """`id` is the copy's number. `state` is one of storage.db.copies; `reason` why it could not be made.

    `offered_at` is when its task was promised last, `attempts` how often one began. Of the recipient's link only the
    SHA-256 is kept. `sound_key` is the secret of the mark in its sound (hexadecimal), empty where it has none. `spans`
    are the open milliseconds that were handed out, `fetched_at` is when it was taken last.
    """

    __tablename__ = "copies"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 # SQLAlchemy's own; a number is never given twice

    id: Mapped[int] = mapped_column(primary_key=True)
    hearing_id: Mapped[str] = mapped_column(ForeignKey("hearings.id"), index=True)
    ordered_by: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(200))
    ground: Mapped[str] = mapped_column(String(500))
    tracks: Mapped[list[str]]
    marked: Mapped[bool]
    originals: Mapped[bool]
    sound_key: Mapped[str] = mapped_column(String(64), default="")
    ordered_at: Mapped[datetime]
    offered_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), index=True)
    reason: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime | None]
    file_name: Mapped[str] = mapped_column(String(200), default="")
    sha256: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    spans: Mapped[list[Any]] = mapped_column(default=list)
    leaf_index: Mapped[int | None] = mapped_column(BigInteger)
    link_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    link_until: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
