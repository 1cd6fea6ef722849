"""Errors of the evidence store: objects, keys and the ledger."""

import errno

from court.errors import CourtError, InputError


class StorageError(CourtError):
    """Root of the package's errors."""


class KeyFileError(StorageError):
    """A key file cannot be used; no other key was made in its place."""


class LedgerError(StorageError):
    """Bytes that are no leaf, checkpoint or proof of ours."""


class ChainError(LedgerError):
    """A leaf that does not follow its chain; `expected_seq` is the number that would."""

    def __init__(self, sentence: str, expected_seq: int) -> None:
        super().__init__(sentence)
        self.expected_seq = expected_seq


class BundleError(StorageError):
    """A bundle cannot be read or written."""


class NoBundle(BundleError):
    """What was given as a bundle cannot be read as one, so nothing is known of what it should hold."""


class BackupError(StorageError, InputError):
    """A backup cannot be made, read or put in place; nothing that was there before was changed."""


class StampError(StorageError):
    """The time-stamp authority gave no token that holds; it is asked again later."""


class ObjectMissing(StorageError):
    """The store holds no such object."""


class WrongHash(StorageError):
    """Bytes that do not hash to the name they came under; nothing was stored."""


class ObjectAltered(StorageError):
    """The bytes stored under a name are no longer the ones that were put there."""


class StoreUnavailable(StorageError):
    """The store did not answer, or refused for a reason of its own; try again later."""


class StoreRefused(StoreUnavailable):
    """The store is there and did not do what it was asked: for this one object, perhaps not for the next."""


class DiskFull(StoreUnavailable):
    """There is no room for what was to be kept; nothing of it was. It succeeds once there is."""


class DatabaseDamaged(StorageError):
    """The database's own file is not as it was written."""


class StoreNotWriteOnce(StorageError):
    """The store lets evidence be deleted or its retention shortened: no new hearing may be kept there."""


class RetentionError(StorageError, InputError):
    """A retention class or term cannot be used as it is written."""


class ObjectLocked(StorageError):
    """The object is under retention or legal hold, so it was not destroyed."""


def not_read(what: str, error: OSError) -> StoreUnavailable:
    """StoreRefused for a file that the operating system does not give; `what` begins the sentence."""
    return StoreRefused(f"{what} cannot be read ({error.strerror}): check the disk and its rights.")


def not_written(what: str, error: OSError) -> StoreUnavailable:
    """DiskFull or StoreRefused for a write that the operating system refused; `what` begins the sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"{what} cannot be written, the disk is full: make room, then do it again.")
    return StoreRefused(f"{what} cannot be written ({error.strerror}): check the disk and its rights.")
