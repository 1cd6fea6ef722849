"""A court whose keys lie in files, as a backup wants them, and homes to restore into."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyrage

from storage import durable
from storage.backup.archive import new_identity
from storage.backup.make import Source, make_backup
from storage.backup.manifest import LOG_KEY as LOG_KEY_FILE
from storage.backup.manifest import Manifest
from storage.backup.restore import Occasion, Target, restore
from storage.db.unit_of_work import Database
from storage.keyring import KeyRing, load_ring, rotate
from storage.keys import load_or_create, private_bytes
from storage.ledger.rotation import LOG, SERVER
from tests.factories.hearing_log import SERVER as SERVER_KEY
from tests.factories.server import LOG_KEY, Server, make_server
from tests.services.processes import PostgresServer

ORIGIN = "courtrec"
RESTORED = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
NOBODY_KNOWS = Occasion(RESTORED)
"""No later checkpoint is given."""


def keys_in_files(home: Path) -> None:
    """The keys of `make_server`, where the product keeps them."""
    folder = durable.make_folder(home / "keys")
    for name, key in ((LOG, LOG_KEY), (SERVER, SERVER_KEY)):
        durable.write_new(folder / f"{name}.ed25519", private_bytes(key), mode=0o600)
        load_or_create(folder / f"{name}.ed25519")


class Vault:
    """A person who keeps the backups and the key to them in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "secret.txt"
        self.recipient = new_identity(self.key)

    def take(self, server: Server, name: str = "one.age") -> tuple[Path, Manifest]:
        """A backup of the court as it is now."""
        context = server.context
        source = Source(context.database, context.settings.home / "keys", ORIGIN)
        path = self.folder / name
        return path, make_backup(source, path, [self.recipient], server.clock.utc)

    def repack(self, tar: bytes, name: str) -> Path:
        """A file for this key with other content than a backup's."""
        path = self.folder / name
        path.write_bytes(pyrage.encrypt(tar, [pyrage.x25519.Recipient.from_str(self.recipient)]))
        return path


def rings_of(home: Path) -> dict[str, KeyRing]:
    """The court's keys and statements in its files, as its programs load them; old keys no longer sign."""
    keys = home / "keys"
    return {
        f"{purpose}_keys": load_ring(keys / f"{purpose}.ed25519", purpose, ORIGIN, timedelta(0))
        for purpose in (LOG, SERVER)
    }


@contextmanager
def reopened(home: Path, address: str) -> Iterator[Server]:
    """The restored court, as its programs open it."""
    database = Database(address)
    try:
        yield make_server(database, home, **rings_of(home))
    finally:
        database.dispose()


@contextmanager
def moved_on(server: Server, folder: Path) -> Iterator[Server]:
    """The court, brought back from a backup of itself, whose log's key was replaced since."""
    keys_in_files(server.context.settings.home)
    target, vault = fresh(folder, "restored"), Vault(durable.make_folder(folder / "vault"))
    restore(vault.take(server)[0], vault.key, target, NOBODY_KNOWS)
    with_objects(server, target.home)
    rotate(target.home / LOG_KEY_FILE, LOG, ORIGIN, server.clock.utc)
    with reopened(target.home, target.database) as again:
        yield again


def empty_database(server: PostgresServer, name: str = "restored") -> str:
    """The address of a new PostgreSQL database."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.sqlalchemy_url.rsplit("/", 1)[0] + f"/{name}"


def fresh(tmp_path: Path, name: str = "fresh") -> Target:
    home = tmp_path / name
    home.mkdir()
    return Target(home, f"sqlite:///{home}/courtrec.db")


def with_objects(server: Server, home: Path) -> None:
    """Recordings are not in a backup: they come from the write-once store, or its copy."""
    shutil.copytree(server.store.folder, home / "objects")
