"""The command line with faults that are switched on by files in COURTREC_NODE_HOME, for what cannot be done to it from
outside.

- `memory`: whoever reads a device gets no memory.
- `hang`: whoever writes a segment never comes back; the file is taken away, so that the next process writes.
- `clock`: seconds by which somebody has set the clock.
"""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from api.cli.main import main
from court.clock import Anchor
from hardware.clock import SystemClock
from hardware.devices import Item, Pcm
from hardware.pulse import PulseInput
from recorder.encode import SoundFile

_HOME = Path(os.environ["COURTREC_NODE_HOME"])
_write, _items, _now = SoundFile.write, PulseInput.items, SystemClock.now


def write(self: SoundFile, start: int, pcm: Pcm) -> None:
    if (_HOME / "hang").exists():
        (_HOME / "hang").unlink()
        threading.Event().wait()
    _write(self, start, pcm)


def items(self: PulseInput) -> Iterator[Item]:
    for item in _items(self):
        if (_HOME / "memory").exists():
            raise MemoryError
        yield item


def now(self: SystemClock) -> Anchor:
    anchor, clock = _now(self), _HOME / "clock"
    offset = float(clock.read_text() or 0) if clock.exists() else 0.0
    return Anchor(anchor.utc + timedelta(seconds=offset), anchor.monotonic, anchor.disciplined)


SoundFile.write = write  # type: ignore[method-assign]
PulseInput.items = items  # type: ignore[method-assign]
SystemClock.now = now  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
