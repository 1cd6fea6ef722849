"""`courtrec backup`."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from api.cli.consoles import plain_console
from api.composition import existing_context, make_context
from api.errors import ServerError
from api.home import Home
from api.restorations import restoration_notes
from api.settings import Settings, load_settings
from api.verification import log_faults
from court import exit_codes
from court.errors import InputError
from hardware.clock import SystemClock
from storage import durable
from storage.backup.archive import new_identity
from storage.backup.check import Later, check_backup, end_faults
from storage.backup.database import SQLITE
from storage.backup.make import Source, file_name, make_backup
from storage.backup.manifest import LOG_KEY, Manifest
from storage.backup.restore import Occasion, Target, restore
from storage.keys import load
from storage.ledger.checkpoint import verifier_key
from storage.ledger.rotation import LOG
from storage.regular import read_regular

_WHOLE, _END_SIGNED = "Its log is whole.", "The end of its log is signed."


def make_key(path: Path) -> None:
    """Raises BackupError where the file cannot be written."""
    recipient = new_identity(path)
    _tell(
        [
            f"COURTREC_BACKUP_RECIPIENTS={recipient}",
            f"Give the server this line, and keep {path} away from it: without that file no backup can be read.",
        ]
    )


def make_one(where: Path) -> int:
    """Prints what was backed up; returns 1 where the log in it is not all signed, which somebody should look into."""
    settings = load_settings()
    context = existing_context(settings, keys=True)
    at = context.clock.now().utc
    path = where / file_name(settings.log_origin, at) if where.is_dir() else where
    source = Source(context.database, Home(settings.home).keys, settings.log_origin)
    manifest = make_backup(source, path, settings.backup_recipients, at)
    _tell([f"Written: {path}, {_held(manifest)}."])
    return _told(end_faults(manifest, context.log_keys.public), _END_SIGNED)


def check_one(path: Path, key: Path, later: Path | None) -> int:
    """Prints what the backup holds, and what is wrong with its log; returns the exit code."""
    settings = load_settings()
    note = _note(later)
    compared = Later(note, settings.database_address, Home(settings.home).own_key(LOG)) if note is not None else None
    with _unpacking(settings) as folder:
        checked = check_backup(path, key, Path(folder), compared)
        log_key = verifier_key(checked.manifest.origin, load(Path(folder) / LOG_KEY).public)
    _tell(
        [
            f"{path}: {_held(checked.manifest)}.",
            f"The log's key in it: {log_key}. Compare it with the court's (courtrec keys list): whoever knows the "
            "public age key can make a backup for it.",
            *checked.notes,
        ]
    )
    if checked.manifest.database == SQLITE:
        return _told(checked.faults, _WHOLE)
    return _told(checked.faults, f"{_END_SIGNED} Whether it is whole can be told once it is restored.")


def restore_one(path: Path, key: Path, later: Path | None, reason: str) -> int:
    """Puts the backup in place and checks the log that it gave back; returns the exit code."""
    settings = load_settings()
    home = Home(settings.home)
    try:
        durable.make_folder(home.path)
    except OSError as error:
        raise InputError(f"The folder {home.path} cannot be used ({error.strerror}): set COURTREC_HOME.") from None
    newest = _note(later)
    occasion = Occasion(SystemClock().now().utc, newest, reason)
    manifest = restore(path, key, Target(home.path, settings.database_address), occasion)
    _tell([f"Restored: {_held(manifest)}."])
    if newest is None:
        _tell(
            [
                "Nobody named a later checkpoint. If a witness, a party's bundle or a print of GET /api/log/checkpoint "
                "tells of more entries than these, stop: restore again with --later, or the log gets a second history "
                "of which it says only that it was restored."
            ]
        )
    context = make_context(settings)
    _tell(restoration_notes(context))
    code = _told(log_faults(context), _WHOLE)
    _tell(
        [
            "Now: bring the recordings back (courtrec fsck --repair with the second store), have the nodes deliver "
            f"what they have since {manifest.made_at:%Y-%m-%d} (courtrec node redeliver), then courtrec verify."
        ]
    )
    return code


def _unpacking(settings: Settings) -> "TemporaryDirectory[str]":
    """Beside the court's own keys, where such things may lie."""
    try:
        return TemporaryDirectory(prefix=".check-", dir=durable.make_folder(settings.home))
    except OSError as error:
        raise ServerError(f"Nothing can be unpacked in {settings.home} ({error.strerror}): check the disk.") from None


def _note(path: Path | None) -> str | None:
    try:
        return read_regular(path).decode(errors="replace") if path else None
    except OSError as error:
        raise InputError(f"The checkpoint {path} cannot be read ({error.strerror}): check its name.") from None


def _held(manifest: Manifest) -> str:
    keys = len(manifest.parts) - 1
    return (
        f"a {manifest.database} database and {keys} keys as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; "
        f"log {manifest.origin!r} of {manifest.entries} entries, root {manifest.root}"
    )


def _told(faults: Iterable[str], well: str) -> int:
    """Prints the faults, or the sentence `well`, which says no more than was looked at; returns the exit code."""
    lines = [f"FAULT  {one}" for one in faults]
    _tell(lines or [well])
    return exit_codes.FAULT_FOUND if lines else exit_codes.OK


def _tell(lines: Iterable[str]) -> None:
    console = plain_console()
    for line in lines:
        console.print(line)
