"""The log's newest signed head, kept in the database and outside it, so that no end of the log is cut off unseen."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from court.clock import Clock
from storage import durable
from storage.db.log import Log
from storage.errors import LedgerError, StoreRefused, not_read, not_written
from storage.keyring import KeyRing
from storage.ledger.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from storage.ledger.merkle import EMPTY_ROOT
from storage.regular import read_regular

_log = structlog.get_logger(__name__)


class LogSealer:
    """Signs a checkpoint in every transaction that appended to the log, and keeps the newest in the file `path`.

    Only what continues the signed log is signed: entries that somebody else put into the database stay without a
    checkpoint, and so does all that follows them. Recording goes on; `courtrec verify` says what is wrong.
    """

    def __init__(self, keys: KeyRing, origin: str, clock: Clock, path: Path) -> None:
        self._keys = keys
        self._origin = origin
        self._clock = clock
        self._path = path

    def seal(self, log: Log) -> str:
        """Inside the transaction: the signed head, '' if this log is not the one whose checkpoint is kept."""
        try:
            return log.checkpoint(self._clock.now().utc, self._keys, self._origin).note
        except (LedgerError, StoreRefused) as error:
            _log.error("log_not_signed", reason=str(error))
            return ""

    def must_continue(self, log: Log) -> None:
        """Before anything is signed for the log in a transaction that holds its head: raises LedgerError if it does not
        continue what was signed last, StoreRefused if the file cannot be read."""
        kept = read_kept(self._path, self._origin, self._keys.public)
        if kept is None and log.begun:
            # Else a machine that dies between the first commit and its file leaves a log with its file missing.
            now = self._clock.now().utc
            self.keep(sign_checkpoint(self._origin, 0, EMPTY_ROOT, *self._keys.signers(now)))
        if kept is not None and not log.begins_with(kept):
            raise LedgerError(
                f"The log does not continue the checkpoint in {self._path}: it was altered or cut. Run courtrec verify."
            )

    def keep(self, note: str) -> None:
        """After the commit: `note` replaces the file's unless that tells of more entries already."""
        size = verify_checkpoint(note, self._origin, self._keys.public).size
        try:
            self._keep(note, size)
        except OSError as error:  # the deed itself is done; the next one tries again
            _log.error("checkpoint_not_kept", reason=str(not_written(f"The file {self._path}", error)))
        except (LedgerError, StoreRefused) as error:
            _log.error("checkpoint_not_kept", reason=str(error))

    def _keep(self, note: str, size: int) -> None:
        durable.make_folder(self._path.parent)
        with _locked(self._path):
            kept = read_kept(self._path, self._origin, self._keys.public)
            if kept is None or kept.size < size:
                durable.replace(self._path, note.encode())
            else:
                durable.fsync_folder(self._path.parent)  # whoever put it there may have died before this


def read_kept(path: Path, origin: str, keys: Iterable[bytes]) -> Checkpoint | None:
    """The checkpoint in the file, None without one; raises LedgerError if none of `keys` signed it, or StoreRefused."""
    try:
        note = read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise not_read(f"The file {path} with the log's newest checkpoint", error) from None
    return verify_checkpoint(note.decode(errors="replace"), origin, keys)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, among threads and processes of this machine."""
    with path.with_name(f".{path.name}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
