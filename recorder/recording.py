"""One hearing being recorded: room blocks come in, segments and leaves come out. Runs on one thread."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from court.errors import InputError
from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.openness import Openness, OpennessSpan, order_now
from court.room import Microphone
from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, Pcm, ticks
from hardware.levels import SILENT, Level, measure_each
from recorder.alignment import Reason, RoomBlock
from recorder.comparison import Comparison
from recorder.health.senses import CameraSense, MicrophoneSense
from recorder.journal import Journal
from recorder.plan import NOBODY, Ask, Command, Plan, obey
from recorder.segmenter import Segmenter
from recorder.spool import OpenSegment
from recorder.track import PictureTrack, SoundTrack
from recorder.vad import SpeechDetector

MIX = "mix"

_NO_ROOM = (GapCause.DISK_FULL, "The recorder's disk is nearly full: what room is left is kept for sound.")

_PICTURES_LATE = 4 * AUDIO_RATE  # a camera that comes back may first give what belongs before a cut

AnyTrack = SoundTrack | PictureTrack


@dataclass(frozen=True, slots=True)
class TrackLevel:
    level: Level
    speech: bool


class Recording:
    """`position` is the sample (48 kHz) up to which the hearing has got; everything before it is decided."""

    def __init__(
        self,
        journal: Journal,
        microphones: Sequence[tuple[Microphone, SoundTrack]],
        cameras: Sequence[PictureTrack],
        mix: SoundTrack,
        *,
        plan: Plan,
        position: int,
        window: int,
        silence: Reason,
        comparison: Comparison,
        pictures_fit: Callable[[], bool] = lambda: True,
        orders: Sequence[OpennessSpan] = (),
        notes: Sequence[Note] = (),
        muted: Collection[str] = (),
    ) -> None:
        """`window` is the number of the next segment of every track; `silence` explains a hole that lies
        before the first a track gives; `orders` on openness and `notes` were given before, microphones declared
        `muted`. `pictures_fit`: whether the disk has room for more than sound now."""
        self.orders = list(orders)
        self.notes = list(notes)
        self.plan = plan
        self.position = position
        self.levels = {microphone.track: TrackLevel(SILENT, False) for microphone, _ in microphones}
        self.senses = {m.track: MicrophoneSense(m.track, m.track in muted) for m, _ in microphones}
        self.eyes = {camera.name: CameraSense(camera.name) for camera in cameras}
        self._journal = journal
        self._microphones = microphones
        self._cameras = cameras
        self._mix = mix
        self._window = window
        self._comparison = comparison
        self._segmenter = Segmenter(position)
        self._heard_by = {m.input: [one for one, _ in microphones if one.input == m.input] for m, _ in microphones}
        self._detectors = {name: SpeechDetector(len(heard)) for name, heard in self._heard_by.items()}
        self._why: dict[str, Reason] = {}
        self._silence = silence
        self._pictures_fit = pictures_fit
        self._fit = True
        self._left_out: Reason | None = None

    @property
    def cut_due(self) -> int:
        """No block may reach beyond this sample."""
        return self._segmenter.latest

    @property
    def progress(self) -> object:
        """Is another with every fragment that is written; where no segment is being written, with every block."""
        return tuple(track.written for track in self._tracks() if track.open) or self.position

    @property
    def heard(self) -> list[OpenSegment]:
        """The segments that the microphones are being written into now. From any thread."""
        return [track.opened for _, track in self._microphones if track.opened is not None]

    def take(self, block: RoomBlock) -> None:
        """The next block. In a break or deliberation it is only measured; in a deliberation not even that."""
        self._watch(block)
        self._fit = not self._cameras or self._pictures_fit()
        if not self._fit:
            block, self._left_out = replace(block, pictures=()), _NO_ROOM
        speech = self._listen(block)
        self._why.update(block.missing)
        if self.plan.recording:
            self._record(block)
            self._comparison.take(block)
        for name in (*block.sound, *(name for name, _ in block.pictures)):
            self._why.pop(name, None)
        if self._fit and (not self.plan.recording or all(camera.open for camera in self._cameras)):
            self._left_out = None
        self.position = block.end
        if self.plan.recording and self._segmenter.cut_after(block.end, speech):
            self._cut(block.end)

    def obey(self, command: Command, ask: Ask = NOBODY) -> None:
        """A step of the secretary, now. Raises court.hearing.IllegalStep if it is not possible, and Overtaken."""
        taken = obey(self.plan, command, self.position, ask)
        if not taken.changed:
            return
        if self.plan.recording:
            self._close_window(self.position)
        elif taken.silence is not None:
            self._silence = (taken.silence, "")
            self.state_gaps(self._silence)
        self._segmenter.restart(self.position)
        self._journal.state(taken.plan.state, self.position, ask.by)
        self.plan = taken.plan

    def suspend(self) -> None:
        """The program ends while the hearing goes on: finishes what is being written."""
        if self.plan.recording:
            self._close_window(self.position)

    def abandon(self) -> None:
        """Recording failed: closes what is being written as it is, to be recovered."""
        for track in self._tracks():
            track.abandon()

    def note(self, template: NoteTemplate, text: str, key: str = "", by: str = "") -> float:
        """Returns the note's moment in seconds. A `key` names it: sent again, it is the note that stands already."""
        for one in self.notes:
            if key and one.key == key:
                return one.at
        self._journal.note(self.position, template, text, key, by)
        self.notes.append(Note(self.position / self._mix.rate, template, text, key, by))
        return self.notes[-1].at

    def mute(self, track: str, muted: bool, by: str = "") -> None:
        """The microphone is declared muted, or heard again; repeating it changes nothing. Raises InputError."""
        if track not in self.senses:
            raise InputError(f"There is no microphone {track!r} here: name one of {', '.join(self.senses)}.")
        if self.senses[track].muted != muted:
            self._journal.mute(self.position, track, muted, by)
            self.senses[track].muted = muted

    def order(self, openness: Openness, back: float, ask: Ask = NOBODY) -> float:
        """The hearing is open or closed from `back` seconds ago on; returns since when (s). Raises Overtaken."""
        given = order_now(self.orders, openness, self.position / self._mix.rate, back)
        if given is not None:
            ask.check(len(self.orders))
            self._journal.openness(given, ask.by)
            self.orders.append(given)
        return self.orders[-1].start if self.orders else 0.0

    @property
    def openness(self) -> Openness:
        """As of now."""
        return self.orders[-1].openness if self.orders else Openness.OPEN

    def state_gaps(self, reason: Reason) -> None:
        """A gap in every track, up to now."""
        for track in self._tracks():
            track.gap(_at(track, self.position), *reason)

    def _listen(self, block: RoomBlock) -> bool:
        """Measures the microphones; whether anybody speaks."""
        isolated = self.plan.state is HearingState.DELIBERATION
        for name, microphones in self._heard_by.items():
            pcm = block.sound.get(name)
            if pcm is None or isolated:
                for one in microphones:
                    self._hear_nothing(one, isolated, block)
                continue
            channels = pcm.T[[one.channel for one in microphones]]
            spoken, levels = self._detectors[name].speech_in(channels), measure_each(channels)
            for one, channel, speech, level in zip(microphones, channels, spoken, levels, strict=True):
                self.levels[one.track] = TrackLevel(level, speech)
                self.senses[one.track].hear(channel, level, block.end)
        return any(one.speech for one in self.levels.values())

    def _hear_nothing(self, microphone: Microphone, isolated: bool, block: RoomBlock) -> None:
        self.levels[microphone.track] = TrackLevel(SILENT, False)
        if isolated:
            self.senses[microphone.track].rest()
        else:
            self.senses[microphone.track].lose(block.missing[microphone.input][1])

    def _watch(self, block: RoomBlock) -> None:
        """Remembers the cameras' newest pictures, whatever becomes of them."""
        for camera in self._cameras:
            if camera.input in block.missing:
                self.eyes[camera.name].lose(block.missing[camera.input][1])
        for name, picture in block.pictures:
            for camera in self._seen_by(name):
                self.eyes[camera.name].see(picture)

    def _record(self, block: RoomBlock) -> None:
        present = [(track, _channel(block, microphone)) for microphone, track in self._microphones]
        heard = [(track, pcm) for track, pcm in present if pcm is not None]
        if heard:
            heard.append((self._mix, _mixed([pcm for _, pcm in heard], block.end - block.start)))
        seen = [(track, picture) for name, picture in block.pictures for track in self._seen_by(name)]
        # A track has one segment in a window: where one comes back, a new window begins for all.
        giving: list[AnyTrack] = [*(track for track, _ in heard), *(camera for camera, _ in seen)]
        if any(not track.open and track.sequence == self._window for track in giving):
            self._cut(block.start)
        for track, pcm in heard:
            if not track.open:
                self._explain(track, block.start)
            track.write(block.start, pcm, self._window)
        for track in self._sound_tracks():
            if all(track is not one for one, _ in heard):
                track.seal(block.start)
        for camera, picture in seen:
            camera.show(picture, self._window, *self._reason(camera))
        for camera in self._cameras:
            if camera.input in block.missing or not self._fit:
                camera.seal(min(camera.shown_until, _at(camera, block.end)))

    def _cut(self, at: int) -> None:
        """Begins a new window: every microphone's timeline is stated up to sample `at`, lost or not."""
        for track in self._sound_tracks():
            track.seal(at)
            self._explain(track, at)
        for camera in self._cameras:
            if camera.open:
                camera.cut(_at(camera, at))
            else:
                self._explain(camera, at - _PICTURES_LATE)
        self._state_sync(at)
        self._next_window()
        self._segmenter.restart(at)

    def _close_window(self, at: int) -> None:
        """Nothing is recorded from sample `at` on."""
        for track in self._tracks():
            track.seal(_at(track, at))
            self._explain(track, at)
        self._state_sync(at)
        self._next_window()

    def _state_sync(self, at: int) -> None:
        for apart in self._comparison.due(at):
            self._journal.sync(at, apart)

    def _next_window(self) -> None:
        """Numbers are for segments: a window in which nothing was recorded leaves its number to the next."""
        if any(track.sequence == self._window for track in self._tracks()):
            self._window += 1

    def _explain(self, track: AnyTrack, at: int) -> None:
        """States a gap up to sample `at`, if there is one, with what is known of its cause."""
        track.gap(_at(track, at), *self._reason(track))

    def _reason(self, track: AnyTrack) -> Reason:
        """Why the track has a hole now; of the mix, why the first microphone that is missing is."""
        if track is self._mix:
            missing = [self._why[m.input] for m, _ in self._microphones if m.input in self._why]
            return next(iter(missing), self._silence)
        if self._left_out is not None and isinstance(track, PictureTrack):
            return self._left_out
        return self._why.get(track.input, self._silence)

    def _seen_by(self, name: str) -> list[PictureTrack]:
        return [camera for camera in self._cameras if camera.input == name]

    def _sound_tracks(self) -> list[SoundTrack]:
        return [*(track for _, track in self._microphones), self._mix]

    def _tracks(self) -> list[AnyTrack]:
        return [*self._sound_tracks(), *self._cameras]


def _at(track: AnyTrack, sample: int) -> int:
    """The track's own tick at a sample of the hearing."""
    return ticks(sample) if isinstance(track, PictureTrack) else sample


def _channel(block: RoomBlock, microphone: Microphone) -> Pcm | None:
    pcm = block.sound.get(microphone.input)
    return None if pcm is None else pcm[:, microphone.channel]


def _mixed(channels: list[Pcm], length: int) -> Pcm:
    """The sum, limited to what 16 bits hold: as loud as the room was. It is made for listening: another clock's samples
    are stretched to `length` in it."""
    fitting = [pcm if len(pcm) == length else _stretched(pcm, length) for pcm in channels]
    total = np.sum(fitting, axis=0, dtype=np.int32)
    return np.clip(total, -32768, 32767).astype(np.int16)


def _stretched(pcm: Pcm, length: int) -> Pcm:
    at = np.arange(length) * (len(pcm) / length)
    return np.asarray(np.interp(at, np.arange(len(pcm)), pcm), np.int16)
