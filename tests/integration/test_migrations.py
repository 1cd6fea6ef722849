"""What stood in a database before a migration is there after it, as the newest schema has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from storage.db.migrate import alembic_config, upgrade
from storage.db.unit_of_work import Database
from tests.factories.ledger import HEARING, MOMENT

BEFORE_SEARCH = "0009"


@pytest.fixture
def old(database: Database, tmp_path: Path) -> Iterator[Database]:
    """One in which no migration has run yet."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        yield database
        return
    made = Database(f"sqlite:///{tmp_path}/old.db")
    yield made
    made.dispose()


def add(connection: sa.Connection, table: str, **values: object) -> None:
    """By the database's own word for its columns, whatever the program's models are by now."""
    connection.execute(sa.Table(table, sa.MetaData(), autoload_with=connection).insert(), values)


def test_what_was_transcribed_before_there_was_a_search_is_found(old: Database) -> None:
    with old.engine.begin() as connection:
        command.upgrade(alembic_config(connection), BEFORE_SEARCH)
        add(
            connection, "hearings", id=HEARING, case_number="1/26", case_key="1/26", card={}, room="1", state="ended",
            tracks=[], started_at=MOMENT,
        )  # fmt: skip
        for position, text in enumerate(("Истец пояснил всё", "")):
            add(
                connection, "utterances", hearing_id=HEARING, run=1, sequence=0, track="mic-judge", role="judge",
                start_ms=0, end_ms=1, text=text, words=[], language="ru", flags=[], engine="e", model="m",
                parameters_key="a" * 64, segment_sha256="0" * 64, position=position, alternative={}, voice="",
            )  # fmt: skip
    upgrade(old.engine)
    with old.read() as work:
        found = work.search.lines(HEARING, "ИСТЕЦ все")
        assert [one.text for one in work.utterances.of(HEARING) if str(one.id) in found] == ["Истец пояснил всё"]
