"""The canary against a real MinIO, and against servers that accept object lock and do not keep the promise."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import urllib3
from minio import Minio

from storage.errors import StoreNotWriteOnce, StoreUnavailable
from storage.worm.canary import KEPT, prove_write_once
from storage.worm.s3 import CANARY, S3Store, connect
from tests.services.processes import MinioServer
from tests.simulators.s3_without_locks import Behaviour, s3_without_locks


def now() -> datetime:
    return datetime.now(UTC)


def store_at(endpoint: str) -> S3Store:
    pool = urllib3.PoolManager(retries=False, timeout=30)
    return S3Store(Minio(endpoint, "key", "secret", secure=False, region="us-east-1", http_client=pool), "evidence")


def test_minio_is_write_once(minio: MinioServer) -> None:
    store = connect(minio.endpoint, minio.access_key, minio.secret_key, "canary", secure=False)
    began = now()
    canary = prove_write_once(store, began)
    below = S3Store(store.client, store.bucket, CANARY)
    assert below.read(canary.sha256, version=canary.version).startswith(b"courtrec canary")
    assert canary.key.startswith(CANARY)
    assert list(store.items()) == [], "a canary is no object of the court's"
    kept = store.client.get_object_retention(store.bucket, canary.key, canary.version)
    assert kept is not None
    assert kept.retain_until_date > began + KEPT - timedelta(seconds=1)
    assert prove_write_once(store, began + timedelta(seconds=1)) != canary


def test_a_server_that_keeps_its_promise_passes() -> None:
    with s3_without_locks(Behaviour()) as endpoint:
        assert prove_write_once(store_at(endpoint), now()).version == "v1"


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (Behaviour(deletes=True), "deleted"),
        (Behaviour(shortens=True), "shortened"),
        (Behaviour(shortens_silently=True), "retention it was given"),
        (Behaviour(deletes_silently=True), "lost"),
        (Behaviour(forgets_retention=True), "retention it was given"),
        (Behaviour(keeps_no_versions=True), "no versions"),
    ],
)
def test_a_server_that_does_not_is_found_out(behaviour: Behaviour, says: str) -> None:
    with s3_without_locks(behaviour) as endpoint, pytest.raises(StoreNotWriteOnce, match=says) as found:
        prove_write_once(store_at(endpoint), now())
    assert "evidence" in str(found.value)


def test_a_silent_server_is_no_proof() -> None:
    with s3_without_locks(Behaviour()) as endpoint:
        store = store_at(endpoint)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        prove_write_once(store, now())


def test_a_server_that_falls_silent_has_refused_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*arguments: object, **options: object) -> Callable[[], None]:
        raise urllib3.exceptions.ProtocolError("connection broken")

    with s3_without_locks(Behaviour()) as endpoint:
        store = store_at(endpoint)
        monkeypatch.setattr(Minio, "remove_object", silent)
        with pytest.raises(StoreUnavailable, match="connection broken"):
            prove_write_once(store, now())
