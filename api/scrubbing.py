"""Scrubbing put together from the settings: the worker's task, and where repairs find an object's bytes."""

from collections.abc import Iterator
from contextlib import contextmanager

from minio import Minio

from api.context import Context
from api.errors import SettingsError
from api.secrets import REPLICA_ACCESS_KEY, REPLICA_SECRET_KEY, given_secret
from api.settings import Settings
from recorder.settings import NodeSettings
from recorder.spool_file import spooled_file
from storage.errors import ObjectMissing
from storage.repair import CopySource
from storage.scrub import ScrubContext
from storage.worm.local import LocalStore, file_reader
from storage.worm.port import RangeReader, WormStore
from storage.worm.s3 import S3Store

MIB = 1 << 20


def scrub_context(context: Context) -> ScrubContext:
    settings = context.settings
    return ScrubContext(
        database=context.database,
        store=context.store,
        clock=context.clock,
        rate=settings.scrub_rate * MIB,
        stale_after=settings.scrub_after,
    )


def copy_sources(settings: Settings) -> list[CopySource]:
    """The second store of the settings, then the spool of a node on this machine.

    Raises SettingsError where the second store cannot be used, StoreUnavailable where it does not answer.
    """
    replica = _replica(settings)
    spool = CopySource("the node's spool", lambda sha256: _spooled(settings, sha256))
    return [spool] if replica is None else [CopySource("the second store", replica.reader), spool]


def _replica(settings: Settings) -> WormStore | None:
    folder = settings.replica_folder
    if folder is not None:
        if not folder.is_dir():
            raise SettingsError(f"The second store {folder} (COURTREC_REPLICA_FOLDER) is no folder: mount it first.")
        return LocalStore(folder)
    if not settings.replica_s3_endpoint:
        return None
    keys = settings.home / "keys"
    client = Minio(
        settings.replica_s3_endpoint,
        access_key=given_secret(keys / REPLICA_ACCESS_KEY),
        secret_key=given_secret(keys / REPLICA_SECRET_KEY),
        secure=settings.replica_s3_secure,
    )
    return S3Store(client, settings.replica_s3_bucket)


@contextmanager
def _spooled(settings: Settings, sha256: str) -> Iterator[RangeReader]:
    path = spooled_file(NodeSettings(home=settings.home).spool_folder, sha256)
    if path is None or not path.exists():
        raise ObjectMissing(f"The spool holds no object {sha256}.")
    with file_reader(path) as reader:
        yield reader
