"""An S3 bucket with object lock as write-once store, through the `minio` SDK.

Each object is one PUT that carries its COMPLIANCE retention and its checksum, so there is no moment at which it
lies there unlocked. Several servers accept object lock and do not enforce it: see canary.py.
"""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import urllib3.exceptions
from minio import Minio
from minio.commonconfig import COMPLIANCE
from minio.datatypes import Object
from minio.error import MinioException, S3Error
from minio.retention import Retention

from storage.errors import (
    ObjectAltered,
    ObjectLocked,
    ObjectMissing,
    StorageError,
    StoreNotWriteOnce,
    StoreRefused,
    StoreUnavailable,
)
from storage.worm.port import Item, RangeReader, Source, StoredObject, copy_checked, named_by, object_key, stored_state

MAX_OBJECT = 5 << 30
"""Bytes that S3 takes in one PUT."""

CANARY = "canary/"
"""Below it lies nothing but canaries (canary.py): nowhere else need our account ask for a deletion."""

_MIN_PART = 5 << 20
_LOCKED = frozenset({"AccessDenied", "InvalidRequest", "ObjectLocked"})
"""What servers answer to who would delete a locked version: Amazon the first, MinIO the second."""
_EPOCH = datetime.fromtimestamp(0, UTC)
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchObject"})


class S3Store:
    """Implements `WormStore` in one bucket, below `prefix`; `client` and `bucket` are open to the canary."""

    def __init__(self, client: Minio, bucket: str, prefix: str = "", disposal: Minio | None = None) -> None:
        """Makes the bucket with object lock if it is missing; raises StoreNotWriteOnce if it is there without.

        With `disposal` what is destroyed is deleted by that client's account, and all else done by the other's.
        """
        self.client = client
        self.bucket = bucket
        self._prefix = prefix
        self._disposal = disposal or client
        with self.asking(f"bucket {bucket}"):
            if not client.bucket_exists(bucket):
                client.make_bucket(bucket, object_lock=True)
        try:
            with self.asking(f"bucket {bucket}"):
                client.get_object_lock_config(bucket)
        except StoreUnavailable as error:
            if _code(error) != "ObjectLockConfigurationNotFoundError":
                raise
            raise StoreNotWriteOnce(
                f"The bucket {bucket} was made without object lock, which cannot be added: name another bucket."
            ) from None

    def put(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """As in the port. What it returns was read back, by version, and hashed."""
        key = self._key(sha256)
        if size > MAX_OBJECT:
            raise StorageError(f"Object {sha256} has {size} bytes; one object may have at most {MAX_OBJECT}.")
        content = io.BytesIO()
        copy_checked(source, sha256, size, content.write)
        known = self._intact(sha256)
        if known is not None:
            self._extend(known, retain_until)
            return known
        content.seek(0)
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with self.asking(sha256):
            written = self.client.put_object(
                self.bucket,
                key,
                content,
                size,
                metadata={"x-amz-checksum-sha256": checksum},
                part_size=max(size, _MIN_PART),
                retention=Retention(COMPLIANCE, retain_until),
            )
        stored = StoredObject(key, written.version_id or "", sha256, size)
        state = stored_state(self, sha256, stored.version)
        if state.sha256 != sha256:
            raise ObjectAltered(f"The bucket {self.bucket} returns other bytes than it was given for {sha256}.")
        return stored

    def head(self, sha256: str, version: str = "") -> StoredObject:
        with self.asking(sha256):
            found = self.client.stat_object(self.bucket, self._key(sha256), version_id=version or None)
        return StoredObject(self._key(sha256), found.version_id or "", sha256, found.size or 0)

    def read(self, sha256: str, offset: int = 0, length: int | None = None, version: str = "") -> bytes:
        with self.reader(sha256, version) as reader:
            return reader.read(offset, reader.size if length is None else length)

    @contextmanager
    def reader(self, sha256: str, version: str = "") -> Iterator[RangeReader]:
        yield _VersionReader(self, self.head(sha256, version))

    def hold(self, sha256: str, on: bool) -> None:
        """On every version, so that none is left out where somebody wrote over the name or marked it deleted."""
        change = self.client.enable_object_legal_hold if on else self.client.disable_object_legal_hold
        for one in self._all(sha256):
            with self.asking(sha256):
                change(self.bucket, one.key, one.version)

    def held(self, sha256: str) -> bool:
        return any(self._held(one) for one in self._all(sha256))

    def extend(self, sha256: str, until: datetime) -> None:
        for one in self._all(sha256):
            self._extend(one, until)

    def destroy(self, sha256: str) -> None:
        """As in the port. It is the server that refuses; the oldest version is tried first, for it is the evidence."""
        marks = [one for one in self._listed(sha256) if one.is_delete_marker]
        for version in (*(one.version for one in reversed(self._all(sha256))), *(one.version_id for one in marks)):
            try:
                with self.asking(sha256):
                    self._disposal.remove_object(self.bucket, self._key(sha256), version)
            except StoreUnavailable as error:
                if _code(error) not in _LOCKED:
                    raise
                raise ObjectLocked(
                    f"The bucket {self.bucket} refuses to destroy object {sha256}, which is under retention or legal "
                    f"hold, or not ours to delete ({_code(error)})."
                ) from None

    def versions(self, sha256: str) -> list[StoredObject]:
        key = self._key(sha256)
        return [
            StoredObject(key, one.version_id or "", sha256, one.size or 0)
            for one in self._listed(sha256)
            if not one.is_delete_marker
        ]

    def restore(self, sha256: str, source: Source, size: int, retain_until: datetime) -> StoredObject:
        """A new version; the others stay. It takes over the legal hold of any of them."""
        held = any(self._held(one) for one in self.versions(sha256))
        stored = self.put(sha256, source, size, retain_until)
        if held:
            self.hold(sha256, True)
        return stored

    def items(self) -> Iterator[Item]:
        """Every version and delete marker of the bucket but the canary's."""
        with self.asking(f"bucket {self.bucket}"):
            for one in self.client.list_objects(self.bucket, recursive=True, include_version=True):
                name = one.object_name or ""
                if name.startswith(CANARY):
                    continue
                place = f"{name} (version {one.version_id})"
                yield Item(place, named_by(name), one.last_modified or _EPOCH, one.is_delete_marker)

    def describe(self) -> str:
        return f"The bucket {self.bucket}: object lock, each object retained in compliance mode."

    def read_range(self, stored: StoredObject, offset: int, length: int) -> bytes:
        """At most `length` bytes of that very version."""
        length = min(length, stored.size - offset)
        if length <= 0:
            return b""
        with self.asking(stored.sha256):
            response = self.client.get_object(
                self.bucket, stored.key, offset, length, version_id=stored.version or None
            )
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

    def _key(self, sha256: str) -> str:
        return self._prefix + object_key(sha256)

    def _held(self, stored: StoredObject) -> bool:
        with self.asking(stored.sha256):
            return self.client.is_object_legal_hold_enabled(self.bucket, stored.key, stored.version)

    def _intact(self, sha256: str) -> StoredObject | None:
        """The newest version, if there is one and its bytes are the right ones."""
        try:
            known = self.head(sha256)
        except ObjectMissing:
            return None
        return known if stored_state(self, sha256, known.version).sha256 == sha256 else None

    def _listed(self, sha256: str) -> list[Object]:
        """Everything under that name, marks of deletion included."""
        key = self._key(sha256)
        with self.asking(sha256):
            listed = list(self.client.list_objects(self.bucket, prefix=key, include_version=True))
        return [one for one in listed if one.object_name == key]

    def _all(self, sha256: str) -> list[StoredObject]:
        """Every version; raises ObjectMissing if there is none."""
        found = self.versions(sha256)
        if not found:
            raise ObjectMissing(f"The bucket {self.bucket} holds no object {sha256}.")
        return found

    def _extend(self, known: StoredObject, retain_until: datetime) -> None:
        with self.asking(known.sha256):
            present = self.client.get_object_retention(self.bucket, known.key, known.version)
            if present is None or present.retain_until_date < retain_until:
                longer = Retention(COMPLIANCE, retain_until)
                self.client.set_object_retention(self.bucket, known.key, longer, known.version)

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Turns the SDK's errors into ours."""
        try:
            yield
        except S3Error as error:
            if error.code in _MISSING:
                raise ObjectMissing(f"The bucket {self.bucket} holds no object {what}.") from error
            raise StoreRefused(
                f"The object store refused {what} ({error.code}: {error.message}): check its state and rights."
            ) from error
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise StoreUnavailable(f"The object store does not answer for {what}: {error}.") from error


class _VersionReader:
    piece = 8 << 20  # each is a request of its own: see bench/README.md

    def __init__(self, store: S3Store, stored: StoredObject) -> None:
        self._store = store
        self._stored = stored

    @property
    def size(self) -> int:
        return self._stored.size

    def read(self, offset: int, length: int) -> bytes:
        return self._store.read_range(self._stored, offset, length)


def connect(endpoint: str, access_key: str, secret_key: str, bucket: str, secure: bool = True) -> S3Store:
    """The store at `endpoint` (host:port); plain HTTP if not `secure`."""
    return S3Store(Minio(endpoint, access_key, secret_key, secure=secure), bucket)


def _code(error: StoreUnavailable) -> str | None:
    cause = error.__cause__
    return cause.code if isinstance(cause, S3Error) else None
