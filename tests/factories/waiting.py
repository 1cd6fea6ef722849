"""Waiting for a condition with a deadline, never for a guessed time."""

import time
from collections.abc import Callable

SECONDS = 60.0
_LOOK_EVERY = 0.01


def until(condition: Callable[[], object], shows: Callable[[], object] = lambda: "") -> None:
    """Until `condition` holds; fails after SECONDS with what `shows` tells then. A busy machine only waits longer."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"This did not come true in {SECONDS:.0f} s. {shows()}"
        time.sleep(_LOOK_EVERY)
