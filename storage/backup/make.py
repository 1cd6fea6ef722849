"""Makes a backup while the court works: one state of the database, and keys that belong to it."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage import durable
from storage.backup.archive import describe_part, pack, recipients
from storage.backup.database import Copied, copy_database
from storage.backup.manifest import CHECKPOINT, DATABASE, KEYS, Manifest
from storage.db.unit_of_work import Database
from storage.errors import BackupError

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up: the database, the folder of keys, and the log's name."""

    database: Database
    keys: Path
    origin: str


def file_name(origin: str, at: datetime) -> str:
    """A name that tells itself: whose log, and when."""
    whose = re.sub(r"[^\w.-]", "-", origin)
    return f"backup-{whose}-{at:%Y-%m-%dT%H%M%SZ}.age"


def make_backup(source: Source, path: Path, readers: Sequence[str], at: datetime) -> Manifest:
    """Writes an encrypted backup for `readers` (age keys) to the new file `path`; returns what it holds.

    Raises BackupError; there is no file at `path` then. The copies lie unencrypted beside the keys while it is made,
    readable by the owner only.
    """
    if not readers:
        raise BackupError(
            "Nobody could read the backup: make a key with `courtrec backup key FILE` and put the line age1… that it "
            "prints into COURTREC_BACKUP_RECIPIENTS."
        )
    allowed = recipients(readers)
    try:
        with _staging(source.keys.parent) as folder:
            copied = _copy_all(source, folder)
            parts = {name: describe_part(folder / name) for name in (DATABASE, *_keys_in(folder / KEYS))}
            manifest = Manifest(
                at, source.origin, copied.entries, copied.root.hex(), copied.checkpoint, copied.kind, parts
            )
            pack(folder, manifest, path, allowed)
    except OSError as error:
        raise BackupError(f"The backup cannot be prepared in {source.keys.parent} ({error.strerror}).") from None
    return manifest


@contextmanager
def _staging(home: Path) -> Iterator[Path]:
    """An empty folder for this program alone, gone afterwards; what a killed one left is removed first."""
    with durable.sole_holder(home / ".backup.lock") as alone:
        if not alone:
            raise BackupError(f"Another backup of {home} is being made: wait for it.")
        folder = home / ".backup"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _copy_all(source: Source, folder: Path) -> Copied:
    """Keys before the database: what the database holds was then signed by keys that are here.

    A key that was replaced meanwhile has them copied again.
    """
    for _ in range(_TRIES):
        _copy_keys(source.keys, folder / KEYS)
        copied = copy_database(source.database, folder / DATABASE)
        if _contents(source.keys) == _contents(folder / KEYS):
            _keep_end(copied, folder / CHECKPOINT)
            return copied
        shutil.rmtree(folder / KEYS)
        (folder / DATABASE).unlink()
    raise BackupError(f"The keys in {source.keys} kept changing while they were copied: try again.")


def _keep_end(copied: Copied, path: Path) -> None:
    """The end of the log as the copied database has it, so that what is restored agrees with itself."""
    if copied.checkpoint:
        path.write_text(copied.checkpoint)
        path.chmod(0o600)


def _copy_keys(keys: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name in _keys_in(keys):
        target = folder.parent / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(keys.parent / name, target)
        target.chmod(0o600)


def _keys_in(folder: Path) -> list[str]:
    """Names of the key files, as `keys/…`; locks and files that are being written begin with a dot."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(path.relative_to(folder.parent).as_posix() for path in found)


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder.parent / name).read_bytes() for name in _keys_in(folder) if name != CHECKPOINT}
