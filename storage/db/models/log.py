"""The court-wide log: signed entries in the order they were accepted, its Merkle tree, keys, stored objects."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class LogEntry(Base):
    """`entry` is the exact canonical JSON that was signed; every other column only repeats what stands in it."""

    __tablename__ = "log_entries"
    __table_args__ = (UniqueConstraint("hearing_id", "author", "seq"),)

    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hearing_id: Mapped[str] = mapped_column(String(36), index=True)
    author: Mapped[str] = mapped_column(String(16))
    seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32), index=True)
    entry: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class MerkleNode(Base):
    """Hash of a complete subtree (RFC 6962): `index`-th of its `level`, level 0 being the leaves."""

    __tablename__ = "merkle_nodes"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class LogHead(Base):
    """The single row that appenders lock, so that two of them never take the same index."""

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))


class Checkpoint(Base):
    """A signed statement of the log's size and root (C2SP tlog-checkpoint)."""

    __tablename__ = "checkpoints"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    note: Mapped[str]
    at: Mapped[datetime]


class Timestamp(Base):
    """An authority's token (RFC 3161, DER) for the checkpoint of `size` entries; `at` repeats the token's time."""

    __tablename__ = "timestamps"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    authority: Mapped[str] = mapped_column(String(300), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class PublicKey(Base):
    """A key whose signatures this court accepts: `purpose` is node, server or log."""

    __tablename__ = "public_keys"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary(32))
    purpose: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(200), default="")


class StoredObjectRow(Base):
    """An object in the write-once store, with the version the store gave it."""

    __tablename__ = "objects"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(300))
    version: Mapped[str] = mapped_column(String(100))
    retain_until: Mapped[datetime | None]
    stored_at: Mapped[datetime]
