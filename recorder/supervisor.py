"""Live devices: one reader thread each, so that one that dies or hangs never holds up another, and is tried again.

Where items lie on the hearing's timeline follows from when they arrive (recorder/clocks.py). Their place may be
measured anew at any time; none is left out for that.
"""

import queue
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from court.timeline import GapCause
from hardware.clock import elapsed
from hardware.devices import AUDIO_RATE, Interruptible, Item, Picture, Source
from hardware.errors import HardwareError
from recorder.clocks import InputClock, RoomClock
from recorder.errors import reason_of
from recorder.feed import Event, Given, Lost, OpenInput, placed

_QUEUED = 512  # items; about ten seconds of a room, far more than a disk ever takes
_TICK = 0.05
_LATE = AUDIO_RATE // 10  # pictures may come this much later than the sound they belong to, besides their delay
_STEP = AUDIO_RATE // 50  # not each item is worth a look whether the next block is whole
_FIRST_RETRY, _LAST_RETRY = 0.5, 2.0  # a device that is back is heard within a few seconds, however long it was away


@dataclass(slots=True)
class _Watched:
    """What is known of one input. `held` are pictures whose place is still being measured."""

    heard: float
    awaited: bool = True
    sound: InputClock = field(default_factory=InputClock)
    pictures: InputClock = field(default_factory=InputClock)
    held: list[Picture] = field(default_factory=list)

    @property
    def clock(self) -> InputClock:
        """By which its pictures are placed: that of its samples, or where it has no sound their own."""
        return self.sound if self.sound.known else self.pictures

    def lose(self) -> None:
        """Its clocks are measured anew when it gives again: it may have left out anything, or count from 0 again."""
        self.awaited, self.sound, self.pictures, self.held = False, InputClock(), InputClock(), []


class LiveFeed:
    """Feed of a room with devices. `patience` seconds without a sign make an input lost."""

    def __init__(
        self,
        sources: Mapping[str, Source | None],
        reopen: OpenInput,
        at: int,
        reference: str,
        delays: Mapping[str, int] | None = None,
        patience: float = 1.5,
    ) -> None:
        """`sources` are open already, or None where a device could not be; recordings among them at sample `at`. The
        timeline is counted by the samples of `reference`. `delays`: by how many samples (48 kHz) an input's pictures
        come later than they were taken.

        Waits until all of them give, `patience` seconds at most, and until it is known where what they give belongs, so
        that a hearing begins without gaps and in step.
        """
        self._at = at
        self._began = self._seen = elapsed()
        self._room = RoomClock(self._began - at / AUDIO_RATE)
        self._known = at
        self._reference = reference
        self._delays = delays or {}
        self._late = _LATE + max(self._delays.values(), default=0)
        self._patience = patience
        self._reopen = reopen
        self._queue: queue.SimpleQueue[tuple[str, float, Item | str]] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._open: dict[str, Source] = {}
        self._watched = {name: _Watched(self._began) for name in sources}
        for name, source in sources.items():
            threading.Thread(target=self._read, args=(name, source), name=f"input {name}", daemon=True).start()
        self._warm = [event for event in self._warm_up() if isinstance(event.news, Lost)]

    def begin(self, at: int) -> None:
        """See Feed. What was given before is left out."""
        self._known = at
        self._room.begin(at, elapsed())

    def now(self) -> int:
        """See Feed."""
        return self._room.sample(elapsed())

    def events(self) -> Generator[Event]:
        """See Feed."""
        yield from self._warm
        while not self._closed.is_set():
            yield from self._next()
            if (known := self._room.sample(self._seen) - self._late) >= self._known + _STEP:
                self._known = known
                yield Event(known)

    def _warm_up(self) -> Iterator[Event]:
        while any(one.awaited and not one.clock.settled for one in self._watched.values()):
            yield from self._next()

    def _next(self) -> Iterator[Event]:
        """Takes what arrived next. Time passes as it is taken: a recorder that is behind loses no device for that."""
        try:
            name, self._seen, news = self._queue.get(timeout=_TICK)
        except queue.Empty:
            self._seen = elapsed()
        else:
            yield from self._placed(name, self._seen, news)
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
            yield from self._lost(name, news)
            return
        if watched.awaited and arrived - watched.heard > self._patience:
            yield from self._silent(name)  # the whole machine stood still, so nobody could notice
        watched.heard, watched.awaited = arrived, True
        if isinstance(news, Picture):
            watched.pictures.hear(arrived, news.end_seconds)
            watched.held.append(news)
        else:
            first = not watched.sound.known
            watched.sound.hear(arrived, news.end_seconds)
            if first and name == self._reference:
                self._room.follow(watched.sound, news.start, self._known)
            yield Event(self._known, Given(name, news, news.start + self._room.place(watched.sound)))
        if watched.clock.settled:
            yield from self._shown(name)

    def _shown(self, name: str) -> Iterator[Event]:
        watched = self._watched[name]
        delay = self._delays.get(name, 0)
        for picture in watched.held:
            yield Event(self._known, Given(name, placed(picture, self._room.place(watched.clock) - delay)))
        watched.held.clear()

    def _lost(self, name: str, log: str) -> Iterator[Event]:
        yield from self._shown(name)
        if self._watched[name].sound.known and name == self._reference:
            self._room.leave()
        self._watched[name].lose()
        yield Event(self._known, Lost(name, GapCause.DEVICE_LOST, log))

    def _missed(self) -> Iterator[Event]:
        """The inputs that have just been silent for too long. They stay open: they may go on."""
        for name, watched in self._watched.items():
            if watched.awaited and self._seen - watched.heard > self._patience:
                yield from self._silent(name)

    def _silent(self, name: str) -> Iterator[Event]:
        yield from self._lost(name, f"The input {name!r} gave nothing for {self._patience} seconds.")

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
        while self._queue.qsize() >= _QUEUED:
            if self._closed.wait(_TICK) or (self._queue.qsize() >= _QUEUED and not isinstance(news, str)):
                return
        self._queue.put((name, elapsed(), news))
