"""The capture node: one room, at most one hearing at a time, from its start to its end."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from court.card import HearingCard
from court.clock import Clock
from court.hearing import HearingState
from court.ids import time_ordered_id
from court.notes import NoteTemplate
from court.room import Room, parse_room
from court.timeline import GapCause
from hardware.devices import AUDIO_RATE
from hardware.inputs import open_input
from recorder.assembly import (
    OpenSource,
    hearing_facts,
    make_feed,
    make_recording,
    make_session,
    open_sources,
    reopen_sources,
    track_facts,
)
from recorder.errors import HearingRunning, NoHearing
from recorder.history import History, read_history
from recorder.journal import Journal
from recorder.plan import Command
from recorder.recording import TrackLevel
from recorder.recover import position_now, restart_reason, seal_open_segments
from recorder.rooms import check_room, goes_on, room_text
from recorder.script import Script, load_script
from recorder.session import Progress, Session
from recorder.settings import NodeSettings, Pace
from recorder.spool import Backlog, HearingRow, Spool
from recorder.supervisor import LiveFeed
from recorder.track_facts import TrackFacts
from storage.ledger.chain import Chain
from storage.ledger.ed25519 import Signer

_log = structlog.get_logger()
_FIRST = (GapCause.DEVICE_LOST, "The device gave nothing yet.")


@dataclass(frozen=True, slots=True)
class Status:
    """`hearing` and `state` are None before the first one; `message` says what is wrong, if anything."""

    hearing: str | None
    state: HearingState | None
    seconds: float
    tracks: tuple[TrackFacts, ...]
    backlog: Backlog
    message: str


@dataclass(slots=True)
class _Current:
    """The hearing that is, or was last, recorded here."""

    hearing: str
    card: HearingCard
    tracks: tuple[TrackFacts, ...]
    session: Session
    failure: BaseException | None = None


class Agent:
    """Methods may be called from any thread."""

    def __init__(
        self,
        settings: NodeSettings,
        room: Room,
        clock: Clock,
        key: Signer,
        open_source: OpenSource = open_input,
    ) -> None:
        """Opens the spool; raises SpoolError if it cannot, RoomError if this version cannot record the room."""
        self.settings = settings
        self.room = check_room(room)
        self.spool = Spool(settings.spool_folder)
        self._clock = clock
        self._key = key
        self._open_source = open_source
        self._current: _Current | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self, card: HearingCard) -> str:
        """Starts recording in the background; returns the hearing's id, the same if this case is being recorded.

        Raises InputError before anything is written if a device cannot be used, HearingRunning if another case
        is being recorded or one is left unfinished by a crash.
        """
        with self._lock:
            running = self._running()
            if running is not None and running.card == card:
                return running.hearing
            self._refuse_if_busy()
            return self._in_background(self._begin(card, None, None))

    def run_to_end(self, card: HearingCard, script: Script | None = None, progress: Progress | None = None) -> str:
        """Records a room that has an end, here and now: to the end of its recordings or of its script."""
        with self._lock:
            self._refuse_if_busy()
            current = self._begin(card, script, progress)
        self._run(current)
        return current.hearing

    def recover(self) -> str | None:
        """Goes on in the background with the hearing that a crash left unfinished; its id, None if there is none."""
        with self._lock:
            current = None if self._running() else self._reopen(None)
            return None if current is None else self._in_background(current)

    def recover_to_end(self, progress: Progress | None = None) -> str | None:
        """As `recover`, but here and now, to the hearing's end."""
        with self._lock:
            current = None if self._running() else self._reopen(progress)
        if current is None:
            return None
        self._run(current)
        return current.hearing

    def pause(self) -> None:
        self._obey(Command.PAUSE)

    def deliberate(self) -> None:
        self._obey(Command.DELIBERATE)

    def resume(self) -> None:
        self._obey(Command.RESUME)

    def stop(self) -> None:
        """Ends the hearing and waits until its last leaf is on the disk."""
        current = self._current
        if current is not None and current.session.recording.plan.ended:
            return
        self._obey(Command.STOP)
        self.wait()

    def note(self, template: NoteTemplate, text: str) -> float:
        """Notes what is happening now; returns the moment in seconds on the hearing's timeline."""
        session = self._session()
        return session.call(lambda: session.recording.note(template, text))

    def status(self) -> Status:
        current, backlog = self._current, self.spool.backlog()
        if current is None:
            return Status(None, None, 0.0, (), backlog, "")
        recording = current.session.recording
        message = "" if current.failure is None else f"Recording failed: {current.failure}"
        seconds = recording.position / AUDIO_RATE
        return Status(current.hearing, recording.plan.state, seconds, current.tracks, backlog, message)

    def levels(self) -> Mapping[str, TrackLevel]:
        """The loudness of every microphone in the last tenth of a second; empty without a hearing."""
        return self.meter()[2]

    def meter(self) -> tuple[float, HearingState | None, Mapping[str, TrackLevel]]:
        """Seconds of the hearing, its state, and the levels; costs no disk access."""
        current = self._current
        if current is None:
            return 0.0, None, {}
        recording = current.session.recording
        levels = {} if current.session.over else dict(recording.levels)
        return recording.position / AUDIO_RATE, recording.plan.state, levels

    def wait(self, timeout: float | None = None) -> None:
        """Until the hearing in the background has ended; raises what ended it if that was an error."""
        if self._thread is not None:
            self._thread.join(timeout)
        if self._current is not None and self._current.failure is not None:
            raise self._current.failure

    def close(self) -> None:
        """Closes the spool. A hearing that still runs is left unfinished, to be recovered."""
        if self._current is not None:
            self._current.session.leave()
        if self._thread is not None:
            self._thread.join()
        self.spool.close()

    def _obey(self, command: Command) -> None:
        session = self._session()
        session.call(lambda: session.recording.obey(command))

    def _session(self) -> Session:
        running = self._running()
        if running is None:
            raise NoHearing("No hearing is being recorded here: start one.")
        return running.session

    def _running(self) -> _Current | None:
        current = self._current
        return current if current is not None and not current.session.over else None

    def _refuse_if_busy(self) -> None:
        if self._running() is not None:
            raise HearingRunning("Another hearing is being recorded here: stop it first.")
        if self.spool.unfinished() is not None:
            raise HearingRunning("A hearing that was interrupted is not finished: recover it first.")

    def _begin(self, card: HearingCard, script: Script | None, progress: Progress | None) -> _Current:
        """Opens the devices, then writes the hearing's first leaf: in this order, so that bad input leaves nothing."""
        sources = open_sources(self.room, self._open_source)
        tracks = track_facts(self.room, sources)
        pace, text = self.settings.pace, room_text(self.room)
        feed = make_feed(self.room, sources, self._open_source, pace, 0)
        try:
            hearing = time_ordered_id(self._clock.now().utc, secrets.token_bytes(10))
            self.spool.begin(HearingRow(hearing, text, pace.value, scripted=script is not None))
            journal = Journal(self.spool, Chain(hearing, self._key.key_id), self._key, self._clock)
            journal.begin(hearing_facts(card, self.room, self.settings.name, tracks))
            recording = make_recording(self.room, journal, History(Chain(hearing, "")), 0, _FIRST)
            feed.begin(0)
            recording.obey(Command.START)
        except BaseException:
            feed.close()
            raise
        actions = script.actions[1:] if script else ()
        return self._make_current(card, tracks, make_session(self.room, recording, feed, actions, progress), hearing)

    def _reopen(self, progress: Progress | None) -> _Current | None:
        """Everything as the crash left it, the lost stretch stated."""
        row = self.spool.unfinished()
        if row is None:
            return None
        entries = [one.entry for one in self.spool.entries(row.id)]
        history = read_history(row.id, self._key.key_id, entries)
        if not history.plan.state.live:
            self.spool.end(row.id)
            return None
        room = parse_room(row.room, f"kept with hearing {row.id}")
        script = load_script(Path(room.hearing)) if row.scripted else None
        journal = Journal(self.spool, history.chain, self._key, self._clock)
        seal_open_segments(journal, history)
        now, moving = self._clock.now().utc, goes_on(room)
        position = position_now(history, now, moving)
        sources = reopen_sources(room, self._open_source, position / AUDIO_RATE)
        feed = make_feed(room, sources, self._open_source, Pace(row.pace), position)
        if isinstance(feed, LiveFeed):
            now = self._clock.now().utc
            position = position_now(history, now, moving)
        feed.begin(position)
        reason = restart_reason(history, now)
        recording = make_recording(room, journal, history, position, reason)
        if moving and history.plan.recording:
            recording.state_gaps(reason)
        actions = script.actions[history.deeds :] if script else ()
        session = make_session(room, recording, feed, actions, progress)
        return self._make_current(HearingCard.parse(history.card), history.tracks, session, row.id)

    def _make_current(
        self, card: HearingCard, tracks: tuple[TrackFacts, ...], session: Session, hearing: str
    ) -> _Current:
        self._current = _Current(hearing, card, tracks, session)
        return self._current

    def _in_background(self, current: _Current) -> str:
        self._thread = threading.Thread(target=self._run_noting_failure, args=(current,), name="recording")
        self._thread.start()
        return current.hearing

    def _run_noting_failure(self, current: _Current) -> None:
        try:
            self._run(current)
        except Exception as error:  # noqa: BLE001 - shown to people by status(), raised by wait()
            current.failure = error
            _log.exception("recording failed", hearing=current.hearing)

    def _run(self, current: _Current) -> None:
        current.session.run()
        if current.session.recording.plan.ended:
            self.spool.end(current.hearing)
