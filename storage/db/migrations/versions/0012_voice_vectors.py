"""What voices sound like stands in a table of its own, which backups leave out"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "voice_vectors",
        sa.Column("print_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["print_id"], ["voice_prints.id"], name=op.f("fk_voice_vectors_print_id")),
        sa.PrimaryKeyConstraint("print_id", name=op.f("pk_voice_vectors")),
    )
    if op.get_bind().dialect.name == "postgresql":  # then base backups and archives of its log leave it out as well
        op.execute("ALTER TABLE voice_vectors SET UNLOGGED")
    op.execute("INSERT INTO voice_vectors SELECT id, vector FROM voice_prints WHERE vector IS NOT NULL")
    with op.batch_alter_table("voice_prints") as prints:
        prints.drop_column("vector")
