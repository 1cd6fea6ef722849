"""Lines up on the hearing's timeline what the inputs give, each in its own rhythm. Pure.

The timeline is counted by one input's samples. Another's clock runs otherwise: of it a block takes as many samples as
it gave in that time. They are taken one after the other, none left out and none twice, wherever they lie.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, VIDEO_RATE, AudioBlock, Pcm, Picture, ticks

STEP = AUDIO_RATE // 10

Reason = tuple[GapCause, str]
"""Why something is missing, and what the device itself says of it."""

_REORDERED = VIDEO_RATE  # ticks: no camera shows a picture so much later than it is to be decoded
_SKIPPED = (GapCause.OVERRUN, "The device left out samples.")


@dataclass(frozen=True, slots=True)
class RoomBlock:
    """What the whole room gave in samples [start, end), usually 0.1 s.

    `sound` has for each input its samples, shape (about end - start, channels), `missing` the inputs that gave nothing,
    and why; `pictures` are those shown until `end`, with their input.
    """

    start: int
    end: int
    sound: dict[str, Pcm]
    pictures: Sequence[tuple[str, Picture]]
    missing: dict[str, Reason]


@dataclass(slots=True)
class _Line:
    """One input's sound that is not yet part of a block, in a count of its own that runs through interruptions.

    `at` is the first sample that is not taken; `ahead`: how far its count is ahead of the timeline, as last measured;
    `shift` brings the device's count to this one. `awaited`: more is expected; `lost`: why there is a hole.
    """

    at: int
    ahead: int = 0
    shift: int | None = None
    awaited: bool = True
    blocks: deque[AudioBlock] = field(default_factory=deque)
    lost: Reason | None = None

    def add(self, block: AudioBlock, placed: int, position: int, before: bool) -> None:
        """`placed` is where on the timeline its first sample lies, `position` up to where that is recorded. What lies
        `before` that is left out only where nothing was recorded yet: else it was late, and is taken all the same."""
        if self.shift is None:
            begin = placed + self.at - position
            if not before:
                begin = max(begin, self.at, self.blocks[-1].end if self.blocks else 0)
            self.shift = begin - block.start
        moved = AudioBlock(block.start + self.shift, block.pcm)
        self.ahead = moved.start - placed
        self.blocks.append(moved)

    def until(self, end: int) -> int:
        """Up to which of its samples the timeline's [position, end) goes: at least one, wherever they may lie."""
        return max(self.at + 1, end + self.ahead)

    def whole(self, start: int, end: int) -> int | None:
        """Up to which sample of the timeline, at most `end`, it is evenly there or evenly not; None: not known."""
        while self.blocks and self.blocks[0].end <= self.at:
            self.blocks.popleft()
        reach = _reach(self.blocks, self.at)
        if reach is None:
            return None if self.awaited else end
        if reach >= self.until(end):
            return end
        if self.awaited and self.blocks[-1].end <= reach:
            return None
        return min(end, max(start + 1, reach - self.ahead))

    def take(self, start: int, end: int) -> Pcm | None:
        """Its samples of the timeline's [start, end), which is `whole`; None if they are missing."""
        reach = _reach(self.blocks, self.at)
        until = self.at + end - start if reach is None else min(self.until(end), reach)
        there = bool(self.blocks) and self.blocks[0].start <= self.at
        taken = _taken(self.blocks, self.at, until) if there else None
        self.at = until
        return taken


class Alignment:
    """Collects items placed on the hearing's timeline; gives room blocks as soon as every awaited input got there."""

    def __init__(self, inputs: Iterable[str], start: int) -> None:
        """`inputs` are those that give sound; the first block begins at sample `start`."""
        self.position = start
        self._start = start
        self._lines = {name: _Line(start) for name in inputs}
        self._pictures: deque[tuple[str, Picture]] = deque()
        self._blind: dict[str, Reason] = {}

    def add(self, name: str, item: AudioBlock | Picture, at: int) -> None:
        """Takes an item; an input that was lost is awaited again. Sound is measured to begin at the timeline's `at`."""
        if isinstance(item, Picture):
            self._pictures.append((name, item))
            self._blind.pop(name, None)
        elif name in self._lines:
            line = self._lines[name]
            line.awaited = True
            line.add(item, at, self.position, before=self.position == self._start)

    def lose(self, name: str, reason: Reason) -> None:
        """Nothing more is awaited from this input; what it gave is kept."""
        self._blind[name] = reason
        if name in self._lines:
            line = self._lines[name]
            line.awaited, line.lost, line.shift = False, reason, None

    def next_block(self, known: int, edge: int) -> RoomBlock | None:
        """The next block, which ends at `edge` at the latest; None as long as something is awaited for it.

        `known` is the sample up to which all pictures have come.
        """
        start, end = self.position, min(self.position + STEP, edge)
        if end <= start or end > known:
            return None
        for line in self._lines.values():
            reached = line.whole(start, end)
            if reached is None:
                return None
            end = reached
        self.position = end
        pictures = self._shown_until(ticks(end))
        taken = {name: line.take(start, end) for name, line in self._lines.items()}
        sound = {name: pcm for name, pcm in taken.items() if pcm is not None}
        missing = self._unseen(pictures)
        missing |= {name: line.lost or _SKIPPED for name, line in self._lines.items() if name not in sound}
        for name in sound:
            if self._lines[name].awaited:
                self._lines[name].lost = None
        return RoomBlock(start, end, sound, pictures, missing)

    def _unseen(self, shown: Sequence[tuple[str, Picture]]) -> dict[str, Reason]:
        """The lost inputs of which no picture is left."""
        left = {name for name, _ in (*shown, *self._pictures)}
        return {name: reason for name, reason in self._blind.items() if name not in left}

    def _shown_until(self, tick: int) -> list[tuple[str, Picture]]:
        """In the order of decoding. Of a camera with B-frames a picture that is decoded before it is shown keeps back
        those behind it: what is recorded up to a moment then shows nothing after it.
        """
        shown: list[tuple[str, Picture]] = []
        left: deque[tuple[str, Picture]] = deque()
        waited_for = set()
        for name, picture in self._pictures:
            if picture.decode_start < tick <= picture.start < picture.decode_start + _REORDERED:
                waited_for.add(name)
            (left if name in waited_for or picture.decode_start >= tick else shown).append((name, picture))
        self._pictures = left
        return shown


def _reach(blocks: deque[AudioBlock], start: int) -> int | None:
    """Up to which sample the input is evenly there, or evenly not there, from `start` on; None if not known."""
    if not blocks:
        return None
    if blocks[0].start > start:
        return blocks[0].start
    end = start
    for block in blocks:
        if block.start > end:
            break
        end = max(end, block.end)
    return end


def _taken(blocks: deque[AudioBlock], start: int, end: int) -> Pcm:
    """Each channel's samples lie side by side, for whatever is done with each of them."""
    pieces, at = [], start
    for block in blocks:
        if at >= end or block.start > at:
            break
        pieces.append(block.pcm[at - block.start : end - block.start])
        at = max(at, block.end)
    return np.asfortranarray(np.vstack(pieces) if len(pieces) > 1 else pieces[0])
