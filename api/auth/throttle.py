"""A pause after repeated failed log-ins, per login and address. Kept in memory: a restart forgives."""

import threading
from collections import OrderedDict

from api.errors import TooMany

_REMEMBERED = 10_000


class LoginThrottle:
    """Counts failures; times are seconds of a clock that never jumps (`Anchor.monotonic`)."""

    def __init__(self, attempts: int, pause_seconds: float) -> None:
        self._attempts = attempts
        self._pause = pause_seconds
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, login: str, address: str, now: float) -> None:
        """Raises TooMany while the pause for this login from this address runs."""
        with self._lock:
            count, last = self._failures.get((login, address), (0, 0.0))
        if count >= self._attempts and now < last + self._pause:
            wait = int(last + self._pause - now) + 1
            raise TooMany(f"Too many failed log-ins: try again in {wait} seconds.", retry_after=wait)

    def failed(self, login: str, address: str, now: float) -> None:
        key = (login, address)
        with self._lock:
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (1 if now >= last + self._pause else count + 1, now)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        with self._lock:
            self._failures.pop((login, address), None)
