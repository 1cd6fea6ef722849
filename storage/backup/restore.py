"""Puts a backup into an empty home. What is there already is never written over.

The keys come first, each whole or not at all, and the database last, whole or not at all. As long as the folder
`.restoring` is in the home the restoration has not ended: nothing else runs there, and giving the command again
finishes it. Among the keys comes the statement that the log was restored, signed by the log's key; a copy lies in that
folder, so that a restoration which took several tries is stated once.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from storage import durable
from storage.backup.archive import unpack
from storage.backup.database import POSTGRESQL, SQLITE, database_at, place_database
from storage.backup.later import end_of, lost_end, must_begin_with, read_ends
from storage.backup.manifest import CHECKPOINT, DATABASE, KEYS, LOG_KEY, Manifest
from storage.errors import BackupError, LedgerError
from storage.keyring import KeyRing, load_ring, restoration_path, rotation_path
from storage.keys import load, public_path
from storage.ledger.checkpoint import Checkpoint, verify_checkpoint
from storage.ledger.merkle import EMPTY_ROOT
from storage.ledger.restoration import Restoration, parse_restoration, sign_end, sign_restoration
from storage.ledger.rotation import LOG, SERVER
from storage.regular import read_regular

_STAGING, _UNPACKED, _STATEMENT = ".restoring", "backup", "statement"
_OCCUPIED = "There is a database already, and"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a backup goes: the home, and the address of its database."""

    home: Path
    database: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a backup is restored. `later` is the newest checkpoint of the log that anybody has, a signed note; `reason`
    why the log may go on without entries it had signed, '' where nobody accepts that."""

    at: datetime
    later: str | None = None
    reason: str = ""


def interrupted(home: Path) -> bool:
    """Whether a restoration into `home` has not ended."""
    return (home / _STAGING).exists()


def restore(path: Path, key: Path, target: Target, occasion: Occasion) -> Manifest:
    """Puts the backup in place, with the log's statement of it among the keys; returns what it holds.

    Where the later checkpoint of the `occasion`, or the one left among the keys, tells of more entries than the backup
    has, it goes on only with a reason. Raises BackupError; then nothing is in place that a second try would not accept.
    """
    try:
        with durable.sole_holder(target.home / ".restore.lock") as alone:
            if not alone:
                raise BackupError(f"Another program restores into {target.home}: wait for it.")
            return _restore(path, key, target, occasion)
    except OSError as error:
        raise BackupError(f"Nothing can be restored into {target.home} ({error.strerror}): check the folder.") from None


def _restore(path: Path, key: Path, target: Target, occasion: Occasion) -> Manifest:
    again, there = interrupted(target.home), database_at(target.database)
    if there is not None and not again:
        raise BackupError(f"{_OCCUPIED} nothing is written over it. Give an empty home or the address of an empty one.")
    staging = target.home / _STAGING
    unpacked, statement = staging / _UNPACKED, staging / _STATEMENT
    staging.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(mode=0o700)
    durable.fsync_folder(target.home)
    try:
        manifest = unpack(path, key, unpacked)
        if there is not None and (there.entries, there.root.hex()) != (manifest.entries, manifest.root):
            raise BackupError(f"{_OCCUPIED} it is not of this backup: give the one whose restoration was interrupted.")
        staying = _rings_that_stay(manifest, unpacked, target.home)
        stated, known = None, list[Checkpoint]()
        if there is None or statement.exists():  # else it had been stated, and was being tidied up
            ring = staying.get(LOG) or load_ring(unpacked / LOG_KEY, LOG, manifest.origin, timedelta(0))
            known = _known_ends(manifest, target.home, ring, occasion)
            stated = _state(manifest, target.home, ring, known, occasion)
        if manifest.database == SQLITE:
            must_begin_with(known, end_of(manifest), f"sqlite:///{unpacked / DATABASE}")
        _must_fit(_placed(manifest, staying), unpacked, target.home)
    except BaseException:
        if not again:
            shutil.rmtree(staging)  # nothing was put in place
        raise
    _place_keys(_placed(manifest, staying), unpacked, target.home)
    if stated is not None:
        durable.write_once(restoration_path(target.home / LOG_KEY, stated), stated.note.encode, mode=0o600)
    if there is None:
        place_database(unpacked / DATABASE, manifest.database, target.database)
    if manifest.database == POSTGRESQL:  # a dump cannot be looked into before
        must_begin_with(known, end_of(manifest), target.database)
    if end := _stated_end(manifest, target.home):  # last: every try looks at what was left there
        durable.replace(target.home / CHECKPOINT, end.encode(), mode=0o600)
    shutil.rmtree(staging)
    durable.fsync_folder(target.home)
    return manifest


def _known_ends(manifest: Manifest, home: Path, ring: KeyRing, occasion: Occasion) -> list[Checkpoint]:
    """Ends of the log that somebody gave, or that an earlier court left in the home; raises BackupError."""
    notes = [] if occasion.later is None else [occasion.later]
    if (home / CHECKPOINT).exists():
        notes.append(_read(home / CHECKPOINT).decode(errors="replace"))
    return read_ends(notes, manifest.origin, ring, home / LOG_KEY)


def _state(
    manifest: Manifest, home: Path, ring: KeyRing, known: Sequence[Checkpoint], occasion: Occasion
) -> Restoration:
    """The statement that the log was restored, as it now lies in the staging folder; raises BackupError.

    One that an earlier try left there holds, unless another end of the log has become known since.
    """
    path = home / _STAGING / _STATEMENT
    before = _stated_before(path, manifest.origin, ring)
    told = [before.lost] if before is not None and before.lost is not None else []
    kept = end_of(manifest)
    lost = lost_end(kept, [*known, *told])
    if lost is not None and not occasion.reason.strip():
        raise BackupError(
            f"The log had {lost.size} entries, the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC has {kept.size}: "
            "look for a newer one. To go on without the rest for good, give --accept-loss with the reason."
        )
    if before is not None and (before.kept, before.lost) == (kept, lost):
        return before
    try:
        stated = sign_restoration(kept, occasion.at, lost, occasion.reason, ring.key)
    except LedgerError:
        raise BackupError("The reason for the loss is too long: say it in a few lines.") from None
    durable.replace(path, stated.note.encode(), mode=0o600)
    return stated


def _stated_before(path: Path, origin: str, ring: KeyRing) -> Restoration | None:
    try:
        return parse_restoration(read_regular(path).decode(errors="replace"), origin, ring.public)
    except (FileNotFoundError, LedgerError):  # of another backup's key, say
        return None


def _rings_that_stay(manifest: Manifest, unpacked: Path, home: Path) -> dict[str, KeyRing]:
    """By purpose, keys in the home that replaced the backup's since: the statement of both lies beside them."""
    found = {}
    for purpose in (LOG, SERVER):
        name = f"{KEYS}/{purpose}.ed25519"
        if name not in manifest.parts or not (home / name).exists():
            continue
        old = load(unpacked / name)
        if rotation_path(home / name, old.key_id).exists():
            ring = load_ring(home / name, purpose, manifest.origin, timedelta(0))
            if old.public in ring.public[1:]:
                found[purpose] = ring
    return found


def _placed(manifest: Manifest, staying: Iterable[str]) -> list[str]:
    """Names of the keys that come from the backup as they are."""
    own = [Path(KEYS, f"{purpose}.ed25519") for purpose in staying]
    here = {CHECKPOINT, *(path.as_posix() for one in own for path in (one, public_path(one)))}
    return [name for name in manifest.keys if name not in here]


def _must_fit(names: Iterable[str], unpacked: Path, home: Path) -> None:
    """Raises BackupError where a key lies in the home already that is not the backup's."""
    for name in names:
        there = home / name
        if there.exists() and _read(there) != (unpacked / name).read_bytes():
            raise BackupError(f"The file {there} is another one than the backup's: take it away, or use an empty home.")


def _place_keys(names: Iterable[str], unpacked: Path, home: Path) -> None:
    for name in names:
        durable.write_once(home / name, (unpacked / name).read_bytes, mode=0o600)


def _stated_end(manifest: Manifest, home: Path) -> str:
    """The end of the log in the backup, signed so that it names all restorations; '' where it never had a signed one.

    An end that the log's keys did not sign stays as it is: it is not made the court's own word.
    """
    ring = load_ring(home / LOG_KEY, LOG, manifest.origin, timedelta(0), make=False)
    end = Checkpoint(manifest.origin, 0, EMPTY_ROOT)
    if manifest.entries:
        try:
            end = verify_checkpoint(manifest.checkpoint, manifest.origin, ring.public)
        except LedgerError:
            return manifest.checkpoint
    return sign_end(end, ring.restorations, ring.key)


def _read(path: Path) -> bytes:
    """What lies in the home already; raises BackupError if it is no file or may not be read."""
    try:
        return read_regular(path)
    except OSError as error:
        raise BackupError(
            f"The file {path} cannot be read ({error.strerror}): take it away, or use an empty home."
        ) from None
