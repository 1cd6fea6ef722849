"""Errors of recording."""

import errno
import sqlite3

from court.errors import CourtError, InputError


class RecorderError(CourtError):
    """Root of the package's errors."""


class NoHearing(RecorderError):
    """The step needs a hearing, and none is being recorded."""


class HearingRunning(RecorderError):
    """One node records one hearing at a time."""


class Overtaken(RecorderError):
    """The hearing is no longer as it was when the step was asked for; nothing was changed."""


class NoRoom(RecorderError):
    """The disk is not large enough for a hearing, so none is begun."""


class LoginRefused(RecorderError):
    """Whoever asks may not lead the hearing from the node's page, or not yet."""


class SpoolError(RecorderError):
    """The spool on this machine's disk cannot be used."""


class SpoolInUse(SpoolError, InputError):
    """Another recorder uses the spool; trying again does not help as long as it runs."""


class NotGivenUp(RecorderError, InputError):
    """The segment is not one whose bytes may be given up."""


class OtherKey(SpoolError, InputError):
    """A hearing was begun with another key than the node has now; trying again does not help."""


class Interrupted(RecorderError):
    """Recording failed and the hearing is not finished: it is, or can be, taken up again."""


class Undelivered(RecorderError):
    """The server did not take what was sent; everything stays in the spool and is sent again."""


class NotEnrolled(RecorderError):
    """The node was not enrolled; the same command may be given again."""


class Refused(Undelivered):
    """One hearing cannot be delivered as it is; others may."""


def disk_full(error: BaseException) -> bool:
    """Whether what failed, failed for want of room on the disk."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def reason_of(error: BaseException) -> str:
    """Why it failed, in words that fit into a sentence."""
    if disk_full(error):
        return "the recorder's disk is full: make room"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return words.rstrip(".") or type(error).__name__
