"""Repairs: the right bytes come back from where they still are, what lay there is kept, the ledger stays as it is."""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio.commonconfig import COMPLIANCE

from storage.db.unit_of_work import Database
from storage.errors import StoreUnavailable
from storage.fsck import Finding, Result, check, oddities
from storage.repair import CopySource, Repair, repair
from storage.worm.local import LocalStore
from storage.worm.port import RangeReader, StoredObject, object_key
from storage.worm.s3 import S3Store, connect
from storage.worm.sealing import Sealing, unseal
from tests.factories.hearing_log import HEARING, made_hearing
from tests.factories.objects import (
    DAMAGE,
    OTHERS,
    content_of,
    hash_of,
    keep,
    known,
    list_version,
    overwrite,
    path_of,
    put_other,
    scrub_all,
    unseal_all,
)
from tests.factories.server import SetClock, make_server
from tests.services.processes import MinioServer

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


@pytest.fixture
def second(tmp_path: Path) -> LocalStore:
    """Another store that holds objects 1 and 2."""
    made = LocalStore(tmp_path / "second")
    for number in (1, 2):
        made.put(hash_of(number), content_of(number), len(content_of(number)), NOW)
    return made


@pytest.fixture
def bucket(minio: MinioServer, request: pytest.FixtureRequest) -> S3Store:
    name = f"repair-{hashlib.sha256(request.node.name.encode()).hexdigest()[:16]}"
    return connect(minio.endpoint, minio.access_key, minio.secret_key, name, secure=False)


def source_of(store: LocalStore, name: str = "the second store") -> CopySource:
    return CopySource(name, store.reader)


def finding(database: Database, store: LocalStore | S3Store, sha256: str) -> Finding:
    return check(store, known(database, sha256))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_kept_aside_and_the_right_bytes_come_back(
    database: Database, store: LocalStore, second: LocalStore, damage: str
) -> None:
    [sha256] = keep(database, store, 1)
    path = path_of(store, sha256)
    DAMAGE[damage](path)
    evidence = path.read_bytes() if path.exists() else None
    found = finding(database, store, sha256)
    done = repair(database, store, found, [source_of(second)], NOW)
    assert done.done
    assert "repaired from the second store" in done.sentence
    assert path.read_bytes() == content_of(1)
    assert path.stat().st_mode & 0o777 == 0o444
    kept = [one.read_bytes() for one in (store.folder / "quarantine").glob("*")]
    assert kept == ([] if evidence is None else [evidence])
    assert list((store.folder / "incoming").iterdir()) == []
    with database.read() as work:
        assert work.checks.counts() == {"whole": 1}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("sealing", [Sealing.OFF, Sealing.AUTO])
def test_what_is_no_file_is_put_aside_as_well(
    database: Database, tmp_path: Path, second: LocalStore, what: str, sealing: Sealing
) -> None:
    store = LocalStore(tmp_path / "objects", sealing)
    [sha256] = keep(database, store, 1)
    path = path_of(store, sha256)
    unseal(path)
    put_other(path, what)
    done = repair(database, store, finding(database, store, sha256), [source_of(second)], NOW)
    if what == "a folder":  # a second name cannot be given to one
        assert "check the disk" in done.sentence
        return
    assert done.done, done.sentence
    assert path.read_bytes() == content_of(1)
    [aside] = (store.folder / "quarantine").iterdir()
    assert aside.is_symlink() or not aside.is_file()
    unseal_all(store.folder)


def test_a_file_damaged_twice_leaves_two_pieces_of_evidence(
    database: Database, store: LocalStore, second: LocalStore
) -> None:
    [sha256] = keep(database, store, 1)
    for forged in (b"forged once", b"forged twice"):
        overwrite(path_of(store, sha256), forged)
        assert repair(database, store, finding(database, store, sha256), [source_of(second)], NOW).done
    names = {one.name: one.read_bytes() for one in (store.folder / "quarantine").iterdir()}
    assert names == {f"{sha256}.1": b"forged once", f"{sha256}.2": b"forged twice"}


def test_without_the_right_bytes_nothing_is_touched(database: Database, store: LocalStore, second: LocalStore) -> None:
    lost, forged = keep(database, store, 3, 2)
    DAMAGE["altered"](path_of(store, lost))
    DAMAGE["altered"](path_of(store, forged))
    overwrite(path_of(second, forged), b"forged as well")
    before = snapshot(store.folder)
    for sha256 in (lost, forged):
        done = repair(database, store, finding(database, store, sha256), [source_of(second)], NOW)
        assert not done.done
        assert "not in the second store. Nothing was touched." in done.sentence
    assert not repair(database, store, finding(database, store, lost), [], NOW).done
    assert snapshot(store.folder) == before


def test_a_source_that_fails_is_named_and_the_next_one_serves(
    database: Database, store: LocalStore, second: LocalStore
) -> None:
    @contextmanager
    def away(sha256: str) -> Iterator[RangeReader]:
        raise StoreUnavailable("The object store does not answer.")
        yield

    [sha256] = keep(database, store, 1)
    DAMAGE["missing"](path_of(store, sha256))
    found = finding(database, store, sha256)
    failing = CopySource("the tape", away)
    alone = repair(database, store, found, [failing], NOW)
    assert not alone.done
    assert "the tape (The object store does not answer)" in alone.sentence
    assert repair(database, store, found, [failing, source_of(second)], NOW).done


def test_two_repairs_at_once_do_one(database: Database, store: LocalStore, second: LocalStore) -> None:
    [sha256] = keep(database, store, 1)
    overwrite(path_of(store, sha256), b"forged")
    found = finding(database, store, sha256)

    def mend() -> Repair:
        return repair(database, store, found, [source_of(second)], NOW)

    with ThreadPoolExecutor(4) as pool:
        done = [task.result() for task in [pool.submit(mend) for _ in range(4)]]
    assert all(one.done for one in done)
    assert len(list((store.folder / "quarantine").iterdir())) == 1
    assert path_of(store, sha256).read_bytes() == content_of(1)


def test_a_disk_that_takes_no_repair_says_so_and_keeps_the_object_where_it_is(
    database: Database, store: LocalStore, second: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    [sha256] = keep(database, store, 1)
    overwrite(path_of(store, sha256), b"forged")
    found, before = finding(database, store, sha256), snapshot(store.folder)

    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.link", full)
    done = repair(database, store, found, [source_of(second)], NOW)
    assert not done.done
    assert "the disk is full" in done.sentence
    assert snapshot(store.folder) == before


def test_the_ledger_is_the_same_after_a_repair(database: Database, tmp_path: Path) -> None:
    server = make_server(database, tmp_path)
    log = made_hearing()
    server.receive(log)
    with database.read() as work:
        segment = work.hearings.segment(HEARING, "mic-judge", 0)
        assert segment is not None
        entries, root = [row.entry for row in work.log.entries()], work.log.head().root
    overwrite(path_of(server.store, segment.sha256), b"forged")
    second = LocalStore(tmp_path / "second")
    second.put(segment.sha256, log.objects[segment.sha256], segment.size, NOW)
    [fault] = [one for one in scrub_all(database, server.store, server.clock) if one.result is not Result.WHOLE]
    assert repair(database, server.store, fault, [source_of(second)], server.clock.utc).done
    with database.read() as work:
        assert ([row.entry for row in work.log.entries()], work.log.head().root) == (entries, root)
    assert all(one.result is Result.WHOLE for one in scrub_all(database, server.store, SetClock(NOW + timedelta(1))))


def test_s3_bytes_under_another_version_are_listed_anew_and_nothing_is_written(
    database: Database, bucket: S3Store
) -> None:
    [sha256] = keep(database, bucket, 1)
    right = known(database, sha256).version
    forged = bucket.client.put_object(bucket.bucket, object_key(sha256), io.BytesIO(b"forged"), 6)
    for wrong in (str(forged.version_id), "01234567-89ab-4def-8123-456789abcdef", "no version at all"):
        list_version(database, sha256, wrong)
        found = finding(database, bucket, sha256)
        assert (found.result, found.detail) == (Result.WRONG_VERSION, right)
        assert repair(database, bucket, found, [], NOW).done
        assert known(database, sha256).version == right
    assert len(bucket.versions(sha256)) == 2


def test_s3_forged_bytes_are_overlaid_by_a_new_locked_version(
    database: Database, bucket: S3Store, second: LocalStore
) -> None:
    sha256, key = hash_of(1), object_key(hash_of(1))
    forged = bucket.client.put_object(bucket.bucket, key, io.BytesIO(b"forged"), 6)
    bucket.hold(sha256, True)
    with database.begin() as work:
        listed = StoredObject(key, str(forged.version_id), sha256, len(content_of(1)))
        work.log.add_object(listed, NOW, NOW - timedelta(days=1))
    found = finding(database, bucket, sha256)
    assert found.result is Result.TRUNCATED
    done = repair(database, bucket, found, [source_of(second)], datetime.now(UTC))
    assert done.done, done.sentence
    version = known(database, sha256).version
    assert version not in ("", forged.version_id)
    assert bucket.read(sha256, version=version) == content_of(1)
    assert [one.version for one in bucket.versions(sha256)] == [version, forged.version_id]
    kept = bucket.client.get_object_retention(bucket.bucket, key, version)
    assert kept is not None
    assert kept.mode == COMPLIANCE
    assert bucket.held(sha256), "a legal hold goes over to the bytes it was meant for"
    later = datetime.now(UTC) + timedelta(hours=2)
    [told] = oddities(database, bucket, later)
    assert "2 version(s) and 0 delete marker(s)" in told


def test_s3_delete_markers_are_told_and_do_no_harm(database: Database, bucket: S3Store) -> None:
    [sha256] = keep(database, bucket, 1)
    bucket.client.remove_object(bucket.bucket, object_key(sha256))
    assert finding(database, bucket, sha256).result is Result.WHOLE
    [told] = oddities(database, bucket, datetime.now(UTC) + timedelta(hours=2))
    assert "1 version(s) and 1 delete marker(s)" in told
