"""Errors of the server, each with the HTTP status it becomes."""

from court.errors import CourtError, InputError


class ApiError(CourtError):
    """Root of the server's deliberate errors; `status` is the HTTP status of the answer."""

    status = 400


class ServerError(ApiError):
    """A part of the server could not be started."""


class SettingsError(ApiError, InputError):
    """A setting cannot be used; raised while starting."""


class NotLoggedIn(ApiError):
    """The request has no valid session; a page sends the person to the log-in form instead."""

    status = 401


class Forbidden(ApiError):
    """The access policy, the role or the form token refuses the request."""

    status = 403


class NotFound(ApiError):
    """There is no such hearing, track, segment or protocol."""

    status = 404


class Gone(ApiError):
    """What is asked for was destroyed by act."""

    status = 410


class Conflict(ApiError):
    """The request contradicts what is already recorded."""

    status = 409


class TooLarge(ApiError):
    """What was sent has more bytes than this server takes."""

    status = 413


class Unusable(ApiError):
    """What was sent cannot be accepted as it is."""

    status = 422


class TooMany(ApiError):
    """Too many attempts; `retry_after` is in seconds."""

    status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NodeUnreachable(ApiError):
    """The recording node does not answer or refuses to; it keeps recording whatever the server does."""

    status = 502
