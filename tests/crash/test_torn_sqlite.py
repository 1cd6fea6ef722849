"""A torn database: files cut, bits turned, the write-ahead log lost, an older copy put in its place.

Whatever it is: opening or `courtrec verify` says so in one sentence, or everything that was acknowledged is there.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from api.home import open_database
from api.verification import verify
from court.errors import CourtError
from tests.factories.deliveries import deliver, made, migrated, opened, present
from tests.factories.server import SetClock, court_context

PAGE = 4096
WAL_HEADER, FRAME = 32, 24 + PAGE
"""https://sqlite.org/fileformat2.html#the_write_ahead_log"""
CHANCE = 20261122


@dataclass(frozen=True)
class Torn:
    """A home to be damaged, and its files as they were."""

    home: Path
    database: bytes
    log: bytes

    def put(self, database: bytes, log: bytes | None) -> None:
        for rest in self.home.glob("courtrec.db*"):
            rest.unlink()
        (self.home / "courtrec.db").write_bytes(database)
        if log is not None:
            (self.home / "courtrec.db-wal").write_bytes(log)

    def in_one_file(self) -> tuple[bytes, dict[str, int]]:
        """The database without a write-ahead log; and the first pages, counted from 1, of its indices with rows."""
        with closing(sqlite3.connect(self.home / "courtrec.db")) as database:
            query = "SELECT name, tbl_name, rootpage FROM sqlite_master WHERE type = 'index'"
            pages = {
                name: page
                for name, table, page in database.execute(query).fetchall()
                if database.execute(f"SELECT count(*) FROM {table}").fetchone() > (0,)  # noqa: S608 - names from our own schema
            }
        return (self.home / "courtrec.db").read_bytes(), pages

    def check(self, how: str) -> list[str]:
        """What a person is told; nothing only where nothing is missing."""
        told = told_of(self.home)
        assert all("\n" not in one and one.endswith(".") for one in told), (how, told)
        if not told:
            with opened(self.home) as context:
                assert len(present(context)) == len(made(2).entries) + 2, how
        return told


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose server died: one segment in the database's file, another in its write-ahead log."""
    home = migrated(tmp_path_factory.mktemp("served"))
    deliver(home, [], made(1))
    target = tmp_path_factory.mktemp("killed") / "home"
    with opened(home) as context, context.database.read():
        deliver(home, [], made(2))
        shutil.copytree(home, target, ignore=shutil.ignore_patterns("*-shm"))
    return target


@pytest.fixture
def torn(killed: Path, tmp_path: Path) -> Torn:
    shutil.copytree(killed, tmp_path / "home")
    files = ((tmp_path / "home" / name).read_bytes() for name in ("courtrec.db", "courtrec.db-wal"))
    return Torn(tmp_path / "home", *files)


def told_of(home: Path) -> list[str]:
    """As `courtrec verify`: opens everything, then recomputes it."""
    try:
        database = open_database(f"sqlite:///{home}/courtrec.db")
    except CourtError as error:
        return [str(error)]
    try:
        return list(verify(court_context(database, home, SetClock())))
    except CourtError as error:
        return [str(error)]
    finally:
        database.dispose()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]


def cuts(content: bytes, first: int, size: int) -> Iterator[int]:
    """At every boundary of a frame or page, and in the middle of each."""
    yield from range(0, first, 16)
    for start in range(first, len(content), size):
        yield from (start, start + size // 2)


def test_as_it_was_killed_everything_is_there(torn: Torn) -> None:
    assert torn.check("untouched") == []


def test_a_write_ahead_log_cut_anywhere(torn: Torn) -> None:
    for size in cuts(torn.log, WAL_HEADER, FRAME):
        torn.put(torn.database, torn.log[:size])
        assert any("had 6 at a signed checkpoint" in one for one in torn.check(f"cut at {size}")), size


def test_a_lost_write_ahead_log_is_missed(torn: Torn) -> None:
    torn.put(torn.database, None)
    assert torn.check("lost") == ["The log has 5 entries, and had 6 at a signed checkpoint: it was cut short."]


def test_an_older_copy_is_missed(torn: Torn, tmp_path: Path) -> None:
    older = migrated(Path(shutil.copytree(tmp_path / "home", tmp_path / "older", ignore=lambda *_: ["courtrec.db"])))
    torn.put((older / "courtrec.db").read_bytes(), None)
    assert any("had 6 at a signed checkpoint" in one for one in torn.check("older"))
    torn.put(b"", None)
    assert any("had 6 at a signed checkpoint" in one for one in torn.check("empty"))


def test_bits_turned_in_every_frame(torn: Torn) -> None:
    chance = Random(CHANCE)
    for start in range(WAL_HEADER, len(torn.log), FRAME):
        for at in (start + 17, start + 24 + chance.randrange(PAGE)):
            torn.put(torn.database, flipped(torn.log, at))
            torn.check(f"bit at {at} of the log")


def test_bits_turned_in_every_page(torn: Torn) -> None:
    chance = Random(CHANCE)
    for start in range(0, len(torn.database), PAGE):
        for at in (start + chance.randrange(8), start + chance.randrange(PAGE)):
            torn.put(flipped(torn.database, at), torn.log)
            torn.check(f"bit at {at} of the file")


def test_a_torn_index_is_named(torn: Torn) -> None:
    """Rows are looked up by it: nothing else may notice, and answers would be wrong."""
    whole, pages = torn.in_one_file()
    for name, page in pages.items():
        torn.put(flipped(whole, PAGE * page - 2), None)  # the first key put in lies at the end of the page
        assert any("The database's file is damaged" in one for one in torn.check(name)), name


def test_one_torn_table_does_not_keep_verify_from_the_log(torn: Torn) -> None:
    with closing(sqlite3.connect(torn.home / "courtrec.db")) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'acts' AND rootpage > 0"
        pages = [page for (page,) in database.execute(query)]
    content = bytearray(torn.database)
    for page in pages:
        content[PAGE * (page - 1) : PAGE * page] = bytes(PAGE)
    torn.put(bytes(content), None)
    told = torn.check("the table of acts")
    assert any("malformed" in one for one in told), told
    assert any("had 6 at a signed checkpoint" in one for one in told), told


def test_a_file_cut_anywhere(torn: Torn) -> None:
    for size in cuts(torn.database, 100, PAGE):
        torn.put(torn.database[:size], torn.log)
        torn.check(f"file cut at {size}")
        torn.put(torn.database[:size], None)
        assert torn.check(f"file cut at {size}, no log") != []
