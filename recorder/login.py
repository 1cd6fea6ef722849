"""Log-ins at the node's own page: one password, a name typed by whoever comes, a pause after failed attempts."""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from court.one_line import one_line
from recorder.errors import LoginRefused
from recorder.password import MAXIMUM_LENGTH, matches, read_record

SESSION_SECONDS = 12 * 3600
UNNAMED = "local page"
"""Who led the hearing where nobody typed a name."""

_MAX_NAME = 100
_MAX_SESSIONS = 50
_FREE_ATTEMPTS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 300.0  # seconds


class Throttle:
    """Pauses that double after too many failures. The machine's own screen is counted apart from the network, so nobody
    out there can keep the secretary out. An attempt counts as failed before its password is looked at."""

    def __init__(self) -> None:
        self._failed = {True: 0, False: 0}
        self._until = {True: 0.0, False: 0.0}

    def attempt(self, local: bool, now: float) -> None:
        """Raises LoginRefused while a pause runs; `now` in seconds of a clock that never jumps."""
        if now < self._until[local]:
            wait = int(self._until[local] - now) + 1
            raise LoginRefused(f"Too many failed log-ins: try again in {wait} seconds.")
        self._failed[local] += 1
        over = self._failed[local] - _FREE_ATTEMPTS
        if over >= 0:
            self._until[local] = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(over, 10))

    def succeeded(self, local: bool) -> None:
        self._failed[local], self._until[local] = 0, 0.0


@dataclass(frozen=True, slots=True)
class _Session:
    name: str
    record: str
    until: float


class Logins:
    """Sessions are kept in memory, by the hash of their token: a restart ends them, and so does a new password."""

    def __init__(self, password_file: Path, now: Callable[[], float] = time.monotonic) -> None:
        self._file = password_file
        self._now = now
        self._throttle = Throttle()
        self._sessions: dict[bytes, _Session] = {}
        self._lock = threading.Lock()

    @property
    def possible(self) -> bool:
        """Whether a password was set."""
        return bool(read_record(self._file))

    def log_in(self, password: str, name: str, local: bool) -> str:
        """The new session's token; raises LoginRefused. One at a time: each costs the memory of a hash."""
        with self._lock:
            record, now = read_record(self._file), self._now()
            self._throttle.attempt(local, now)
            if not record or len(password) > MAXIMUM_LENGTH or not matches(record, password):
                raise LoginRefused("The password is wrong.")
            self._throttle.succeeded(local)
            token = secrets.token_urlsafe(32)
            live = {key: one for key, one in self._sessions.items() if now < one.until}
            newest = dict(list(live.items())[-_MAX_SESSIONS + 1 :])
            until = now + SESSION_SECONDS
            self._sessions = {**newest, _digest(token): _Session(_name(name), record, until)}
            return token

    def operator(self, token: str) -> str | None:
        """Who holds the session of that token; None if it is none or over."""
        session = self._sessions.get(_digest(token))
        if session is None or self._now() >= session.until or session.record != read_record(self._file):
            return None
        return session.name

    def log_out(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(_digest(token), None)


def _name(typed: str) -> str:
    return one_line(" ".join(typed.split()))[:_MAX_NAME] or UNNAMED


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
