"""The working copy of a protocol, and comments on it"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "protocol_edits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("base", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_protocol_edits_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_edits")),
        sa.UniqueConstraint("hearing_id", "field", name=op.f("uq_protocol_edits_hearing_id_field")),
    )
    op.create_index(op.f("ix_protocol_edits_hearing_id"), "protocol_edits", ["hearing_id"])
    op.create_table(
        "protocol_comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("done_by", sa.String(length=200), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_protocol_comments_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_comments")),
    )
    op.create_index(op.f("ix_protocol_comments_hearing_id"), "protocol_comments", ["hearing_id"])
    op.add_column("protocols", sa.Column("edits", sa.Integer(), nullable=False, server_default="0"))
