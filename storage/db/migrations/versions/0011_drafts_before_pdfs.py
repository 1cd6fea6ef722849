"""Drafts stand before their PDFs, and what was given up of both is known"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.batch_alter_table("protocols") as protocols:
        protocols.alter_column("sha256", existing_type=sa.String(length=64), nullable=True)
        protocols.alter_column("size", existing_type=sa.Integer(), nullable=True)
        protocols.alter_column("leaf_index", existing_type=sa.BigInteger(), nullable=True)
        protocols.add_column(sa.Column("draft_index", sa.BigInteger(), nullable=True))
    op.create_table(
        "paper_tasks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried_at", UtcDateTime(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_paper_tasks_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_tasks")),
        sa.UniqueConstraint("hearing_id", "task", name=op.f("uq_paper_tasks_hearing_id_task")),
    )
    op.create_index(op.f("ix_paper_tasks_hearing_id"), "paper_tasks", ["hearing_id"])
