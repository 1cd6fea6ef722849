"""The two databases the project runs on, empty and migrated, as the fixture `database`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from tests.services.processes import PostgresServer


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
