"""Opens a hearing: a new one, or the one that a crash or a full disk interrupted."""

import contextlib
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from court.card import HearingCard
from court.clock import Clock
from court.hearing import HearingState
from court.ids import time_ordered_id
from court.room import Room, parse_room
from court.timeline import GapCause
from hardware.devices import AUDIO_RATE
from recorder.alignment import Reason
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
from recorder.disk import DiskGauge
from recorder.errors import OtherKey, SpoolError, reason_of
from recorder.health.kept import kept
from recorder.history import History, read_history
from recorder.journal import Journal
from recorder.plan import Ask, Command
from recorder.recover import STOPPED, origin_at, position_now, restart_reason, seal_open_segments
from recorder.rooms import bounded, goes_on, room_text
from recorder.script import Script, load_script
from recorder.session import Progress, Session
from recorder.settings import NodeSettings, Pace
from recorder.spool import HearingRow, Spool
from recorder.supervisor import LiveFeed
from recorder.track_facts import TrackFacts
from storage.ledger.chain import Chain
from storage.ledger.ed25519 import Signer
from storage.ledger.leaf import parse

_REMEMBERED = 20  # hearings: a request that comes again comes within minutes
_FIRST = (GapCause.DEVICE_LOST, "The device gave nothing yet.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A hearing ready to be recorded, with its session still to be run. `spare_of` as its first leaf has it."""

    hearing: str
    card: HearingCard
    tracks: tuple[TrackFacts, ...]
    session: Session
    spare_of: str = ""


class Opener:
    """What every hearing of a node has in common."""

    def __init__(
        self,
        settings: NodeSettings,
        room: Room,
        spool: Spool,
        clock: Clock,
        key: Signer,
        open_source: OpenSource,
        gauge: DiskGauge,
    ) -> None:
        self.gauge = gauge
        self._settings = settings
        self._room = room
        self._spool = spool
        self._clock = clock
        self._key = key
        self._open_source = open_source

    def begun(self, key: str) -> str | None:
        """Which of the last hearings was begun with this key."""
        query = "SELECT entry FROM entry WHERE seq = 0 ORDER BY position DESC LIMIT ?"
        leaves = [parse(entry) for (entry,) in self._spool.rows(query, _REMEMBERED)]
        return next((leaf.hearing for leaf in leaves if leaf.body.get("key") == key), None)

    def begin(
        self,
        card: HearingCard,
        script: Script | None,
        progress: Progress | None,
        key: str = "",
        by: str = "",
        spare_of: str = "",
    ) -> Opened:
        """Opens the devices, then writes the hearing's first leaf: in this order, so that bad input leaves nothing.

        `key` is what `begun` will know the hearing by, `by` who orders its recording. Raises InputError if a device
        cannot be used, SpoolError if the disk cannot be written.
        """
        room = self._room
        sources = open_sources(room, self._open_source)
        tracks = track_facts(room, sources)
        pace = self._settings.pace if script is not None or bounded(room) else Pace.REAL_TIME
        feed = make_feed(room, sources, self._open_source, pace, 0)
        try:
            hearing = time_ordered_id(self._clock.now().utc, secrets.token_bytes(10))
            self._spool.begin(HearingRow(hearing, room_text(room), pace.value, scripted=script is not None))
            journal = self._journal(Chain(hearing, self._key.key_id))
            tested = kept(self._settings.home, room.name, self._clock.now().utc)
            facts = hearing_facts(card, room, self._settings.name, tracks, tested, spare_of)
            journal.begin({**facts, "key": key} if key else facts)
            recording = make_recording(room, journal, History(Chain(hearing, "")), 0, _FIRST, self.gauge.pictures_fit)
            feed.begin(0)
            self._keep_origin(hearing, pace, 0)
            recording.obey(Command.START, Ask(by))
        except BaseException as error:
            feed.close()
            if isinstance(error, Exception):
                with contextlib.suppress(Exception):  # what cannot be written now is written at the next start
                    self.end_unbegun()
            if isinstance(error, OSError | sqlite3.Error):
                raise SpoolError(
                    f"The hearing cannot begin ({reason_of(error)}): nothing was recorded, start it again."
                ) from error
            raise
        actions = script.actions[1:] if script else ()
        return Opened(hearing, card, tracks, make_session(room, recording, feed, actions, progress), spare_of)

    def reopen(self, progress: Progress | None, why: Reason = STOPPED) -> Opened | None:
        """The unfinished hearing as the interruption left it, the lost stretch stated; None if there is none."""
        self.end_unbegun()
        row = self._spool.unfinished()
        if row is None:
            return None
        history = self._history(row.id)
        if not history.plan.state.live:
            self._spool.end(row.id)
            return None
        room = parse_room(row.room, f"kept with hearing {row.id}")
        script = load_script(Path(room.hearing)) if row.scripted else None
        journal = self._journal(history.chain)
        seal_open_segments(journal, history)
        now, moving, origin = self._clock.now(), goes_on(room), self._spool.origin(row.id)
        position = position_now(history, now, moving, origin)
        sources = reopen_sources(room, self._open_source, position / AUDIO_RATE)
        feed = make_feed(room, sources, self._open_source, Pace(row.pace), position)
        try:
            if isinstance(feed, LiveFeed):
                now = self._clock.now()
                position = position_now(history, now, moving, origin)
            feed.begin(position)
            self._keep_origin(row.id, Pace(row.pace), position)
            reason = restart_reason(history, now.utc, why)
            recording = make_recording(room, journal, history, position, reason, self.gauge.pictures_fit)
            if moving and history.plan.recording:
                recording.state_gaps(reason)
        except BaseException:
            feed.close()
            raise
        actions = script.actions[history.deeds :] if script else ()
        session = make_session(room, recording, feed, actions, progress)
        return Opened(row.id, HearingCard.parse(history.card), history.tracks, session, history.spare_of)

    def end_unbegun(self) -> None:
        """Ends the hearings of which no sample was recorded, because they failed before their first state.

        Where the leaf of such a hearing is on its way to the server, its end must follow.
        """
        while (row := self._spool.unfinished()) is not None:
            history = self._history(row.id)
            if history.plan.state is not HearingState.SCHEDULED:
                return
            if history.chain.next_seq > 0:
                journal = self._journal(history.chain)
                journal.state(HearingState.RECORDING, 0)
                journal.state(HearingState.ENDED, 0)
            self._spool.end(row.id)

    def _keep_origin(self, hearing: str, pace: Pace, position: int) -> None:
        """Only where the hearing's time passes as time does."""
        if pace is Pace.REAL_TIME:
            self._spool.keep_origin(hearing, origin_at(position, self._clock.now()))

    def _history(self, hearing: str) -> History:
        """Raises OtherKey where another key began it: what this one signed, nobody would take as its continuation."""
        entries = [one.entry for one in self._spool.entries(hearing)]
        author = parse(entries[0]).author if entries else self._key.key_id
        if author != self._key.key_id:
            raise OtherKey(
                f"The hearing {hearing} is not finished and was begun with the key {author}; {self._settings.key_file} "
                f"is the key {self._key.key_id}: put the first one back until the hearing has ended and was delivered. "
                f"If it is gone, keep {self._settings.home} as it is, and give the node another COURTREC_HOME."
            )
        return read_history(hearing, author, entries)

    def _journal(self, chain: Chain) -> Journal:
        return Journal(self._spool, chain, self._key, self._clock)
