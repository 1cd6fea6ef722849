"""The step in which live sound is looked at, and the newest sound of a room in such steps."""

from collections.abc import Iterator, Mapping

import numpy as np

from transcribe.speech import SAMPLE_RATE, Pcm

FRAME = 512
"""Samples that Silero takes at once: 32 ms."""
HOP = 3 * FRAME
HOP_SECONDS = HOP / SAMPLE_RATE

_KEPT = 30 * SAMPLE_RATE  # the longest utterance and what is said before it is noticed fit in twice
_WAIT = SAMPLE_RATE // 2  # samples that one microphone may lag behind the others
_JUMP = 5 * SAMPLE_RATE  # what lies further ahead is a break: time goes on there


class RoomSound:
    """The last half minute of every microphone on the hearing's timeline; what a microphone did not give is silent.

    Positions are samples at SAMPLE_RATE since the hearing began.
    """

    def __init__(self) -> None:
        self.reached = 0
        self._begin = 0
        self._pcm: dict[str, Pcm] = {}
        self._until: dict[str, int] = {}

    @property
    def tracks(self) -> tuple[str, ...]:
        return tuple(sorted(self._pcm))

    def add(self, track: str, at: int, pcm: Pcm) -> bool:
        """Puts sound at its place; False where that is so far ahead that everything before is forgotten."""
        goes_on = bool(self._until) and at <= max(self._until.values()) + _JUMP
        if not goes_on:
            self.reached = self._begin = at - at % HOP
            self._pcm, self._until = {}, {}
        if track not in self._pcm:
            self._pcm[track], self._until[track] = np.zeros(2 * _KEPT, np.int16), self._begin
        end = at + len(pcm)
        if end - self._begin > 2 * _KEPT:
            self._forget(end - _KEPT)
        start = max(at, self._begin)
        self._pcm[track][start - self._begin : end - self._begin] = pcm[start - at :]
        self._until[track] = max(self._until[track], end)
        return goes_on

    def hops(self) -> Iterator[tuple[int, Mapping[str, Pcm]]]:
        """The hops that are whole now, each once: where it ends, and every microphone's HOP samples."""
        newest = max(self._until.values(), default=0)
        there = min((until for until in self._until.values() if until > newest - _WAIT), default=0)
        while self.reached + HOP <= there:
            start = self.reached
            self.reached += HOP
            yield self.reached, {track: self.of(track, start, self.reached) for track in self._pcm}

    def of(self, track: str, start: int, end: int) -> Pcm:
        """[start, end) of a microphone, silent where nothing is known."""
        begin = max(0, start - self._begin)
        piece = self._pcm[track][begin : max(begin, end - self._begin)]
        return np.pad(piece, (end - start - len(piece), 0))

    def _forget(self, before: int) -> None:
        shift = before - before % HOP - self._begin
        for pcm in self._pcm.values():
            pcm[:-shift] = pcm[shift:].copy()
            pcm[-shift:] = 0
        self._begin += shift
