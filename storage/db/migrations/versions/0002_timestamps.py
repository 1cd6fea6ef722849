"""Time-stamps of checkpoints"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "timestamps",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("authority", sa.String(length=300), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("size", "authority", name=op.f("pk_timestamps")),
    )
