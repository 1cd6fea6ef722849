"""The unit of work: everything done inside one `with` is committed together or not at all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from storage.db.accounts import Accounts
from storage.db.acts import Acts
from storage.db.canaries import Canaries
from storage.db.checks import Checks
from storage.db.copies import Copies
from storage.db.decisions import Decisions
from storage.db.disk import disk_faults_told
from storage.db.edits import Edits
from storage.db.hearings import Hearings
from storage.db.lines import Lines
from storage.db.log import Log
from storage.db.papers import Papers
from storage.db.remarks import Remarks
from storage.db.runs import Runs
from storage.db.sealer import LogSealer
from storage.db.search import Search
from storage.db.timestamps import Timestamps
from storage.db.voices import Voices
from storage.db.windows import Windows
from storage.db.work import Outbox, Protocols, Utterances

_READ_ONLY = "courtrec_read_only"


class UnitOfWork:
    """One transaction and the repositories that work inside it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.log = Log(session)
        self.timestamps = Timestamps(session)
        self.hearings = Hearings(session)
        self.windows = Windows(session)
        self.runs = Runs(session, self.hearings)
        self.search = Search(session)
        self.utterances = Utterances(session, self.runs, self.search)
        self.lines = Lines(session, self.utterances, self.runs, self.search)
        self.voices = Voices(session, self.hearings)
        self.protocols = Protocols(session, self.runs)
        self.remarks = Remarks(session)
        self.papers = Papers(session)
        self.edits = Edits(session)
        self.outbox = Outbox(session)
        self.decisions = Decisions(session)
        self.accounts = Accounts(session)
        self.acts = Acts(session)
        self.checks = Checks(session)
        self.canaries = Canaries(session)
        self.copies = Copies(session)


class Database:
    """A database by URL: `sqlite:///path` or `postgresql+psycopg://…`.

    A composition root sets `after_commit`, called after every commit that left something in the outbox, and
    `sealer`, which signs the log in every transaction that appended to it.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._sqlite = self.engine.dialect.name == "sqlite"
        self.after_commit: Callable[[], None] = lambda: None
        self.sealer: LogSealer | None = None

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """A writing transaction: commits at the end of the block, rolls back if it raises.

        Raises DiskFull or DatabaseDamaged where the disk is at fault.
        """
        with disk_faults_told(), Session(self.engine, expire_on_commit=False) as session:
            work = UnitOfWork(session)
            sealer, signed = self.sealer, ""
            if sealer is not None:
                work.log.before_signing = lambda: sealer.must_continue(work.log)
            with session.begin():
                yield work
                if sealer is not None and work.log.grown:
                    signed = sealer.seal(work.log)
        if sealer is not None and signed:
            sealer.keep(signed)
        if work.outbox.added:
            self.after_commit()

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A reading transaction: sees one consistent state and blocks no writer; raises as `begin`."""
        # PostgreSQL would else show each query what was committed meanwhile; SQLite's reader keeps its state anyway.
        options = {_READ_ONLY: True} if self._sqlite else {"isolation_level": "REPEATABLE READ"}
        with (
            disk_faults_told(),
            self.engine.connect().execution_options(**options) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield UnitOfWork(session)

    def dispose(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    # An error's text goes into logs and onto pages: without what was to be written, which may be a voice print.
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 60}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # sqlite3 must not open transactions behind our back; _begin_sqlite does
    # What is deleted is overwritten: voice prints and sessions are deleted to be gone.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: two writers queue instead of failing half-way with "locked".
    reading = connection.get_execution_options().get(_READ_ONLY)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
