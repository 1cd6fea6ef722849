"""As what and how lastingly a protocol was signed"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("protocols", sa.Column("role", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("protocols", sa.Column("level", sa.String(length=8), nullable=False, server_default=""))
