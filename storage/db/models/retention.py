"""Acts of destruction, as they were proposed. What became of them stands in the ledger."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.db.base import Base


class DestructionAct(Base):
    """`document` names every object; the ledger's entries of proposal, approval and deed hold its hash."""

    __tablename__ = "acts"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    document: Mapped[dict[str, Any]]
