"""Scrubbing on both databases: what is damaged is named and remembered, the longest unchecked comes first."""

import os
from datetime import timedelta
from itertools import islice, zip_longest
from pathlib import Path

import pytest
import urllib3
from minio import Minio

from storage.db.checks import Due
from storage.db.unit_of_work import Database
from storage.errors import StoreUnavailable
from storage.fsck import FRESH, Result, oddities, scrub
from storage.worm.local import LocalStore
from storage.worm.s3 import S3Store
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.objects import (
    DAMAGE,
    OTHERS,
    STORED,
    hash_of,
    keep,
    list_version,
    path_of,
    put_other,
    scrub_all,
)
from tests.factories.server import SetClock, make_server
from tests.simulators.s3_without_locks import Behaviour, s3_without_locks


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def results(database: Database) -> dict[str, int]:
    with database.read() as work:
        return work.checks.counts()


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_is_named_in_one_sentence_and_remembered(
    database: Database, store: LocalStore, clock: SetClock, damage: str
) -> None:
    whole, hurt = keep(database, store, 1, 2)
    DAMAGE[damage](path_of(store, hurt))
    found = scrub_all(database, store, clock)
    assert [(one.known.sha256, one.result) for one in found] == [(whole, "whole"), (hurt, damage)]
    sentence = found[1].sentence
    assert hurt in sentence
    assert sentence.endswith(".")
    assert results(database) == {"whole": 1, damage: 1}
    with database.read() as work:
        assert [(one.sha256, one.result) for one in work.checks.faulty(Result.WHOLE)] == [(hurt, damage)]
        last = work.checks.last(whole)
        assert last is not None
        assert (last.checked_at, last.result) == (clock.utc, "whole")


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_file_is_named_and_never_waited_for(
    database: Database, store: LocalStore, clock: SetClock, what: str
) -> None:
    hurt, whole = keep(database, store, 1, 2)
    put_other(path_of(store, hurt), what)
    found = scrub_all(database, store, clock)
    assert [(one.known.sha256, one.result) for one in found] == [(hurt, "unreadable"), (whole, "whole")]
    assert f"it is {what}, not a file" in found[0].sentence


def test_a_disk_that_does_not_give_the_bytes_is_one_objects_fault(
    database: Database, store: LocalStore, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = keep(database, store, 1, 2)
    pread = os.pread

    def failing(descriptor: int, length: int, offset: int) -> bytes:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name == broken:
            raise OSError(5, "Input/output error")
        return pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", failing)
    found = {one.known.sha256: one for one in scrub_all(database, store, clock)}
    assert found[whole].result is Result.WHOLE
    assert found[broken].result is Result.UNREADABLE
    assert "Input/output error" in found[broken].sentence


def test_a_version_that_the_store_does_not_know_is_wrong(
    database: Database, store: LocalStore, clock: SetClock
) -> None:
    [sha256] = keep(database, store, 1)
    list_version(database, sha256, "7")
    [found] = scrub_all(database, store, clock)
    assert found.result is Result.WRONG_VERSION
    assert "as version 1, not as version 7" in found.sentence


def test_the_object_that_was_unchecked_for_longest_comes_first(
    database: Database, store: LocalStore, clock: SetClock
) -> None:
    first, second, third = keep(database, store, 1, 2, 3)
    with database.begin() as work:
        work.checks.record(first, clock.utc - timedelta(days=1), "whole")
        work.checks.record(second, clock.utc - timedelta(days=2), "whole")
    assert [one.known.sha256 for one in scrub_all(database, store, clock)] == [third, second, first]
    clock.forward(60)
    assert len(scrub_all(database, store, clock)) == 3, "a new run checks everything again"


def test_only_what_was_long_unchecked_is_due_and_storing_counts_as_a_check(
    database: Database, store: LocalStore, clock: SetClock
) -> None:
    old, checked = keep(database, store, 1, 2)
    keep(database, store, 3, at=clock.utc - timedelta(days=1))
    with database.begin() as work:
        work.checks.record(checked, clock.utc - timedelta(days=1), "whole")
    stale = clock.utc - timedelta(days=5)
    with database.read() as work:
        assert [one.sha256 for one in work.checks.stale(stale, 10)] == [old]
        assert work.checks.oldest() == STORED
        assert work.checks.count_due(Due(clock.utc, stale)) == 1
    assert [one.known.sha256 for one in scrub_all(database, store, clock, stale=stale)] == [old]


def test_one_hearings_objects_are_checked_alone_and_named_by_what_they_are(database: Database, tmp_path: Path) -> None:
    server = make_server(database, tmp_path)
    log = made_hearing()
    server.receive(log)
    keep(database, server.store, 1)
    with database.read() as work:
        segment = work.hearings.segment(HEARING, "cam-hall", 1)
        assert segment is not None
    path_of(server.store, segment.sha256).unlink()
    found = scrub_all(database, server.store, server.clock, hearing=HEARING)
    assert len(found) == 6  # three windows of two tracks: the factory's papers are listed by no revision
    [fault] = [one for one in found if one.result is not Result.WHOLE]
    assert f"segment 1 of track cam-hall of hearing {HEARING}" in fault.sentence


def test_two_scrubbers_at_once_share_the_work(database: Database, store: LocalStore, clock: SetClock) -> None:
    hashes = keep(database, store, *range(9))
    one, other = (scrub(database, store, clock, Due(clock.utc)) for _ in range(2))
    taken = [found.known.sha256 for pair in zip_longest(one, other) for found in pair if found]
    assert sorted(taken) == sorted(hashes)
    assert results(database) == {"whole": 9}


def test_an_older_check_never_hides_a_newer_one(database: Database, store: LocalStore, clock: SetClock) -> None:
    [sha256] = keep(database, store, 1)
    for at, result in ((clock.utc, "altered"), (clock.utc - timedelta(hours=1), "whole")):
        with database.begin() as work:
            work.checks.record(sha256, at, result)
    assert results(database) == {"altered": 1}


def test_a_clock_that_steps_back_does_not_make_a_run_meet_its_own_work(
    database: Database, store: LocalStore, clock: SetClock
) -> None:
    keep(database, store, 1, 2)
    run = scrub(database, store, clock, Due(clock.utc))
    next(run)
    clock.forward(-3600)
    assert len(list(islice(run, 10))) == 1


def test_an_object_that_left_the_list_is_not_remembered(database: Database, store: LocalStore) -> None:
    with database.begin() as work:
        work.checks.record(hash_of(1), STORED, "whole")
    assert results(database) == {}


def test_a_store_that_is_away_is_no_objects_fault(database: Database, clock: SetClock) -> None:
    pool = urllib3.PoolManager(retries=False, timeout=30)
    with s3_without_locks(Behaviour()) as endpoint:
        store = S3Store(
            Minio(endpoint, "key", "secret", secure=False, region="us-east-1", http_client=pool), "evidence"
        )
        keep(database, store, 1)
    with pytest.raises(StoreUnavailable):
        scrub_all(database, store, clock)
    assert results(database) == {"never": 1}
    pool.clear()


def test_what_the_store_holds_beside_the_listed_objects_is_told_and_left(
    database: Database, store: LocalStore, clock: SetClock
) -> None:
    listed, orphan = keep(database, store, 1, 2)
    with database.begin() as work:
        work.session.delete(work.checks.known(orphan))
    store.hold(listed, True)
    left = {
        "incoming/" + "a" * 64 + ".0123": "never acknowledged",
        "quarantine/x.1": "evidence",
        "ab/notes": "no object",
    }
    for place in left:
        (store.folder / place).parent.mkdir(exist_ok=True)
        (store.folder / place).write_bytes(b"?")
    before = sorted(path for path in store.folder.rglob("*"))
    for path in before:
        os.utime(path, (clock.utc.timestamp(),) * 2)
    assert list(oddities(database, store, clock.utc)) == [], "they may belong to a delivery that is going on"
    told = list(oddities(database, store, clock.utc + FRESH + timedelta(seconds=1)))
    assert len(told) == 4
    for place, reason in (*left.items(), (orphan, "does not list")):
        assert len([one for one in told if place in one and reason in one]) == 1
    assert sorted(path for path in store.folder.rglob("*")) == before
