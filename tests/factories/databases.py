"""The two databases the project runs on, empty and migrated, as the fixture `database`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database, UnitOfWork
from tests.services.processes import PostgresServer


@contextmanager
def reading(url: str) -> Iterator[UnitOfWork]:
    """Looks into the database of a program that runs or has run; leaves no connection behind."""
    found = Database(url)
    try:
        with found.read() as work:
            yield work
    finally:
        found.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path}/courtrec.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        found = Database(server.sqlalchemy_url)
        with found.engine.begin() as connection:  # one server serves all tests, each with an empty schema
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    upgrade(found.engine)
    yield found
    found.dispose()
