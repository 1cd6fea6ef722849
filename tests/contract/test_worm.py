"""What every write-once store promises, asked of the folder and of a real MinIO."""

import base64
import hashlib
import io
import secrets
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error

from storage.errors import ObjectLocked, ObjectMissing, StorageError, StoreNotWriteOnce, StoreUnavailable, WrongHash
from storage.ledger.faults import ObjectState
from storage.worm.local import LocalStore
from storage.worm.port import Source, WormStore, stored_state
from storage.worm.s3 import S3Store, connect
from storage.worm.sealing import Sealing
from tests.factories.objects import unseal_all
from tests.services.processes import MinioServer

# Locked for a minute: longer than any test, and then MinIO may forget it.
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def fresh(size: int = 1000) -> tuple[str, bytes]:
    content = secrets.token_bytes(size)
    return hashlib.sha256(content).hexdigest(), content


def s3_store(minio: MinioServer, bucket: str = "evidence") -> S3Store:
    return connect(minio.endpoint, minio.access_key, minio.secret_key, bucket, secure=False)


@pytest.fixture(params=["local", "sealed", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WormStore]:
    if request.param == "s3":
        yield s3_store(request.getfixturevalue("minio"))
        return
    yield LocalStore(tmp_path / "objects", Sealing.AUTO if request.param == "sealed" else Sealing.OFF)
    unseal_all(tmp_path)


def as_file(content: bytes, tmp_path: Path) -> Source:
    path = tmp_path / "segment.mp4"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("size", [0, 1, 1000, 6 << 20])
@pytest.mark.parametrize("form", ["bytes", "stream", "file"])
def test_what_is_put_is_read_back(store: WormStore, tmp_path: Path, size: int, form: str) -> None:
    sha256, content = fresh(size)
    if size == 0:
        sha256 = hashlib.sha256(content).hexdigest()
    source: Source = content
    if form == "stream":
        source = io.BytesIO(content)
    elif form == "file":
        source = as_file(content, tmp_path)
    stored = store.put(sha256, source, size, UNTIL)
    assert (stored.sha256, stored.size) == (sha256, size)
    assert stored.version
    assert store.head(sha256) == store.head(sha256, stored.version) == stored
    assert store.read(sha256) == store.read(sha256, version=stored.version) == content
    assert stored_state(store, sha256) == ObjectState(sha256, size)


def test_ranges(store: WormStore) -> None:
    sha256, content = fresh(1000)
    store.put(sha256, content, 1000, UNTIL)
    with store.reader(sha256) as reader:
        assert reader.size == 1000
        for offset, length in ((0, 1000), (0, 1), (999, 1), (10, 0), (990, 500), (1000, 5), (5000, 5)):
            expected = content[offset : offset + length]
            assert reader.read(offset, length) == store.read(sha256, offset, length) == expected
    assert store.read(sha256, 400) == content[400:]


def test_putting_again_is_harmless(store: WormStore) -> None:
    sha256, content = fresh()
    first = store.put(sha256, content, len(content), UNTIL)
    assert store.put(sha256, content, len(content), UNTIL) == first
    assert store.versions(sha256) == [first]


def test_putting_at_once_is_harmless(store: WormStore) -> None:
    sha256, content = fresh()
    with ThreadPoolExecutor(4) as pool:
        puts = [pool.submit(store.put, sha256, content, len(content), UNTIL) for _ in range(8)]
    assert {put.result().sha256 for put in puts} == {sha256}
    assert store.read(sha256) == content


@pytest.mark.parametrize("wrong", ["other bytes", "too few", "too many", "wrong size"])
def test_wrong_bytes_are_refused_and_leave_nothing(store: WormStore, wrong: str) -> None:
    sha256, content = fresh()
    sent = {"other bytes": content[:-1] + b"?", "too few": content[:-1], "too many": content + b"?"}
    size = len(content) + 5 if wrong == "wrong size" else len(content)
    with pytest.raises(WrongHash, match=sha256):
        store.put(sha256, sent.get(wrong, content), size, UNTIL)
    assert store.versions(sha256) == []
    with pytest.raises(ObjectMissing, match=sha256):
        store.head(sha256)


def test_what_is_not_there_is_missing(store: WormStore) -> None:
    sha256, _ = fresh()
    for ask in (store.head, store.read, store.held):
        with pytest.raises(ObjectMissing, match=sha256):
            ask(sha256)
    for change in (
        lambda: store.hold(sha256, True),
        lambda: store.extend(sha256, UNTIL),
        lambda: store.destroy(sha256),
    ):
        with pytest.raises(ObjectMissing, match=sha256):
            change()
    with pytest.raises(ObjectMissing), store.reader(sha256):
        pass
    assert store.versions(sha256) == []
    assert stored_state(store, sha256) == ObjectState(None, 0)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_hashes_are_names(store: WormStore, name: str) -> None:
    for ask in (store.head, store.read, store.versions):
        with pytest.raises(StorageError, match="no SHA-256"):
            ask(name)
    with pytest.raises(StorageError, match="no SHA-256"):
        store.put(name, b"", 0, UNTIL)


def test_legal_hold(store: WormStore) -> None:
    sha256, content = fresh()
    store.put(sha256, content, len(content), UNTIL)
    assert not store.held(sha256)
    for on in (True, True, False, False):
        store.hold(sha256, on)
        assert store.held(sha256) is on
    assert store.read(sha256) == content


def test_what_is_held_is_not_destroyed(store: WormStore) -> None:
    sha256, content = fresh()
    store.put(sha256, content, len(content), soon())
    store.hold(sha256, True)
    with pytest.raises(ObjectLocked, match=sha256):
        store.destroy(sha256)
    assert store.read(sha256) == content


def test_what_is_destroyed_is_gone_for_good(store: WormStore) -> None:
    sha256, content = fresh()
    other, its = fresh()
    stored = store.put(sha256, content, len(content), soon())
    store.put(other, its, len(its), UNTIL)
    destroy_once_allowed(store, sha256)
    assert store.versions(sha256) == []
    assert stored_state(store, sha256, stored.version) == ObjectState(None, 0)
    assert store.read(other) == its
    with pytest.raises(ObjectMissing, match=sha256):
        store.destroy(sha256)


def test_s3_destroys_nothing_before_its_retention_is_over(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), UNTIL)
    forged = store.client.put_object(store.bucket, stored.key, io.BytesIO(b"forged"), 6)
    store.client.remove_object(store.bucket, stored.key)
    with pytest.raises(ObjectLocked, match=sha256):
        store.destroy(sha256)
    assert [one.version for one in store.versions(sha256)] == [forged.version_id, stored.version]


def test_s3_destroys_every_version_and_mark(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), soon())
    store.client.put_object(store.bucket, stored.key, io.BytesIO(b"forged"), 6)
    store.client.remove_object(store.bucket, stored.key)
    destroy_once_allowed(store, sha256)
    left = store.client.list_objects(store.bucket, prefix=stored.key, include_version=True)
    assert list(left) == []


def test_s3_holds_and_extends_the_evidence_behind_another_version_and_a_delete_mark(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), UNTIL)
    store.client.put_object(store.bucket, stored.key, io.BytesIO(b"forged"), 6)
    store.client.remove_object(store.bucket, stored.key)
    store.hold(sha256, True)
    assert store.client.is_object_legal_hold_enabled(store.bucket, stored.key, stored.version)
    store.hold(sha256, False)
    assert not store.held(sha256)
    for until in (UNTIL + timedelta(days=2), UNTIL):
        store.extend(sha256, until)
        kept = store.client.get_object_retention(store.bucket, stored.key, stored.version)
        assert kept is not None
        assert kept.retain_until_date == UNTIL + timedelta(days=2)


def soon() -> datetime:
    """The nearest end of a retention that MinIO takes: it counts whole seconds and wants the future."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2)


def destroy_once_allowed(store: WormStore, sha256: str) -> None:
    """Asks until the server no longer refuses, which it must within a few seconds."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return store.destroy(sha256)
        except ObjectLocked:
            assert time.monotonic() < deadline, "the retention never ended"


def test_s3_locks_what_it_stores_in_compliance_mode(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), UNTIL)
    kept = store.client.get_object_retention(store.bucket, stored.key, stored.version)
    assert kept is not None
    assert (kept.mode, kept.retain_until_date) == (COMPLIANCE, UNTIL)
    with pytest.raises(S3Error):
        store.client.remove_object(store.bucket, stored.key, stored.version)
    assert store.read(sha256, version=stored.version) == content


def test_s3_stores_a_segment_in_one_put(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh(11 << 20)
    stored = store.put(sha256, content, len(content), UNTIL)
    etag = store.client.stat_object(store.bucket, stored.key).etag
    assert etag == hashlib.md5(content, usedforsecurity=False).hexdigest(), "the ETag of a multipart upload has a dash"


class CountingPool(urllib3.PoolManager):
    """Remembers method, path and headers of every request."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []

    def urlopen(self, method: str, url: str, *rest: Any, **options: Any) -> Any:
        self.requests.append((method, urlsplit(url).path, options.get("headers") or {}))
        return super().urlopen(method, url, *rest, **options)


def test_s3_locks_a_segment_in_the_one_request_that_stores_it(minio: MinioServer) -> None:
    """No moment without a lock, and no upload in parts: the request carries bytes, checksum and retention."""
    with CountingPool() as pool:
        client = Minio(minio.endpoint, minio.access_key, minio.secret_key, secure=False, http_client=pool)
        store = S3Store(client, "evidence")
        sha256, content = fresh(20 << 20)
        pool.requests.clear()
        stored = store.put(sha256, content, len(content), UNTIL)
        changing = [one for one in pool.requests if one[0] not in {"GET", "HEAD"}]
        assert [(method, path) for method, path, _ in changing] == [("PUT", f"/evidence/{stored.key}")]
        [(_, _, headers)] = changing
        assert headers["x-amz-object-lock-mode"] == COMPLIANCE
        assert datetime.fromisoformat(headers["x-amz-object-lock-retain-until-date"]) == UNTIL
        assert base64.b64decode(headers["x-amz-checksum-sha256"]).hex() == sha256
        pool.requests.clear()
        assert store.put(sha256, content, len(content), UNTIL) == stored
        assert {method for method, _, _ in pool.requests} <= {"GET", "HEAD"}, "what is there is not stored again"


def test_s3_server_checks_the_hash_too(minio: MinioServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that change between us and the server never become an object."""
    store = s3_store(minio)
    sha256, content = fresh()
    send = Minio.put_object

    def changed(client: Minio, bucket: str, key: str, data: io.BytesIO, *rest: object, **options: object) -> object:
        return send(client, bucket, key, io.BytesIO(data.read()[::-1]), *rest, **options)  # type: ignore[arg-type] # passed on as given

    monkeypatch.setattr(Minio, "put_object", changed)
    with pytest.raises(StoreUnavailable):
        store.put(sha256, content, len(content), UNTIL)
    monkeypatch.undo()
    assert store.versions(sha256) == []


def test_s3_retention_grows_when_an_object_is_put_again_for_longer(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), UNTIL)
    for until in (UNTIL + timedelta(minutes=1), UNTIL):
        assert store.put(sha256, content, len(content), until) == stored
        kept = store.client.get_object_retention(store.bucket, stored.key, stored.version)
        assert kept is not None
        assert kept.retain_until_date == UNTIL + timedelta(minutes=1)


def test_s3_versions_keep_the_evidence_under_an_overwritten_name(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), UNTIL)
    forged = store.client.put_object(store.bucket, stored.key, io.BytesIO(b"forged"), 6)
    assert [one.version for one in store.versions(sha256)] == [forged.version_id, stored.version]
    assert stored_state(store, sha256).sha256 != sha256
    assert stored_state(store, sha256, stored.version) == ObjectState(sha256, len(content))
    again = store.put(sha256, content, len(content), UNTIL)
    assert again.version not in (forged.version_id, stored.version)
    assert store.read(sha256) == content


def test_s3_finds_the_evidence_behind_a_delete_mark(minio: MinioServer) -> None:
    store = s3_store(minio)
    sha256, content = fresh()
    stored = store.put(sha256, content, len(content), UNTIL)
    store.client.remove_object(store.bucket, stored.key)
    assert store.versions(sha256) == [stored]
    assert store.read(sha256, version=stored.version) == content
    with pytest.raises(ObjectMissing):
        store.head(sha256)


def test_s3_refuses_a_bucket_without_object_lock(minio: MinioServer) -> None:
    client = Minio(minio.endpoint, minio.access_key, minio.secret_key, secure=False)
    client.make_bucket("unlocked")
    with pytest.raises(StoreNotWriteOnce, match="unlocked"):
        S3Store(client, "unlocked")


def test_s3_says_when_the_key_is_wrong(minio: MinioServer) -> None:
    with pytest.raises(StoreUnavailable, match="evidence"):
        connect(minio.endpoint, minio.access_key, "wrong", "evidence", secure=False)
