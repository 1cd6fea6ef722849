"""The capture node: one room, at most one hearing at a time, from its start to its end."""

import sqlite3
import threading
import time
from collections.abc import Callable

import structlog

from court.card import HearingCard
from court.clock import Clock
from court.errors import CourtError
from court.notes import Note, NoteTemplate
from court.openness import Openness
from court.room import Room
from court.timeline import GapCause
from hardware.inputs import open_input
from recorder.alignment import Reason
from recorder.assembly import OpenSource
from recorder.disk import DiskGauge, measured, rates_of
from recorder.errors import HearingRunning, Interrupted, NoHearing, OtherKey, disk_full, reason_of
from recorder.health.senses import CameraSense, MicrophoneSense
from recorder.opening import Opened, Opener
from recorder.plan import NOBODY, Ask, Command
from recorder.recover import STOPPED, interrupted_by
from recorder.script import Script
from recorder.session import Progress, Session
from recorder.settings import NodeSettings
from recorder.spool import Spool
from recorder.status import Meter, Status, doing_of, meter_of, senses_of, status_of
from recorder.tail import Heard, heard_of
from storage.ledger.ed25519 import Signer

_FIRST_RETRY, _LAST_RETRY = 0.5, 2.0  # whatever it was: once it is over, recording goes on within a few seconds
_LOOK_EVERY = 0.1

_log = structlog.get_logger()


class Agent:
    """Methods may be called from any thread. `delivery_trouble`: why nothing gets to the server now."""

    def __init__(
        self,
        settings: NodeSettings,
        room: Room,
        clock: Clock,
        key: Signer,
        open_source: OpenSource = open_input,
    ) -> None:
        """Opens the spool; raises SpoolError if it cannot."""
        self.settings = settings
        self.room = room
        self._clock = clock
        self.spool = Spool(settings.spool_folder)
        rates = rates_of(self.room, measured(self.spool))
        self.gauge = DiskGauge(self.spool.folder, rates, settings.planned_hours, settings.sound_minutes)
        self._opener = Opener(settings, self.room, self.spool, clock, key, open_source, self.gauge)
        self._current: Opened | None = None
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self._tried = 0.0
        self.delivery_trouble: Callable[[], str] = lambda: ""
        self._closing = threading.Event()
        self._lock = threading.Lock()

    def start(self, card: HearingCard, key: str = "", by: str = "", spare_of: str = "") -> str:
        """Starts recording in the background; returns the hearing's id, the same if this case is being recorded.

        `key` names the request: sent again, even after the hearing's end, it starts no other. `spare_of` is the hearing
        that another node of the room records: this is a spare recording of it. Raises InputError before anything is
        written if a device cannot be used, NoRoom if the disk may not hold it, HearingRunning if another case is being
        recorded or one is left unfinished by a crash. What fails later is taken up again by itself.
        """
        with self._lock:
            begun = self._opener.begun(key) if key else None
            if begun is not None:
                return begun
            running = self._running()
            if running is not None and (running.card, running.spare_of) == (card, spare_of):
                return running.hearing
            self._refuse_if_busy()
            self.gauge.rates = rates_of(self.room, measured(self.spool))
            self.gauge.check_reserve()
            current = self._current = self._opener.begin(card, None, None, key, by, spare_of)
            self._in_background(current)
            return current.hearing

    def run_to_end(self, card: HearingCard, script: Script | None = None, progress: Progress | None = None) -> str:
        """Records a room that has an end, here and now: to the end of its recordings or of its script.

        Raises Interrupted if the disk fails; the hearing can then be recovered.
        """
        with self._lock:
            self._refuse_if_busy()
            current = self._current = self._opener.begin(card, script, progress)
        return self._run_here(current)

    def recover(self) -> str | None:
        """Goes on in the background with the hearing that a crash left unfinished; its id, None if there is none.

        What prevents it now, a device that is not ready yet or a full disk, is tried again by itself. Raises OtherKey.
        """
        with self._lock:
            row = self.spool.unfinished()
            if row is None or self._working():
                return None
            try:
                current = self._take_up(None, STOPPED)
            except OtherKey:
                raise
            except Exception as error:  # noqa: BLE001 - shown to people by status() and tried again
                self._tell(error)
                current = None
            if current is not None or self._trouble:
                self._in_background(current)
                return row.id
            return None

    def recover_to_end(self, progress: Progress | None = None) -> str | None:
        """As `recover`, but here and now, to the hearing's end; what prevents it is raised."""
        with self._lock:
            current = None if self._working() else self._take_up(progress, STOPPED)
        return None if current is None else self._run_here(current)

    def pause(self, ask: Ask = NOBODY) -> None:
        self._obey(Command.PAUSE, ask)

    def deliberate(self, ask: Ask = NOBODY) -> None:
        self._obey(Command.DELIBERATE, ask)

    def resume(self, ask: Ask = NOBODY) -> None:
        self._obey(Command.RESUME, ask)

    def stop(self, ask: Ask = NOBODY) -> None:
        """Ends the hearing and waits until its last leaf is on the disk."""
        current = self._current
        if current is not None and current.session.recording.plan.ended and ask.hearing in ("", current.hearing):
            return
        self._obey(Command.STOP, ask)
        while self._working() and not self._trouble:
            self.wait(_LOOK_EVERY)

    def note(self, template: NoteTemplate, text: str, key: str = "", ask: Ask = NOBODY) -> float:
        """Notes what is happening now; returns the moment in seconds on the hearing's timeline.

        With a `key` that was noted before it is that note, whatever was seen.
        """
        session = self._session(ask.hearing)
        return session.call(lambda: session.recording.note(template, text, key, ask.by))

    def order(self, openness: Openness, back: float = 0.0, ask: Ask = NOBODY) -> float:
        """The court's order that the hearing is open or closed from `back` seconds ago on.

        Returns since when, in seconds on the hearing's timeline. Repeating it changes nothing.
        """
        session = self._session(ask.hearing)
        return session.call(lambda: session.recording.order(openness, back, ask))

    def notes(self) -> tuple[Note, ...]:
        """Those of the hearing that `status` tells of."""
        current = self._current
        return () if current is None else tuple(current.session.recording.notes)

    def mute(self, track: str, muted: bool, ask: Ask = NOBODY) -> None:
        """The secretary declares a microphone muted, or heard again; it is recorded either way.

        Raises InputError if there is no such microphone.
        """
        session = self._session(ask.hearing)
        session.call(lambda: session.recording.mute(track, muted, ask.by))

    def senses(self) -> tuple[list[MicrophoneSense], list[CameraSense]]:
        """What the recording notices of its devices; empty without a hearing."""
        return senses_of(self._current)

    def status(self) -> Status:
        return status_of(self._current, self._trouble, self.spool.backlog(), self.gauge.room())

    def silence(self) -> float:
        """Seconds since the hearing in the background last got on: since its latest fragment was written or, where none
        is due, in a break or without a device, since its time last passed. 0 without a hearing."""
        current = self._current
        if not self._working() and (current is None or (current.session.over and not current.session.failed)):
            return 0.0
        return time.monotonic() - max(self._tried, 0.0 if current is None else current.session.got_on)

    def doing(self) -> str:
        """One line for whoever looks after the machine; costs no disk access."""
        return doing_of(self._current, self._trouble)

    def meter(self) -> Meter:
        return meter_of(self._current)

    def heard(self) -> Heard | None:
        """What is being written of the microphones now; None without a hearing. Costs no disk access."""
        return heard_of(self._current)

    @property
    def busy(self) -> bool:
        """Whether a hearing is being recorded, or is being taken up again."""
        return self._running() is not None or self._working()

    def wait(self, timeout: float | None = None) -> None:
        """Until the hearing in the background has ended, `timeout` seconds at most."""
        if self._thread is not None:
            self._thread.join(timeout)

    def close(self) -> None:
        """Closes the spool. A hearing that still runs is left unfinished, to be recovered."""
        self._closing.set()
        self._leave()
        while self._working():
            self._leave()  # it may just have been taken up
            self.wait(_LOOK_EVERY)
        self.spool.close()

    def _leave(self) -> None:
        if self._current is not None:
            self._current.session.leave()

    def _obey(self, command: Command, ask: Ask) -> None:
        session = self._session(ask.hearing)
        session.call(lambda: session.recording.obey(command, ask))

    def _session(self, hearing: str) -> Session:
        """That of `hearing`, or of whichever is being recorded where it is empty."""
        running = self._running()
        if running is not None:
            if hearing in ("", running.hearing):
                return running.session
            raise NoHearing("Another hearing is being recorded here now: nothing was changed.")
        if self._trouble:
            raise Interrupted(f"{self._trouble} Repeat this step when it goes on.")
        raise NoHearing("No hearing is being recorded here: start one.")

    def _running(self) -> Opened | None:
        """The hearing being recorded now; one that failed a moment ago says so to whoever asks something of it."""
        current = self._current
        if current is None or not current.session.over or (current.session.failed and self._working()):
            return current
        return None

    def _working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _refuse_if_busy(self) -> None:
        if self.busy:
            raise HearingRunning(self._trouble or "Another hearing is being recorded here: stop it first.")
        self._opener.end_unbegun()
        if self.spool.unfinished() is not None:
            raise HearingRunning("A hearing that was interrupted is not finished: recover it first.")

    def _in_background(self, current: Opened | None) -> None:
        self._thread = threading.Thread(target=self._keep_recording, args=(current,), name="recording")
        self._thread.start()

    def _keep_recording(self, current: Opened | None) -> None:
        """Until the hearing has ended. What interrupts it is logged and shown, and it is taken up again."""
        retry, why, disk_failed = _FIRST_RETRY, STOPPED, False
        while True:
            began = time.monotonic()
            if not disk_failed:  # else the watchdog brings a new process, which opens everything anew
                self._tried = began
            try:
                current = current or self._take_up(None, why)
                why = STOPPED
                if current is not None:
                    self._run(current)
            except Exception as error:  # noqa: BLE001 - whatever it was, the hearing has to go on
                self._tell(error)
                disk_failed = isinstance(error, OSError | sqlite3.Error) and not disk_full(error)
                why = interrupted_by(error) if current is not None or disk_full(error) else why
            else:
                self._trouble = ""
                return
            current = None
            retry = _FIRST_RETRY if time.monotonic() - began > _LAST_RETRY else retry
            if self._closing.wait(retry):
                return
            while why[0] is GapCause.DISK_FULL and not self.gauge.sound_fits():
                self._tried = time.monotonic()
                if self._closing.wait(_LOOK_EVERY):
                    return
            retry = min(2 * retry, _LAST_RETRY)

    def _take_up(self, progress: Progress | None, why: Reason) -> Opened | None:
        current = self._opener.reopen(progress, why)
        if current is not None:
            self._current, self._trouble = current, ""
        return current

    def _tell(self, error: Exception) -> None:
        trouble = f"Recording is interrupted ({reason_of(error)}); the node keeps trying to go on."
        if trouble != self._trouble:
            self._trouble = trouble
            expected = isinstance(error, CourtError) or disk_full(error)
            _log.error("recording is interrupted", reason=reason_of(error), exc_info=None if expected else error)

    def _run_here(self, current: Opened) -> str:
        try:
            self._run(current)
        except (OSError, sqlite3.Error) as error:
            raise Interrupted(
                f"Recording was interrupted ({reason_of(error)}): what was recorded is kept; mend that and resume it."
            ) from error
        return current.hearing

    def _run(self, current: Opened) -> None:
        current.session.run()
        if current.session.recording.plan.ended:
            self.spool.end(current.hearing)
