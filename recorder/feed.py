"""Brings the items of all inputs to the one thread that records: here those of recordings, strictly by time."""

import heapq
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, Item, Picture, Source, ticks
from hardware.errors import DeviceLost
from recorder.settings import Pace


@dataclass(frozen=True, slots=True)
class Given:
    """An item. A picture is placed on the hearing's timeline; sound keeps its device's count, and its first sample is
    measured to lie at the timeline's sample `at`."""

    input: str
    item: Item
    at: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """An input that gives nothing for now, or never again."""

    input: str
    cause: GapCause
    device_log: str


@dataclass(frozen=True, slots=True)
class Event:
    """`known` is the sample up to which everything has come that will come in time. No `news`: time passed."""

    known: int
    news: Given | Lost | None = None


class Feed(Protocol):
    """Ends where there is nothing more to record; a room of live devices never does."""

    def begin(self, at: int) -> None:
        """Said once, before `events`: the hearing has got to sample `at` now."""
        ...

    def now(self) -> int:
        """The sample that the hearing has got to at this moment, recorded or not; 0 if it is wherever the recording is.

        From any thread.
        """
        ...

    def events(self) -> Generator[Event]: ...

    def close(self) -> None:
        """From any thread; `events` ends soon after."""
        ...


class MergedFeed:
    """Inputs that are not live, opened at the same moment: read in the order of their times, on one thread."""

    def __init__(self, sources: Mapping[str, Source], pace: Pace, delays: Mapping[str, int] | None = None) -> None:
        """`delays`: by how many samples (48 kHz) an input's pictures come later than they were taken."""
        self._sources = sources
        self._delays = delays or {}
        self._paced = pace is Pace.REAL_TIME
        self._at = 0.0
        self._began = time.monotonic()
        self._closed = threading.Event()

    def begin(self, at: int) -> None:
        """See Feed; `at` is where the sources were opened."""
        self._at, self._began = at / AUDIO_RATE, time.monotonic()

    def now(self) -> int:
        """See Feed. What is read as fast as it can be waits for the recording."""
        return round((self._at + time.monotonic() - self._began) * AUDIO_RATE) if self._paced else 0

    def events(self) -> Generator[Event]:
        """See Feed. Ends with the last input that has an end."""
        running = {name for name, source in self._sources.items() if not source.endless}
        endless_only = not running
        reached = self._at
        try:
            for seconds, _, news in heapq.merge(*(self._timed(name) for name in self._sources)):
                if self._closed.is_set():
                    return
                if isinstance(news, Given):
                    reached = max(reached, news.item.end_seconds if news.input in running else seconds)
                    self._wait_until(self._began + reached - self._at)
                yield Event(int(seconds * AUDIO_RATE), news)
                if isinstance(news, Lost):
                    running.discard(news.input)
                if not running and not endless_only:
                    break
            yield Event(round(reached * AUDIO_RATE))
        finally:
            for source in self._sources.values():
                source.close()

    def close(self) -> None:
        self._closed.set()

    def _timed(self, name: str) -> Iterator[tuple[float, str, Given | Lost]]:
        """The source's items with their seconds, and at last that it ended. The name settles ties."""
        source, delay = self._sources[name], self._delays.get(name, 0)
        end, log = 0.0, f"{source.description} ended."
        try:
            for item in source.items():
                end = max(end, item.end_seconds)
                given = placed(item, -delay) if isinstance(item, Picture) and delay else item
                yield given.seconds, name, Given(name, given, given.start)
        except DeviceLost as error:
            log = str(error)
        yield end, name, Lost(name, GapCause.DEVICE_LOST, log)

    def _wait_until(self, moment: float) -> None:
        if self._paced:
            self._closed.wait(max(0.0, moment - time.monotonic()))


def placed(picture: Picture, place: int) -> Picture:
    """The picture on the hearing's timeline, on which the own time 0 of its input lies at sample `place`."""
    shift = ticks(place)
    return replace(picture, start=picture.start + shift, decode_start=picture.decode_start + shift)


OpenInput = Callable[[str], Source]
"""Opens the input of that id; raises hardware.errors.DeviceUnusable."""
