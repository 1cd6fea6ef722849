"""The secret of the mark in a copy's sound; copies made before have none"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("copies", sa.Column("sound_key", sa.String(length=64), nullable=False, server_default=""))
