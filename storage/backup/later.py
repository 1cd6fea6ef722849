"""Ends of a log that it had signed after a backup of it was made: which are believed, and what is lost of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.backup.manifest import Manifest
from storage.db.unit_of_work import Database
from storage.errors import BackupError, LedgerError
from storage.keyring import KeyRing, stated_rotations
from storage.ledger.checkpoint import Checkpoint, verify_checkpoint
from storage.ledger.rotation import LOG, following


def end_of(manifest: Manifest) -> Checkpoint:
    """The end of the log in the backup."""
    return Checkpoint(manifest.origin, manifest.entries, bytes.fromhex(manifest.root))


def read_ends(notes: Iterable[str], origin: str, ring: KeyRing, log_key: Path) -> list[Checkpoint]:
    """The checkpoints in `notes`; raises BackupError where one is not of the log `origin` whose keys `ring` holds.

    They may be signed by a key that replaced those, if the statement of it lies beside the file `log_key`.
    """
    keys = [*ring.public, *following(ring.public, stated_rotations(log_key, LOG, origin))]
    try:
        return [verify_checkpoint(note, origin, keys) for note in notes]
    except LedgerError as error:
        raise BackupError(
            f"A later checkpoint is not of this backup's log: {error} If the log's key was replaced since, put the "
            f"statement of that (log.….rotation, GET /api/log/keys) into {log_key.parent} first."
        ) from None


def lost_end(kept: Checkpoint, known: Sequence[Checkpoint]) -> Checkpoint | None:
    """The newest of the `known` ends, None where the backup's, `kept`, is as new; raises BackupError on another log."""
    newest = max(known, key=lambda one: one.size, default=None)
    if newest is None or newest.size < kept.size or newest == kept:
        return None
    if newest.size == kept.size:
        raise BackupError(
            f"The log signed {newest.size} entries with another root than the backup has: one of the two was altered."
        )
    return newest


def must_begin_with(known: Iterable[Checkpoint], kept: Checkpoint, address: str) -> None:
    """Raises BackupError unless the log in the database at `address`, whose end is `kept`, begins with those of the
    `known` ends that are not beyond it."""
    database = Database(address)
    try:
        with database.read() as work:
            other = next((one for one in known if one.size <= kept.size and not work.log.begins_with(one)), None)
    finally:
        database.dispose()
    if other is not None:
        raise BackupError(
            f"The backup's log does not begin with the {other.size} entries of a checkpoint that the log signed (given "
            "with --later, or left in log.checkpoint): they are two histories. Find out which is the court's, and "
            "restore a backup of that into an empty home and an empty database."
        )
