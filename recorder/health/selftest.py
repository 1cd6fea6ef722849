"""Runs a self-test: opens the room's devices, leads through the prompts, and grades what it heard, saw and measured."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import structlog

from court.clock import Clock
from court.errors import CourtError
from court.health import Finding, SelfTest
from court.room import Room
from hardware.devices import AUDIO_RATE, Pcm, Picture, PictureFormat
from hardware.glance import luma
from hardware.levels import measure
from recorder.alignment import Alignment, RoomBlock
from recorder.assembly import OpenSource, inputs_used, make_feed
from recorder.disk import DiskGauge
from recorder.errors import HearingRunning, reason_of
from recorder.feed import Event, Feed, Given, Lost
from recorder.health.kept import keep
from recorder.health.machine import clock_finding, disk_finding, encode_finding, reach_findings
from recorder.health.pictures import Watched, picture_findings
from recorder.health.prompts import Ear, Prompts, Stage
from recorder.health.sound import Listened, sound_findings
from recorder.settings import NodeSettings, Pace
from recorder.vad import SpeechDetector
from storage.durable import make_folder

_NEVER = 1 << 62
_GLANCE_SECONDS = 1.0
_PATIENCE_SECONDS = 12.0
"""From the beginning to the first sound: longer than a network stream takes to open, or to say why it does not."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """How far the self-test has come; `track` is to be spoken into, of which `share` (0 to 1) was heard."""

    stage: Stage
    track: str
    share: float
    seconds_left: float
    ears: dict[str, Ear]


class SelfTester:
    """One self-test at a time, on a thread of its own. `last` is the newest finished one."""

    def __init__(
        self,
        settings: NodeSettings,
        room: Room,
        clock: Clock,
        gauge: DiskGauge,
        open_source: OpenSource,
        token: str = "",
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """`token` is shown to the spare node."""
        self.last: SelfTest | None = None
        self.trouble = ""
        self.running: Running | None = None
        self.count = 0
        self._settings = settings
        self._room = room
        self._clock = clock
        self._gauge = gauge
        self._open_source = open_source
        self._token = token
        self._patience = patience
        self._thread: threading.Thread | None = None
        self._cancelled = threading.Event()
        self._lock = threading.Lock()

    def start(self, busy: Callable[[], bool] = lambda: False) -> None:
        """Begins a test, unless one runs. Raises HearingRunning where the recorder is `busy` with the devices."""
        with self._lock:
            if busy():
                raise HearingRunning("A hearing is being recorded: its alarms say what is wrong; test before the next.")
            if self._thread is not None and self._thread.is_alive():
                return
            self._cancelled.clear()
            self.trouble, self.running = "", Running(Stage.QUIET, "", 0.0, 0.0, {})
            self._thread = threading.Thread(target=self._run, name="self-test", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Gives a running test up and waits until its devices are free."""
        with self.aside():
            pass

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """No test runs or begins during the block: a hearing takes the devices."""
        with self._lock:
            self._cancelled.set()
            self.wait()
            yield

    @property
    def tracks(self) -> list[dict[str, str]]:
        """What is tested."""
        microphones = [{"track": one.track, "role": one.role.value, "kind": "audio"} for one in self._room.microphones]
        return microphones + [{"track": one.track, "role": "", "kind": "video"} for one in self._room.cameras]

    def wait(self, timeout: float | None = None) -> None:
        """Until no test runs, `timeout` seconds at most."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            found = self._test()
            if found is not None:
                keep(self._settings.home, found)
                self.last = found
        except Exception as error:  # noqa: BLE001 - told to whoever asked for the test; the node goes on
            expected = isinstance(error, OSError | CourtError)
            _log.warning("the self-test failed", reason=reason_of(error), exc_info=None if expected else error)
            self.trouble = f"The self-test failed ({reason_of(error)}): repeat it."
        finally:
            self.running = None
            self.count += 1

    def _test(self) -> SelfTest | None:
        """None if it was cancelled."""
        listening = Listening(self._room)
        feed = make_feed(
            self._room, dict.fromkeys(inputs_used(self._room)), self._open_source, Pace.REAL_TIME, 0
        )  # nothing is open yet, so each input opens on a thread of its own and holds up no other
        with contextlib.closing(feed):
            if not self._listen(feed, listening):
                return None
        self.running = Running(Stage.OVER, "", 0.0, 0.0, {})
        findings = (*listening.findings(), *self._machine(listening.encoded))
        return SelfTest(self._room.name, self._clock.now().utc, findings)

    def _listen(self, feed: Feed, listening: "Listening") -> bool:
        """Until the prompts are over, or nothing was heard for too long; False if the test was given up."""
        alignment = Alignment({one.input for one in self._room.microphones}, 0)
        feed.begin(0)
        with contextlib.closing(feed.events()) as events:
            for event in events:
                if self._cancelled.is_set():
                    return False
                _take(event, alignment)
                while (block := alignment.next_block(event.known, _NEVER)) is not None:
                    listening.take(block)
                    self.running = listening.running
                if listening.prompts.stage is Stage.OVER or listening.unheard >= self._patience:
                    return True
        return True

    def _machine(self, encoded: list[PictureFormat]) -> Iterator[Finding]:
        yield encode_finding(self._room, make_folder(self._settings.home), encoded)
        yield disk_finding(self._gauge.room())
        yield clock_finding(self._clock)
        yield from reach_findings(self._settings.server_url, self._room, self._token)


class Listening:
    """Collects what the room gives block by block. Blocks in which no microphone has given anything yet, while devices
    open, do not count."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._listened = {one.track: Listened(one.track) for one in room.microphones}
        self._watched = {one.track: Watched(one.track) for one in room.cameras}
        self._detectors = {one.track: SpeechDetector() for one in room.microphones}
        self._formats: dict[str, PictureFormat] = {}
        self._ears: dict[str, Ear] = {}
        self._quiet_blocks = 0
        self._seconds = 0.0
        self.unheard = 0.0
        self.prompts = Prompts([one.track for one in room.microphones])

    @property
    def running(self) -> Running:
        prompts = self.prompts
        return Running(prompts.stage, prompts.track, prompts.share, prompts.left(), dict(self._ears))

    @property
    def encoded(self) -> list[PictureFormat]:
        """Of the cameras whose pictures are encoded here."""
        return [form for form in self._formats.values() if form.kept is None]

    def findings(self) -> Iterator[Finding]:
        yield from sound_findings([*self._listened.values()], self._quiet_blocks, self.prompts.spoken)
        yield from picture_findings([*self._watched.values()])

    def take(self, block: RoomBlock) -> None:
        seconds = (block.end - block.start) / AUDIO_RATE
        self._seconds += seconds
        self._look(block)
        sound = {one.track: self._pcm(block, one.input, one.channel) for one in self._room.microphones}
        for one in self._room.microphones:
            self._listened[one.track].lost = self._why(block, one.input, sound[one.track])
        if all(pcm is None for pcm in sound.values()):
            self.unheard += seconds
            return
        self.unheard = 0.0
        self._hear(sound, block.end - block.start)

    def _hear(self, sound: dict[str, Pcm | None], length: int) -> None:
        quiet = self.prompts.stage is Stage.QUIET
        self._ears = {}
        for track, pcm in sound.items():
            self._listened[track].blocks.append(np.zeros(length, np.int16) if pcm is None else pcm)
            if pcm is not None:
                self._ears[track] = Ear(measure(pcm), self._detectors[track].speech_in(pcm[np.newaxis])[0])
        self._quiet_blocks += quiet
        self.prompts.hear(self._ears, length)

    def _look(self, block: RoomBlock) -> None:
        for camera in self._room.cameras:
            watched = self._watched[camera.track]
            pictures = [picture for name, picture in block.pictures if name == camera.input and picture.keyframe]
            if camera.input in block.missing:
                watched.lost = block.missing[camera.input][1]
            elif any(name == camera.input for name, _ in block.pictures):
                watched.lost = ""
            if pictures and (not watched.seen or self._seconds - watched.seen[-1][0] >= _GLANCE_SECONDS):
                self._glance(watched, pictures[-1])

    def _glance(self, watched: Watched, picture: Picture) -> None:
        self._formats[watched.track] = picture.format
        seen = luma(picture)
        if seen is not None:
            watched.seen.append((self._seconds, seen))

    def _pcm(self, block: RoomBlock, name: str, channel: int) -> Pcm | None:
        pcm = block.sound.get(name)
        return None if pcm is None or channel >= pcm.shape[1] else pcm[:, channel]

    def _why(self, block: RoomBlock, name: str, pcm: Pcm | None) -> str:
        """Why the microphone gives nothing in this block; '' if it does."""
        if pcm is not None:
            return ""
        if name in block.sound:
            return f"The input {name!r} has only {block.sound[name].shape[1]} channels (counted from 0)."
        return block.missing[name][1] if name in block.missing else f"The input {name!r} gave nothing."


def _take(event: Event, alignment: Alignment) -> None:
    if isinstance(event.news, Given):
        alignment.add(event.news.input, event.news.item, event.news.at)
    elif isinstance(event.news, Lost):
        alignment.lose(event.news.input, (event.news.cause, event.news.device_log))
