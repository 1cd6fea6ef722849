"""Looks into a backup without putting it in place: would it give the court its log back?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from storage.backup.archive import unpack
from storage.backup.database import SQLITE, check_dump, database_at
from storage.backup.later import end_of, lost_end, read_ends
from storage.backup.manifest import DATABASE, LOG_KEY, Manifest
from storage.db.unit_of_work import Database
from storage.errors import BackupError, LedgerError
from storage.keyring import load_ring
from storage.ledger.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from storage.ledger.log import verify_log
from storage.ledger.rotation import LOG


@dataclass(frozen=True, slots=True)
class Later:
    """A checkpoint of the log, a signed note, and the court that may know more of it: the address of its `database` and
    the file of its `log_key`, of which neither needs to be there."""

    note: str
    database: str
    log_key: Path


@dataclass(frozen=True, slots=True)
class Checked:
    """What the backup holds, `faults` of the log in it, and `notes` on what a restoration would lose, in sentences."""

    manifest: Manifest
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()


def check_backup(path: Path, key: Path, folder: Path, later: Later | None = None) -> Checked:
    """Looks at every part of the backup; `folder` is empty and stays so no longer. Of a PostgreSQL dump only the list
    of its contents is read: its log is checked once it is restored.

    Raises BackupError where it could not be restored, or where `later` is of another log.
    """
    manifest = unpack(path, key, folder)
    ring = load_ring(folder / LOG_KEY, LOG, manifest.origin, timedelta(0))
    faults = end_faults(manifest, ring.public)
    known = [] if later is None else read_ends([later.note], manifest.origin, ring, later.log_key)
    if manifest.database != SQLITE:
        check_dump(folder / DATABASE)
    elif not faults and manifest.entries:
        held = [one for one in known if one.size <= manifest.entries]
        faults = _log_faults(folder / DATABASE, [parse_checkpoint(manifest.checkpoint), *held])
    if later is None or faults:
        return Checked(manifest, tuple(faults))
    kept, [end] = end_of(manifest), known
    begins = _begins(kept, end, later.database) if end.size > kept.size else None
    if begins is False:
        faults = [f"The checkpoint's log does not begin with the backup's {kept.size} entries: they are two histories."]
    looked_into = end == kept or manifest.database == SQLITE
    return Checked(manifest, tuple(faults), tuple(_losses(kept, end, begins, looked_into=looked_into)))


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


def _losses(kept: Checkpoint, later: Checkpoint, begins: bool | None, *, looked_into: bool) -> Iterator[str]:
    """What a restoration would lose of what `later` tells of, and whether that log is known to begin with this one."""
    if lost_end(kept, [later]) is None:
        where = "begins with them" if looked_into else "is looked into once it is restored"
        yield f"A restoration would lose nothing of the checkpoint's {later.size} entries: the backup's log {where}."
        return
    yield (
        f"A restoration would lose {later.size - kept.size} of the entries that the checkpoint tells of: {kept.size} "
        f"to {later.size - 1}."
    )
    if begins:
        yield "The checkpoint's log begins with the backup's."
    elif begins is None:
        yield (
            "Whether the checkpoint's log begins with the backup's only the court's own log can tell, which is not "
            f"here: ask it for GET /api/log/consistency?old={kept.size}&new={later.size}."
        )


def _begins(kept: Checkpoint, later: Checkpoint, court: str) -> bool | None:
    """Whether the log of `later` begins with `kept`, None where the court's database is not there to tell."""
    if database_at(court) is None:
        return None
    database = Database(court)
    try:
        with database.read() as work:
            return work.log.begins_with(kept) if work.log.begins_with(later) else None
    finally:
        database.dispose()


def _log_faults(path: Path, signed: Sequence[Checkpoint]) -> list[str]:
    copied = Database(f"sqlite:///{path}")
    try:
        with copied.read() as work:
            found = verify_log((row.entry for row in work.log.entries()), signed)
    except DBAPIError as error:
        raise BackupError(f"The backup's database cannot be read ({error.orig}).") from None
    finally:
        copied.dispose()
    return [fault.sentence for fault in found]
