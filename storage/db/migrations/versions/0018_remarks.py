"""Remarks on protocols and recordings"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0018"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "remark_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("remark", sa.String(length=36), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("entered_by", sa.String(length=200), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("more", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_remark_steps_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark_steps")),
        sa.UniqueConstraint("hearing_id", "number", name=op.f("uq_remark_steps_hearing_id_number")),
        sa.UniqueConstraint("hearing_id", "key", name=op.f("uq_remark_steps_hearing_id_key")),
    )
    op.create_index(op.f("ix_remark_steps_hearing_id"), "remark_steps", ["hearing_id"])
