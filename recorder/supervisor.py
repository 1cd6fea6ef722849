"""Live devices: one reader thread each, so that one that dies or hangs never holds up another, and is tried again.

A device's own count of samples says how long its sound is; where that lies on the hearing's timeline is measured
once, by the monotonic clock, when its first item arrives. Everything a device gives is placed by that one offset.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace

from court.timeline import GapCause
from hardware.clock import elapsed
from hardware.devices import AUDIO_RATE, AudioBlock, Interruptible, Item, Source, ticks
from hardware.errors import HardwareError
from recorder.errors import reason_of
from recorder.feed import Event, Given, Lost, OpenInput

_QUEUED = 512  # items; about ten seconds of a room, far more than a disk ever takes
_TICK = 0.05
_LATE = AUDIO_RATE // 10  # pictures may come this much later than the sound they belong to
_AHEAD = AUDIO_RATE // 4  # nothing is heard before it is said: what seems to be was placed too late
_FIRST_RETRY, _LAST_RETRY = 0.5, 2.0  # a device that is back is heard within a few seconds, however long it was away


@dataclass(slots=True)
class _Watched:
    """What is known of one input. `offset`: sample of the hearing at the input's own sample 0, once it gave."""

    heard: float
    awaited: bool = True
    offset: int | None = None


class LiveFeed:
    """Feed of a room with devices. `patience` seconds without a sign make an input lost."""

    def __init__(self, sources: Mapping[str, Source | None], reopen: OpenInput, at: int, patience: float = 1.5) -> None:
        """`sources` are open already, or None where a device could not be; recordings among them at sample `at`.

        Waits, `patience` seconds at most, until all of them give, so that a hearing does not begin with gaps.
        """
        self._at = at
        self._began = elapsed()
        self._patience = patience
        self._reopen = reopen
        self._queue: queue.Queue[tuple[str, float, Item | str]] = queue.Queue(_QUEUED)
        self._closed = threading.Event()
        self._open: dict[str, Source] = {}
        self._watched = {name: _Watched(self._began) for name in sources}
        for name, source in sources.items():
            threading.Thread(target=self._read, args=(name, source), name=f"input {name}", daemon=True).start()
        self._warm = [event for event in self._warm_up() if isinstance(event.news, Lost)]

    def begin(self, at: int) -> None:
        """See Feed. What was given before is left out."""
        now = elapsed()
        shift = at - self._sample(now)
        self._at, self._began = at, now
        for watched in self._watched.values():
            watched.offset = None if watched.offset is None else watched.offset + shift

    def now(self) -> int:
        """See Feed."""
        return self._sample(elapsed())

    def events(self) -> Generator[Event]:
        """See Feed."""
        yield from self._warm
        while not self._closed.is_set():
            yield from self._next()
            yield Event(self._sample(elapsed()) - _LATE)

    def _warm_up(self) -> Iterator[Event]:
        while any(one.awaited and one.offset is None for one in self._watched.values()):
            yield from self._next()

    def _next(self) -> Iterator[Event]:
        with contextlib.suppress(queue.Empty):
            name, arrived, news = self._queue.get(timeout=_TICK)
            yield from self._placed(name, arrived, news)
        if self._queue.empty():  # else it is we who were away, for the disk perhaps: what was given is still to be read
            yield from self._missed()

    def close(self) -> None:
        """See Feed. Nobody is waited for: each reader closes its own source as soon as it notices."""
        self._closed.set()
        for source in list(self._open.values()):
            if isinstance(source, Interruptible):
                source.interrupt()

    def _placed(self, name: str, arrived: float, news: Item | str) -> Iterator[Event]:
        watched = self._watched[name]
        if isinstance(news, str):
            watched.awaited, watched.offset = False, None
            yield Event(self._at, Lost(name, GapCause.DEVICE_LOST, news))
            return
        if watched.awaited and arrived - watched.heard > self._patience:
            yield self._silent(name, watched)  # the whole machine stood still, so nobody could notice
        watched.heard, watched.awaited = arrived, True
        offset = self._sample(arrived) - round(news.end_seconds * AUDIO_RATE)
        if watched.offset is None or offset < watched.offset - _AHEAD:
            watched.offset = offset
        yield Event(self._at, Given(name, _moved(news, watched.offset)))

    def _missed(self) -> Iterator[Event]:
        """The inputs that have just been silent for too long. They stay open: they may go on."""
        now = elapsed()
        for name, watched in self._watched.items():
            if watched.awaited and now - watched.heard > self._patience:
                yield self._silent(name, watched)

    def _silent(self, name: str, watched: _Watched) -> Event:
        watched.awaited, watched.offset = False, None
        log = f"The input {name!r} gave nothing for {self._patience} seconds."
        return Event(self._at, Lost(name, GapCause.DEVICE_LOST, log))

    def _read(self, name: str, source: Source | None) -> None:
        """A reader thread: reads until the device is lost, says so, opens it again, and so on."""
        opened = source
        retry = _FIRST_RETRY
        while not self._closed.is_set():
            try:
                opened = self._open[name] = opened or self._reopen(name)
                if self._closed.is_set():
                    break  # `close` may have come too early to see this one
                for item in opened.items():
                    if not opened.live:
                        self._closed.wait(self._began + item.end_seconds - self._at / AUDIO_RATE - elapsed())
                    if self._closed.is_set():
                        break
                    self._put(name, item)
                    retry = _FIRST_RETRY
                lost = f"{opened.description} ended."
            except HardwareError as error:
                lost = str(error)
            except Exception as error:  # noqa: BLE001 - no memory, say: the input is tried again all the same
                lost = f"Reading the input {name!r} failed ({reason_of(error)})."
            self._put(name, lost)
            if opened is not None:
                self._open.pop(name, None)
                opened.close()
                if not opened.live:
                    return
                opened = None
            self._closed.wait(retry)
            retry = min(2 * retry, _LAST_RETRY)
        if opened is not None:
            opened.close()

    def _put(self, name: str, news: Item | str) -> None:
        """Waits for nobody: an item that does not fit is lost, and shows as a hole in the input's samples."""
        while not self._closed.is_set():
            try:
                self._queue.put((name, elapsed(), news), timeout=_TICK)
            except queue.Full:
                if isinstance(news, str):
                    continue
            return

    def _sample(self, moment: float) -> int:
        return self._at + round((moment - self._began) * AUDIO_RATE)


def _moved(item: Item, offset: int) -> Item:
    if isinstance(item, AudioBlock):
        return replace(item, start=item.start + offset)
    shift = ticks(offset)
    return replace(item, start=item.start + shift, decode_start=item.decode_start + shift)
