"""Spare recordings"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("hearings", sa.Column("spare_of", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_hearings_spare_of"), "hearings", ["spare_of"])
