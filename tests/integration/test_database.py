"""The database, on SQLite and on a real PostgreSQL: one log for all, claims that are taken once, an outbox."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage.db import models
from storage.db.base import Base
from storage.db.sealer import LogSealer, read_kept
from storage.db.unit_of_work import Database, UnitOfWork
from storage.errors import ChainError, LedgerError
from storage.keyring import KeyRing
from storage.ledger import merkle
from storage.ledger.checkpoint import verify_checkpoint
from storage.ledger.leaf import LeafKind, parse
from tests.factories.ledger import HEARING, LOG_KEY, MOMENT, SERVER_KEY, note_body, note_entries
from tests.factories.protocol import StoppedClock


def add_hearing(work: UnitOfWork, hearing_id: str = HEARING) -> None:
    work.hearings.add(
        models.Hearing(
            id=hearing_id, case_number="1/26", case_key="1/26", card={}, room="1", state="recording", tracks=[],
            started_at=MOMENT,
        )
    )  # fmt: skip


def test_migrations_make_exactly_the_models_tables(database: Database) -> None:
    def of_a_model(name: str | None, kind: str, parents: object) -> bool:
        return "line_words_index" not in (name or "")  # each database's own way to find words: storage.db.search

    with database.engine.connect() as connection:
        compared = MigrationContext.configure(connection, opts={"include_name": of_a_model})
        assert compare_metadata(compared, Base.metadata) == []


def test_the_log_keeps_order_root_and_proofs(database: Database) -> None:
    entries = note_entries(7)
    with database.begin() as work:
        assert [work.log.append(entry) for entry in entries] == list(range(7))
        work.log.checkpoint(MOMENT, KeyRing(LOG_KEY), "court.test/log")
    with database.read() as work:
        assert [row.entry for row in work.log.entries(HEARING)] == entries
        head = work.log.head()
        assert (head.size, head.root) == (7, merkle.root([merkle.leaf_hash(entry) for entry in entries]))
        proof = merkle.inclusion_proof(3, 7, work.log.node)
        assert merkle.verify_inclusion(merkle.leaf_hash(entries[3]), 3, 7, proof, head.root)
        [checkpoint] = work.log.checkpoints()
        assert verify_checkpoint(checkpoint.note, "court.test/log", [LOG_KEY.public]).root == head.root


ORIGIN = "court.test/log"


def test_whoever_appends_signs_the_new_head_and_keeps_it_outside(database: Database, tmp_path: Path) -> None:
    kept = tmp_path / "keys" / "log.checkpoint"
    database.sealer = LogSealer(KeyRing(LOG_KEY), ORIGIN, StoppedClock(), kept)

    def append(hearing: str) -> None:
        for number in range(5):
            with database.begin() as work:
                work.log.record(LeafKind.NOTE, hearing, MOMENT, note_body(number), SERVER_KEY)

    threads = [threading.Thread(target=append, args=(HEARING[:-1] + digit,)) for digit in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.begin():
        pass  # nothing appended: nothing to sign
    with database.read() as work:
        checkpoints, head = work.log.checkpoints(), work.log.head()
    signed = [verify_checkpoint(one.note, ORIGIN, [LOG_KEY.public]) for one in checkpoints]
    assert [one.size for one in signed] == list(range(1, 11))
    assert signed[-1].root == head.root
    assert read_kept(kept, ORIGIN, [LOG_KEY.public]) == signed[-1]
    database.sealer.keep(checkpoints[3].note)  # somebody was slow
    assert read_kept(kept, ORIGIN, [LOG_KEY.public]) == signed[-1]


def test_a_log_that_was_not_signed_is_not_signed_later(database: Database, tmp_path: Path) -> None:
    with database.begin() as work:
        work.log.append(note_entries(1)[0])
    kept = tmp_path / "log.checkpoint"
    database.sealer = LogSealer(KeyRing(LOG_KEY), ORIGIN, StoppedClock(), kept)
    with database.begin() as work:
        work.log.record(LeafKind.NOTE, HEARING, MOMENT, note_body(), SERVER_KEY)
    assert not kept.exists()
    with database.begin() as work:
        assert work.log.head().size == 2
        assert work.log.checkpoints() == []
        with pytest.raises(LedgerError, match="behind its back"):
            work.log.checkpoint(MOMENT, KeyRing(LOG_KEY), ORIGIN)


def test_a_deed_that_fails_signs_nothing(database: Database, tmp_path: Path) -> None:
    kept = tmp_path / "log.checkpoint"
    database.sealer = LogSealer(KeyRing(LOG_KEY), ORIGIN, StoppedClock(), kept)
    with pytest.raises(ZeroDivisionError), database.begin() as work:
        work.log.append(note_entries(1)[0])
        raise ZeroDivisionError
    assert not kept.exists()


def test_an_entry_that_does_not_continue_its_chain_is_refused_and_changes_nothing(database: Database) -> None:
    first, _, third = note_entries(3)
    with pytest.raises(ChainError) as caught, database.begin() as work:
        work.log.append(first)
        work.log.append(third)
    assert caught.value.expected_seq == 1
    with database.read() as work:
        assert work.log.head().size == 0


def test_the_servers_own_entries_form_a_chain_beside_the_nodes(database: Database) -> None:
    with database.begin() as work:
        work.log.append(note_entries(1)[0])
        for number in range(3):
            work.log.record(LeafKind.NOTE, HEARING, MOMENT, note_body(number), SERVER_KEY)
    with database.read() as work:
        assert work.log.chain(HEARING, SERVER_KEY.key_id).next_seq == 3
        assert work.log.head().size == 4


def test_a_server_whose_clock_was_set_back_dates_nothing_back(database: Database) -> None:
    for moment in (MOMENT, MOMENT - timedelta(hours=1)):
        with database.begin() as work:
            work.log.record(LeafKind.NOTE, HEARING, moment, note_body(0), SERVER_KEY)
    with database.read() as work:
        first, second = (parse(row.entry) for row in work.log.entries(HEARING))
    assert second.at == first.at


def test_two_appenders_at_once_lose_nothing_and_share_no_index(database: Database) -> None:
    def append(hearing: str) -> None:
        for number in range(10):
            with database.begin() as work:
                work.log.record(LeafKind.NOTE, hearing, MOMENT, note_body(number), SERVER_KEY)

    hearings = [HEARING[:-1] + digit for digit in "ab"]
    threads = [threading.Thread(target=append, args=(hearing,)) for hearing in hearings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as work:
        entries = [row.entry for row in work.log.entries()]
        assert len(entries) == 20
        assert work.log.head().root == merkle.root([merkle.leaf_hash(entry) for entry in entries])
        assert [work.log.chain(hearing, SERVER_KEY.key_id).next_seq for hearing in hearings] == [10, 10]


def test_a_window_is_claimed_once_until_its_lease_runs_out(database: Database) -> None:
    with database.begin() as work:
        add_hearing(work)
        work.session.flush()
        assert work.windows.add(HEARING, 0)
        assert not work.windows.add(HEARING, 0)
    for now, expected in [(MOMENT, True), (MOMENT, False), (MOMENT + timedelta(hours=1), True)]:
        with database.begin() as work:
            assert (work.windows.claim(HEARING, 0, now) is not None) is expected
    with database.begin() as work:
        work.windows.done(HEARING, 0)
        assert not work.windows.claim(HEARING, 0, MOMENT + timedelta(days=1))
        assert work.windows.unfinished(HEARING) == 0


def test_a_window_that_keeps_failing_is_given_up_and_says_why(database: Database) -> None:
    with database.begin() as work:
        add_hearing(work)
        work.session.flush()
        work.windows.add(HEARING, 0)
    given_up = []
    while True not in given_up:
        with database.begin() as work:
            assert work.windows.claim(HEARING, 0, MOMENT)
            work.session.expire_all()
            given_up.append(work.windows.failed(HEARING, 0, "the model file is broken"))
    with database.read() as work:
        window = work.windows.get(HEARING, 0)
        assert window is not None
        assert (window.state, window.error, len(given_up)) == ("failed", "the model file is broken", 5)


def test_the_outbox_tells_after_the_commit_and_never_before(database: Database) -> None:
    told: list[int] = []

    def count() -> None:
        with database.read() as work:
            told.append(len(work.outbox.unsent()))

    database.after_commit = count
    with database.begin() as work:
        work.outbox.put("transcribe.window", [HEARING, 0], MOMENT)
        assert told == []
    assert told == [1]
    with pytest.raises(KeyError), database.begin() as work:
        work.outbox.put("transcribe.window", [HEARING, 1], MOMENT)
        raise KeyError
    assert told == [1]
