"""The canary: does the store really refuse what a write-once store must refuse?

Run at every start of a program that writes there, and daily while one runs (storage/canary.py). A store that fails it
may not take new hearings.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from storage.errors import StoreNotWriteOnce
from storage.worm.local import LocalStore
from storage.worm.port import StoredObject, WormStore, stored_state
from storage.worm.s3 import CANARY, S3Store
from storage.worm.sealing import Sealing

KEPT = timedelta(days=1)


def proof_of(store: WormStore) -> Callable[[datetime], object] | None:
    """What proves at a moment (UTC) that the store keeps what it promises; None for a folder that promises nothing.

    It raises StoreUnavailable if the store is silent, another StorageError if it does not.
    """
    if isinstance(store, S3Store):
        return partial(prove_write_once, store)
    if isinstance(store, LocalStore) and store.sealing is Sealing.REQUIRE:
        return lambda now: store.try_sealing()
    return None


def prove_write_once(store: S3Store, now: datetime) -> StoredObject:
    """Stores a small object for a day, then tries to free it early and to delete it; returns it, still there.

    It lies below `canary/`: there our account must have the right to delete, so that the lock, not the account's
    rights, is what refuses; evidence it may never delete (deploy/policies/server.json).

    Raises StoreNotWriteOnce if either was not refused or had an effect, StoreUnavailable if the store is silent.
    """
    content = f"courtrec canary {now.astimezone(UTC).isoformat()}".encode()
    sha256 = hashlib.sha256(content).hexdigest()
    store = S3Store(store.client, store.bucket, CANARY)
    until = (now + KEPT).astimezone(UTC).replace(microsecond=0)
    canary = store.put(sha256, content, len(content), until)
    client, bucket = store.client, store.bucket
    if not canary.version:
        raise _failed(bucket, "keeps no versions of objects")
    sooner = Retention(COMPLIANCE, until - KEPT / 2)
    if not _refused(store, lambda: client.set_object_retention(bucket, canary.key, sooner, canary.version)):
        raise _failed(bucket, "let the retention of a locked object be shortened")
    if not _refused(store, lambda: client.remove_object(bucket, canary.key, canary.version)):
        raise _failed(bucket, "let a locked object be deleted")
    if stored_state(store, sha256, canary.version).sha256 != sha256:
        raise _failed(bucket, "lost a locked object, though it refused to delete it")
    with store.asking(sha256):
        kept = client.get_object_retention(bucket, canary.key, canary.version)
    if kept is None or kept.mode != COMPLIANCE or kept.retain_until_date < until:
        raise _failed(bucket, "does not keep the retention it was given")
    return canary


def _refused(store: S3Store, attempt: Callable[[], object]) -> bool:
    with store.asking("the canary"):
        try:
            attempt()
        except S3Error:
            return True
    return False


def _failed(bucket: str, what: str) -> StoreNotWriteOnce:
    return StoreNotWriteOnce(
        f"The bucket {bucket} is not write-once: it {what}. Keep no hearing there; use a store with object lock "
        "in compliance mode."
    )
