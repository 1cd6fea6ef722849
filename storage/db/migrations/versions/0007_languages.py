"""Utterances in another language than the case's"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("utterances", sa.Column("alternative", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("windows", sa.Column("reason", sa.String(length=32), nullable=False, server_default=""))
