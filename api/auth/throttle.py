"""A pause after repeated failed log-ins, per login and address. Kept in memory: a restart forgives.

An attempt counts as failed before its password is looked at, so that many at once are no way around the pause.
"""

import threading
from collections import OrderedDict

from api.errors import TooMany

_REMEMBERED = 10_000


class LoginThrottle:
    """Counts attempts since the last success; times are seconds of a clock that never jumps (`Anchor.monotonic`)."""

    def __init__(self, attempts: int, pause_seconds: float) -> None:
        self._allowed = attempts
        self._pause = pause_seconds
        self._made: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, login: str, address: str, now: float) -> None:
        """Counts an attempt; raises TooMany while the pause for this login from this address runs."""
        key = (login, address)
        with self._lock:
            count, last = self._made.pop(key, (0, now))
            if now >= last + self._pause:
                count = 0
            refused = count >= self._allowed
            self._made[key] = (count, last) if refused else (count + 1, now)
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        if refused:
            wait = int(last + self._pause - now) + 1
            raise TooMany(f"Too many failed attempts: try again in {wait} seconds.", retry_after=wait)

    def succeeded(self, login: str, address: str) -> None:
        with self._lock:
            self._made.pop((login, address), None)
