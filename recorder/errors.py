"""Errors of recording."""

from court.errors import CourtError


class RecorderError(CourtError):
    """Root of the package's errors."""


class NoHearing(RecorderError):
    """The step needs a hearing, and none is being recorded."""


class HearingRunning(RecorderError):
    """One node records one hearing at a time."""


class SpoolError(RecorderError):
    """The spool on this machine's disk cannot be used."""


class Undelivered(RecorderError):
    """The server did not take what was sent; everything stays in the spool and is sent again."""
