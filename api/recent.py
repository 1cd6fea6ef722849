"""Which views stand in the access journal already."""

import threading
from collections import OrderedDict

_REMEMBERED = 10_000
_View = tuple[int, str, str]


class RecentViews:
    """Which views were journalled a moment ago: a player asks for every segment, a page refreshes itself.

    Kept in memory; a restart costs one entry more, never one less. Times are monotonic seconds.
    """

    def __init__(self, window_seconds: float) -> None:
        self._window = window_seconds
        self._seen: OrderedDict[_View, float] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, view: _View, now: float) -> bool:
        with self._lock:
            return now < self._seen.get(view, -self._window) + self._window

    def add(self, view: _View, now: float) -> None:
        with self._lock:
            self._seen[view] = now
            self._seen.move_to_end(view)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
