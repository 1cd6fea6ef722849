"""Voices at shared microphones"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("utterances", sa.Column("voice", sa.String(length=16), nullable=False, server_default=""))
    op.create_table(
        "voice_prints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("track", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("start_ms", sa.Integer(), nullable=False),
        sa.Column("speech_ms", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.Column("voice", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_voice_prints_hearing_id_hearings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_prints")),
        sa.UniqueConstraint("hearing_id", "label", name=op.f("uq_voice_prints_hearing_id_label")),
    )
    op.create_index(op.f("ix_voice_prints_hearing_id"), "voice_prints", ["hearing_id"])
