"""When each stored object was last read back, and what was found"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "object_checks",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_object_checks")),
    )
    op.create_index(op.f("ix_object_checks_checked_at"), "object_checks", ["checked_at"])
