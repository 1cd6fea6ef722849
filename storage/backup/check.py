"""Looks into a backup without putting it in place: would it give the court its log back?"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from storage.backup.archive import unpack
from storage.backup.database import SQLITE, check_dump
from storage.backup.manifest import DATABASE, LOG_KEY, Manifest
from storage.db.unit_of_work import Database
from storage.errors import BackupError, LedgerError
from storage.keyring import LOG, load_ring
from storage.ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from storage.ledger.log import verify_log


def check_backup(path: Path, key: Path, folder: Path) -> tuple[Manifest, list[str]]:
    """What the backup holds, and what is wrong with the log in it, a sentence each; `folder` is empty and stays so no
    longer. Of a PostgreSQL dump only the list of its contents is read: its log is checked once it is restored.

    Raises BackupError where it could not be restored.
    """
    manifest = unpack(path, key, folder)
    ring = load_ring(folder / LOG_KEY, LOG, manifest.origin, timedelta(0))
    faults = end_faults(manifest, ring.public)
    if manifest.database != SQLITE:
        check_dump(folder / DATABASE)
    elif not faults and manifest.entries:
        faults = _log_faults(folder / DATABASE, parse_checkpoint(manifest.checkpoint))
    return manifest, faults


def end_faults(manifest: Manifest, log_keys: Sequence[bytes]) -> list[str]:
    """Is the end of the log, as it was copied, signed by one of `log_keys` (raw)?"""
    if not manifest.entries:
        return []
    try:
        signed = verify_checkpoint(manifest.checkpoint, manifest.origin, log_keys)
    except LedgerError as error:
        return [str(error)]
    if (signed.size, signed.root.hex()) == (manifest.entries, manifest.root):
        return []
    return [f"Of the log's {manifest.entries} entries only {signed.size} are signed: run courtrec verify."]


def _log_faults(path: Path, signed: Checkpoint) -> list[str]:
    copied = Database(f"sqlite:///{path}")
    try:
        with copied.read() as work:
            found = verify_log((row.entry for row in work.log.entries()), [signed])
    except DBAPIError as error:
        raise BackupError(f"The backup's database cannot be read ({error.orig}).") from None
    finally:
        copied.dispose()
    return [fault.sentence for fault in found]
