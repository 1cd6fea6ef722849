"""When a copy was fetched last, so that its file may be cleared away"""

import sqlalchemy as sa
from alembic import op

from storage.db.base import UtcDateTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("copies", sa.Column("fetched_at", UtcDateTime(), nullable=True))
