"""Puts a hearing's parts together: devices, tracks, timeline."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from court.card import HearingCard
from court.health import SelfTest
from court.room import Input, Room
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Source
from hardware.errors import DeviceUnusable
from recorder.alignment import Alignment, Reason
from recorder.comparison import Comparison
from recorder.encode import CODINGS
from recorder.feed import Feed, MergedFeed
from recorder.history import History
from recorder.journal import Journal
from recorder.recording import MIX, Recording
from recorder.rooms import channels_used, check_sources
from recorder.script import Action
from recorder.session import Progress, Session
from recorder.settings import Pace
from recorder.supervisor import LiveFeed
from recorder.track import PictureTrack, SoundTrack
from recorder.track_facts import TrackFacts

_REOPEN_SECONDS = 2.0


class OpenSource(Protocol):
    """hardware.inputs.open_input, or a stand-in for it."""

    def __call__(self, spec: Input, channels: int, at: float = 0.0) -> Source: ...


def inputs_used(room: Room) -> list[str]:
    """The ids of the inputs that some microphone or camera of the room needs."""
    used = {one.input for one in room.microphones} | {one.input for one in room.cameras}
    return [one.id for one in room.inputs if one.id in used]


def open_sources(room: Room, open_source: OpenSource, at: float = 0.0) -> dict[str, Source]:
    """Opens everything the room needs, recordings at `at` seconds, or nothing at all.

    Raises InputError if a device cannot be opened or is not what the room takes it for.
    """
    sources: dict[str, Source] = {}
    try:
        for name in inputs_used(room):
            sources[name] = open_source(room.input(name), channels_used(room, name), at)
        check_sources(room, sources)
    except BaseException:
        close_all(sources)
        raise
    return sources


def reopen_sources(room: Room, open_source: OpenSource, at: float) -> dict[str, Source | None]:
    """As `open_sources`, but after a crash: what cannot be opened yet is None, as long as anything can be.

    All are opened at once, and what takes longer than _REOPEN_SECONDS is not waited for: a camera that is still
    starting must not hold up the microphones.
    """
    opened = [
        _Opening(name, partial(open_source, room.input(name), channels_used(room, name), at))
        for name in inputs_used(room)
    ]
    deadline = time.monotonic() + _REOPEN_SECONDS
    sources = {one.name: one.source(deadline) for one in opened}
    error = next((one.error for one in opened if one.error is not None), None)
    if error is not None and not any(source is not None and source.live for source in sources.values()):
        close_all(sources)
        raise error
    return sources


class _Opening:
    """An input being opened on a thread of its own."""

    def __init__(self, name: str, open_it: Callable[[], Source]) -> None:
        self.name = name
        self.error: Exception | None = None
        self._open_it = open_it
        self._source: Source | None = None
        self._given_up = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"opening {name}", daemon=True)
        self._thread.start()

    def source(self, deadline: float) -> Source | None:
        """None if it could not be opened, or not by `deadline`; what is open later is closed again."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            self._given_up = True
            if self._source is None and self.error is None:
                self.error = DeviceUnusable(f"The input {self.name!r} cannot be opened yet: it does not answer.")
            return self._source

    def _run(self) -> None:
        try:
            source = self._open_it()
        except Exception as error:  # noqa: BLE001 - raised, or told by who tries again, as the others are open or not
            self.error = error
            return
        with self._lock:
            if not self._given_up:
                self._source = source
                return
        source.close()


def close_all(sources: Mapping[str, Source | None]) -> None:
    for source in sources.values():
        if source is not None:
            source.close()


def track_facts(room: Room, sources: Mapping[str, Source]) -> tuple[TrackFacts, ...]:
    """All tracks of a hearing in this room, the derived mix last but for the cameras."""
    return (
        *(
            TrackFacts(m.track, m.role.value, "audio", AUDIO_RATE, False, sources[m.input].description)
            for m in room.microphones
        ),
        TrackFacts(MIX, "", "audio", AUDIO_RATE, True, "the sum of all microphones"),
        *(
            TrackFacts(c.track, "", "video", VIDEO_RATE, False, sources[c.input].description, _delay_ms(room, c.input))
            for c in room.cameras
        ),
    )


def _delay_ms(room: Room, name: str) -> int:
    return round(room.input(name).delay * 1000)


def hearing_facts(
    card: HearingCard,
    room: Room,
    node: str,
    tracks: tuple[TrackFacts, ...],
    tested: SelfTest | None = None,
    spare_of: str = "",
) -> dict[str, Any]:
    """The body of the hearing's leaf, but for its anchor; `tested`: the self-test that was made for it, `spare_of`: the
    hearing that another node records."""
    facts = {
        "card": card.as_fields(),
        "room": room.name,
        "node": node,
        "profile": room.profile.value,
        "tracks": [one.as_fields() for one in tracks],
        **({"spare_of": spare_of} if spare_of else {}),
    }
    return facts if tested is None else {**facts, "selftest": tested.as_fields()}


def make_recording(
    room: Room,
    journal: Journal,
    history: History,
    position: int,
    silence: Reason,
    pictures_fit: Callable[[], bool],
) -> Recording:
    """Tracks that go on where `history` left them; `silence` explains what comes before their first item."""

    def covered(track: str) -> int:
        return history.covered.get(track, 0)

    coding = CODINGS[room.profile]
    return Recording(
        journal,
        [(m, SoundTrack(m.track, m.input, journal, covered(m.track), coding)) for m in room.microphones],
        [PictureTrack(c.track, c.input, journal, covered(c.track), coding) for c in room.cameras],
        SoundTrack(MIX, "", journal, covered(MIX), coding),
        plan=history.plan,
        position=position,
        window=history.windows,
        silence=silence,
        comparison=Comparison(interfaces(room)),
        pictures_fit=pictures_fit,
        orders=history.orders,
        notes=history.notes,
        muted=history.muted,
    )


def make_feed(
    room: Room, sources: Mapping[str, Source | None], open_source: OpenSource, pace: Pace, position: int
) -> Feed:
    """Recordings alone are read by time, in one thread; as soon as one device is live, all go by the clock."""
    ready = {name: source for name, source in sources.items() if source is not None}
    delays = {one.id: round(one.delay * AUDIO_RATE) for one in room.inputs if one.delay}
    if len(ready) == len(sources) and not any(source.live for source in ready.values()):
        return MergedFeed(ready, pace, delays)

    def reopen(name: str) -> Source:
        return open_source(room.input(name), channels_used(room, name), 0.0)

    return LiveFeed(sources, reopen, position, next(iter(interfaces(room))), delays)


def interfaces(room: Room) -> dict[str, list[tuple[str, int]]]:
    """Track and channel of each microphone, by input: the input with the most first, whose samples count the time."""
    found: dict[str, list[tuple[str, int]]] = {}
    for one in room.microphones:
        found.setdefault(one.input, []).append((one.track, one.channel))
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def make_session(
    room: Room, recording: Recording, feed: Feed, script: tuple[Action, ...], progress: Progress | None
) -> Session:
    heard = {microphone.input for microphone in room.microphones}
    return Session(recording, Alignment(heard, recording.position), feed, script, progress)
