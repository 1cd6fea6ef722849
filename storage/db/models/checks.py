"""When each stored object was last read back and the store itself was tried, and what was found then."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class ObjectCheck(Base):
    """The last check of one object; `result` is one of `storage.fsck.Result`.

    No foreign key: what was found outlives the object's row in the list of objects.
    """

    __tablename__ = "object_checks"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    checked_at: Mapped[datetime] = mapped_column(index=True)
    result: Mapped[str] = mapped_column(String(16))


class StoreCanary(Base):
    """A canary that was put into the store; `outcome` is one of `storage.db.canaries.Outcome`."""

    __tablename__ = "store_canaries"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(16))
    sentence: Mapped[str] = mapped_column(Text)
