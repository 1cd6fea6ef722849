"""Puts a backup into an empty home. What is there already is never written over.

The keys come first, each whole or not at all, and the database last, whole or not at all. As long as the folder
`.restoring` is in the home the restoration has not ended: nothing else runs there, and giving the command again
finishes it.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from storage import durable
from storage.backup.archive import unpack
from storage.backup.database import database_at, place_database
from storage.backup.manifest import CHECKPOINT, DATABASE, KEYS, LOG_KEY, Manifest
from storage.errors import BackupError, LedgerError
from storage.keyring import LOG, load_ring
from storage.ledger.checkpoint import Checkpoint, verify_checkpoint
from storage.ledger.loss import Loss, sign_loss

LOSS = ".loss"
"""How files among the keys end that state what the log lost."""

_STAGING = ".restoring"
_OCCUPIED = "There is a database already, and"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a backup goes: the home, and the address of its database."""

    home: Path
    database: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody's word that the log may go on without entries it had signed: why, and when that was decided."""

    reason: str
    at: datetime


def interrupted(home: Path) -> bool:
    """Whether a restoration into `home` has not ended."""
    return (home / _STAGING).exists()


def restore(
    path: Path,
    key: Path,
    target: Target,
    later: str | None = None,
    accepted: Accepted | None = None,
) -> Manifest:
    """Puts the backup in place; returns what it holds.

    `later` is the newest checkpoint of the log that anybody has, a signed note. Where that, or the checkpoint left
    among the keys, tells of more entries than the backup has, it goes on only with `accepted`, and states the loss.
    Raises BackupError; then nothing is in place that a second try would not accept.
    """
    try:
        with durable.sole_holder(target.home / ".restore.lock") as alone:
            if not alone:
                raise BackupError(f"Another program restores into {target.home}: wait for it.")
            return _restore(path, key, target, later, accepted)
    except OSError as error:
        raise BackupError(f"Nothing can be restored into {target.home} ({error.strerror}): check the folder.") from None


def _restore(
    path: Path,
    key: Path,
    target: Target,
    later: str | None,
    accepted: Accepted | None,
) -> Manifest:
    again, there = interrupted(target.home), database_at(target.database)
    if there is not None and not again:
        raise BackupError(f"{_OCCUPIED} nothing is written over it. Give an empty home or the address of an empty one.")
    staging = target.home / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    durable.fsync_folder(target.home)
    try:
        manifest = unpack(path, key, staging)
        if there is not None and (there.entries, there.root.hex()) != (manifest.entries, manifest.root):
            raise BackupError(f"{_OCCUPIED} it is not of this backup: give the one whose restoration was interrupted.")
        loss = _settle_end(manifest, staging, target.home, later, accepted)
        _must_fit(manifest, staging, target.home)
    except BaseException:
        if not again:
            shutil.rmtree(staging)  # nothing was put in place
        raise
    _place_keys(manifest, staging, target.home, loss)
    if there is None:
        place_database(staging / DATABASE, manifest.database, target.database)
    shutil.rmtree(staging)
    durable.fsync_folder(target.home)
    return manifest


def _settle_end(
    manifest: Manifest, staging: Path, home: Path, later: str | None, accepted: Accepted | None
) -> Loss | None:
    """The statement of what is lost, None where the backup's log is the newest that is known of.

    Known are `later` and the checkpoint that lies in the home already. Raises BackupError.
    """
    ring = load_ring(staging / LOG_KEY, LOG, manifest.origin, timedelta(0))
    notes = [later] if later is not None else []
    if (home / CHECKPOINT).exists():
        notes.append((home / CHECKPOINT).read_bytes().decode(errors="replace"))
    try:
        known = [verify_checkpoint(note, manifest.origin, ring.public) for note in notes]
    except LedgerError as error:
        raise BackupError(f"A later checkpoint is not of this backup's log: {error}") from None
    newest = max(known, key=lambda one: one.size, default=None)
    kept = Checkpoint(manifest.origin, manifest.entries, bytes.fromhex(manifest.root))
    if newest is None or newest.size < kept.size or newest == kept:
        return None
    if newest.size == kept.size:
        raise BackupError(
            f"The log signed {newest.size} entries with another root than the backup has: one of the two was altered."
        )
    if accepted is None:
        raise BackupError(
            f"The log had {newest.size} entries, the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC has {kept.size}: "
            "look for a newer one. To go on without the rest for good, give --accept-loss with the reason."
        )
    return sign_loss(kept, newest, accepted.at, accepted.reason, ring.key)


def _must_fit(manifest: Manifest, staging: Path, home: Path) -> None:
    """Raises BackupError where a key lies in the home already that is not the backup's."""
    for name in manifest.keys:
        there = home / name
        if name != CHECKPOINT and there.exists() and there.read_bytes() != (staging / name).read_bytes():
            raise BackupError(f"The file {there} is another one than the backup's: take it away, or use an empty home.")


def _place_keys(manifest: Manifest, staging: Path, home: Path, loss: Loss | None) -> None:
    if loss is not None:  # before the checkpoint that told of it is replaced
        folder = durable.make_folder(home / KEYS)
        with suppress(FileExistsError):  # an interrupted restoration stated it already
            durable.write_new(folder / f"log.{loss.lost.size}{LOSS}", loss.note.encode(), mode=0o600)
    for name in manifest.keys:
        there, content = home / name, (staging / name).read_bytes()
        durable.make_folder(there.parent)
        if name == CHECKPOINT or not there.exists():
            durable.replace(there, content, mode=0o600)
