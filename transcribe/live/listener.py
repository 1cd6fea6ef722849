"""From the sound of a running hearing to lines of live text. One thread; nothing here waits for anything.

Sound goes in as it comes, `step` recognises one utterance at a time: first those that have ended, the newest first, so
that who is behind skips what is old; then those that pause; then those that go on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import structlog

from hardware.errors import MediaUnreadable
from hardware.growing import GrowingSound
from transcribe.guard import Doubt, doubts, no_speech
from transcribe.live.agreement import agreed
from transcribe.live.dominance import Dominance
from transcribe.live.hops import HOP, RoomSound
from transcribe.live.recogniser import Hypothesis, Recogniser
from transcribe.live.turns import Turn, Turns
from transcribe.spans import detected
from transcribe.speech import SAMPLE_RATE, Pcm, role_of

WAITING = 3
"""So many ended utterances may wait for the recogniser; older ones keep the words they have."""

_AGAIN = 0.7  # seconds of new speech that are worth another hypothesis
_REST_FOR_ENDS = 2.5  # times a recognition's own length that is left free after it for utterances that end
_TAIL = 0.2  # seconds after the last speech that are recognised with it
_SHORTEST = 0.25  # seconds of speech: less gives no words worth showing

_NOT_SHOWN = frozenset({Doubt.REPETITION, Doubt.COMPRESSIBLE, Doubt.SILENCE_PHRASE})
"""Provisional text with such a doubt is left out until the next hypothesis; final text is shown as doubtful."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LiveLine:
    """An utterance as far as it is known; the same `id` again replaces it. Times in seconds of the hearing.

    `stable` words are relied on, `rest` are not; a `final` line has no rest and does not change any more. `sequence`:
    its window, whose transcript replaces it. Without any words there is nothing to show.
    """

    id: str
    track: str
    role: str
    sequence: int
    start: float
    end: float
    stable: str
    rest: str
    final: bool
    flags: tuple[str, ...]


@dataclass(slots=True)
class _Utterance:
    turn: Turn
    words: tuple[str, ...] = ()
    stable: int = 0
    flags: tuple[str, ...] = ()
    recognised_to: float = 0.0
    looked_at: float = 0.0
    sequence: int = 0
    final: bool = False
    changed: bool = False

    @property
    def covered(self) -> bool:
        """Whether everything said so far has been recognised."""
        return self.recognised_to >= self.turn.last


@dataclass(slots=True)
class _Scene:
    """What is remembered of one hearing."""

    sound: RoomSound = field(default_factory=RoomSound)
    growing: dict[str, GrowingSound] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    ears: dict[str, Callable[[Pcm], bool]] = field(default_factory=dict)
    dominance: Dominance = field(default_factory=lambda: Dominance(()))
    turns: Turns = field(default_factory=Turns)
    utterances: dict[int, _Utterance] = field(default_factory=dict)


class Listener:
    """`new_ear` makes the speech detector of a microphone (SpeechEar.take), `now` tells monotonic seconds."""

    def __init__(
        self, recogniser: Recogniser, language: str, new_ear: Callable[[], Callable[[Pcm], bool]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._recogniser = recogniser
        self._language = language
        self._new_ear = new_ear
        self._now = now
        self._scene = _Scene()
        self._free_at = 0.0

    def hear(self, track: str, sequence: int, content: bytes, first: bool) -> None:
        """The next bytes of the segment being written of a microphone; what cannot be read is left out."""
        scene = self._scene
        scene.sequences[track] = sequence
        growing = scene.growing.setdefault(track, GrowingSound(SAMPLE_RATE))
        try:
            for at, pcm in growing.take(content, first):
                if not scene.sound.add(track, at, pcm):
                    scene.turns.end_all()
                    scene.ears.clear()
        except MediaUnreadable as error:
            _log.warning("live_sound_unreadable", track=track, error=str(error))

    def rest(self) -> None:
        """Nothing is recorded now: whoever spoke has ended."""
        self._look()
        self._scene.turns.end_all()

    def step(self) -> list[LiveLine]:
        """Looks at all sound that came, recognises at most one utterance, and tells the lines that changed."""
        self._look()
        self._give_up()
        due = self._due()
        if due is not None:
            self._recognise(due)
        return self._told()

    @property
    def idle(self) -> bool:
        """Whether nothing waits for the recogniser."""
        return self._due() is None

    def _look(self) -> None:
        scene = self._scene
        for end, pcm in scene.sound.hops():
            if scene.dominance.tracks != scene.sound.tracks:
                scene.dominance = Dominance(scene.sound.tracks)
            own = scene.dominance.take(pcm)
            speaking = {track: self._speech(track, pcm[track]) and own[track] for track in pcm}
            for turn in scene.turns.hear((end - HOP) / SAMPLE_RATE, end / SAMPLE_RATE, speaking):
                scene.utterances[turn.id] = _Utterance(turn, sequence=scene.sequences.get(turn.track, 0))
            for one in scene.utterances.values():
                if not one.turn.ended:
                    one.sequence = scene.sequences.get(one.turn.track, one.sequence)

    def _speech(self, track: str, pcm: Pcm) -> bool:
        ear = self._scene.ears.get(track) or self._scene.ears.setdefault(track, self._new_ear())
        return ear(pcm)

    def _waiting(self) -> list[_Utterance]:
        """Utterances that have ended and are not recognised to their end, the newest first."""
        found = [one for one in self._scene.utterances.values() if one.turn.ended and not one.covered]
        return sorted(found, key=lambda one: -one.turn.last)

    def _give_up(self) -> None:
        for one in self._waiting()[WAITING:]:
            one.recognised_to = one.turn.last

    def _due(self) -> _Utterance | None:
        waiting = self._waiting()
        if waiting:
            return waiting[0]
        running = [one for one in self._scene.utterances.values() if not one.turn.ended and not one.covered]
        resting = [one for one in running if one.turn.resting]
        if resting:
            return max(resting, key=lambda one: one.turn.last)
        grown = [one for one in running if one.turn.last - max(one.recognised_to, one.turn.start) >= _AGAIN]
        return min(grown, key=lambda one: one.looked_at, default=None) if self._now() >= self._free_at else None

    def _recognise(self, one: _Utterance) -> None:
        turn, began = one.turn, self._now()
        upto = turn.last
        if upto - turn.start < _SHORTEST:
            one.recognised_to = upto
            return
        start, end = round(turn.start * SAMPLE_RATE), round((upto + _TAIL) * SAMPLE_RATE)
        pcm = self._scene.sound.of(turn.track, start, min(end, self._scene.sound.reached))
        sound = pcm.astype(np.float32) / 32768.0
        found = self._recogniser.recognise(sound, self._language)
        if no_speech([found.segment], lambda: detected(sound)):
            found = Hypothesis((), found.segment)  # a cough; the window's transcript has it as perhaps no speech
        one.recognised_to, one.looked_at = upto, self._now()
        self._free_at = self._now() + _REST_FOR_ENDS * (self._now() - began)
        self._revise(one, found, upto - turn.start)

    def _revise(self, one: _Utterance, found: Hypothesis, seconds: float) -> None:
        flags = doubts(found.segment.words, [found.segment], seconds) if found.words else ()
        if not one.turn.resting and _NOT_SHOWN & set(flags):
            return
        one.stable = agreed(one.words, found.words)
        one.words, one.flags, one.changed = found.words, flags, True

    def _told(self) -> list[LiveLine]:
        lines = []
        for number, one in [*self._scene.utterances.items()]:
            if one.turn.ended and one.covered:
                one.final = one.changed = True
                del self._scene.utterances[number]
            if one.changed:
                lines.append(_line(one))
                one.changed = False
        return lines


def _line(one: _Utterance) -> LiveLine:
    turn = one.turn
    stable = len(one.words) if one.final else one.stable
    return LiveLine(
        id=f"{turn.track}-{round(turn.start * 1000)}",
        track=turn.track,
        role=role_of(turn.track),
        sequence=one.sequence,
        start=turn.start,
        end=turn.last,
        stable=" ".join(one.words[:stable]),
        rest=" ".join(one.words[stable:]),
        final=one.final,
        flags=one.flags,
    )
