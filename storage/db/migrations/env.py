"""Alembic's entry: runs the migrations on the connection that `storage.db.migrate` hands over."""

from alembic import context

from storage.db import models  # noqa: F401  (registers every table with the metadata)
from storage.db.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter columns in place
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
