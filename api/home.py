"""What a court keeps under COURTREC_HOME, or where its settings say, and how it is opened."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from alembic.util import CommandError
from minio import Minio
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from api.errors import SettingsError
from api.secrets import DISPOSAL_KEYS, S3_ACCESS_KEY, S3_SECRET_KEY, given_login, given_secret
from api.settings import Settings
from storage.db.migrate import upgrade
from storage.db.unit_of_work import Database
from storage.keyring import KeyRing, load_ring
from storage.worm.local import LocalStore
from storage.worm.port import WormStore
from storage.worm.s3 import S3Store


@dataclass(frozen=True, slots=True)
class Home:
    """What lies where under COURTREC_HOME."""

    path: Path

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def models(self) -> Path:
        return self.path / "models"

    @property
    def out(self) -> Path:
        return self.path / "out"

    @property
    def copies(self) -> Path:
        return self.out / "copies"

    def own_key(self, purpose: str) -> Path:
        """The server's own key for `purpose`, server or log."""
        return self.keys / f"{purpose}.ed25519"

    @property
    def node_key(self) -> Path:
        return self.keys / "node.ed25519"


def load_keys(settings: Settings, purpose: str, *, make: bool = True) -> KeyRing:
    """The server's own keys for `purpose`, server or log; raises KeyFileError."""
    overlap = timedelta(days=settings.key_overlap_days)
    return load_ring(Home(settings.home).own_key(purpose), purpose, settings.log_origin, overlap, make=make)


def open_database(address: str) -> Database:
    """The database in the newest schema; raises SettingsError, naming the address without its password."""
    try:
        shown = make_url(address).render_as_string(hide_password=True)
        database = Database(address)
    except (ArgumentError, ImportError, ValueError):
        raise SettingsError(
            "The address in COURTREC_DATABASE_URL cannot be used: write it as sqlite:///FILE or "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME."
        ) from None
    try:
        upgrade(database.engine)
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise SettingsError(
            f"The database {shown} cannot be used ({reason}): start it, or correct COURTREC_DATABASE_URL."
        ) from None
    except CommandError as error:
        raise SettingsError(f"The database {shown} is not of this version of courtrec ({error}).") from None
    return database


def make_store(settings: Settings, *, destroying: bool = False) -> WormStore:
    """The write-once store, not yet tried; one in S3 destroys only if that was announced.

    Raises StoreNotWriteOnce for a bucket without object lock.
    """
    if settings.store == "local":
        return LocalStore(settings.home / "objects", settings.store_sealing)
    folder = Home(settings.home).keys
    keys = given_secret(folder / S3_ACCESS_KEY), given_secret(folder / S3_SECRET_KEY)
    disposal = _s3(settings, _disposal_keys(folder)) if destroying else None
    return S3Store(_s3(settings, keys), settings.s3_bucket, disposal=disposal)


def _s3(settings: Settings, keys: tuple[str, str]) -> Minio:
    return Minio(settings.s3_endpoint, *keys, secure=settings.s3_secure)


def _disposal_keys(folder: Path) -> tuple[str, str]:
    keys = given_login(folder, DISPOSAL_KEYS)
    if keys is None:
        raise SettingsError(
            "Nothing can be destroyed in the S3 store with the server's account: put the keys of the account for "
            f"disposal into {folder / DISPOSAL_KEYS[0]} and {folder / DISPOSAL_KEYS[1]}."
        )
    return keys
