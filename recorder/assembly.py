"""Puts a hearing's parts together: devices, tracks, timeline."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from court.card import HearingCard
from court.errors import InputError
from court.health import SelfTest
from court.room import Input, Room
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Source
from recorder.alignment import Alignment, Reason
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
    """As `open_sources`, but after a crash: what cannot be opened yet is None, as long as anything can be."""
    sources: dict[str, Source | None] = {}
    error: InputError | None = None
    for name in inputs_used(room):
        try:
            sources[name] = open_source(room.input(name), channels_used(room, name), at)
        except InputError as failed:
            sources[name], error = None, failed
    if error is not None and not any(source is not None and source.live for source in sources.values()):
        close_all(sources)
        raise error
    return sources


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
        *(TrackFacts(c.track, "", "video", VIDEO_RATE, False, sources[c.input].description) for c in room.cameras),
    )


def hearing_facts(
    card: HearingCard, room: Room, node: str, tracks: tuple[TrackFacts, ...], tested: SelfTest | None
) -> dict[str, Any]:
    """The body of the hearing's leaf, but for its anchor; `tested`: the self-test that was made for it."""
    facts = {
        "card": card.as_fields(),
        "room": room.name,
        "node": node,
        "profile": room.profile.value,
        "tracks": [one.as_fields() for one in tracks],
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
        pictures_fit=pictures_fit,
        orders=history.orders,
        muted=history.muted,
    )


def make_feed(
    room: Room, sources: Mapping[str, Source | None], open_source: OpenSource, pace: Pace, position: int
) -> Feed:
    """Recordings alone are read by time, in one thread; as soon as one device is live, all go by the clock."""
    ready = {name: source for name, source in sources.items() if source is not None}
    if len(ready) == len(sources) and not any(source.live for source in ready.values()):
        return MergedFeed(ready, pace)

    def reopen(name: str) -> Source:
        return open_source(room.input(name), channels_used(room, name), 0.0)

    return LiveFeed(sources, reopen, position)


def make_session(
    room: Room, recording: Recording, feed: Feed, script: tuple[Action, ...], progress: Progress | None
) -> Session:
    heard = {microphone.input for microphone in room.microphones}
    return Session(recording, Alignment(heard, recording.position), feed, script, progress)
