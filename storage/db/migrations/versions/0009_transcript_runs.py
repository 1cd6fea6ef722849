"""Versions of transcripts, and claims apart from attempts"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0009"
down_revision = "0008"

_WORK = ["hearing_id", "segment_sha256", "track", "engine", "parameters_key", "position"]


def upgrade() -> None:
    op.create_table(
        "transcript_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hearing_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_transcript_runs_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_runs")),
        sa.UniqueConstraint("hearing_id", "number", name=op.f("uq_transcript_runs_hearing_id_number")),
    )
    op.create_index(op.f("ix_transcript_runs_hearing_id"), "transcript_runs", ["hearing_id"])
    op.add_column("hearings", sa.Column("chosen_run", sa.Integer(), nullable=True))
    op.add_column("protocols", sa.Column("run", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("windows") as windows:
        windows.add_column(sa.Column("run", sa.Integer(), nullable=False, server_default="1"))
        windows.add_column(sa.Column("claims", sa.Integer(), nullable=False, server_default="0"))
        windows.drop_constraint("uq_windows_hearing_id_sequence", type_="unique")
        windows.create_unique_constraint("uq_windows_hearing_id_run_sequence", ["hearing_id", "run", "sequence"])
    op.create_index(op.f("ix_windows_state"), "windows", ["state"])
    op.create_index(op.f("ix_windows_claimed_at"), "windows", ["claimed_at"])
    with op.batch_alter_table("utterances") as utterances:
        utterances.add_column(sa.Column("run", sa.Integer(), nullable=False, server_default="1"))
        utterances.drop_constraint("uq_utterances_work", type_="unique")
        utterances.create_unique_constraint("uq_utterances_work", [*_WORK[:1], "run", *_WORK[1:]])
