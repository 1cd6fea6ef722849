"""Lines up on the hearing's timeline what the inputs give, each in its own rhythm. Pure."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from court.timeline import GapCause
from hardware.devices import AUDIO_RATE, AudioBlock, Pcm, Picture, ticks

STEP = AUDIO_RATE // 10

Reason = tuple[GapCause, str]
"""Why something is missing, and what the device itself says of it."""

_SKIPPED = (GapCause.OVERRUN, "The device left out samples.")


@dataclass(frozen=True, slots=True)
class RoomBlock:
    """What the whole room gave in samples [start, end), usually 0.1 s.

    `sound` has for each input its samples, shape (end - start, channels), `missing` the inputs that gave nothing,
    and why; `pictures` are those shown until `end`, with their input.
    """

    start: int
    end: int
    sound: dict[str, Pcm]
    pictures: Sequence[tuple[str, Picture]]
    missing: dict[str, Reason]


@dataclass(slots=True)
class _Line:
    """One input's sound that is not yet part of a block; `awaited`: more is expected; `lost`: why there is a hole."""

    awaited: bool = True
    blocks: deque[AudioBlock] = field(default_factory=deque)
    lost: Reason | None = None


class Alignment:
    """Collects items placed on the hearing's timeline; gives room blocks as soon as every awaited input got there."""

    def __init__(self, inputs: Iterable[str], start: int) -> None:
        """`inputs` are those that give sound; the first block begins at sample `start`."""
        self.position = start
        self._lines = {name: _Line() for name in inputs}
        self._pictures: deque[tuple[str, Picture]] = deque()
        self._blind: dict[str, Reason] = {}

    def add(self, name: str, item: AudioBlock | Picture) -> None:
        """Takes an item; an input that was lost is awaited again. Sound that no microphone uses is left out."""
        if isinstance(item, Picture):
            self._pictures.append((name, item))
            self._blind.pop(name, None)
            return
        line = self._lines.get(name)
        if line is None:
            return
        line.awaited = True
        line.blocks.append(item)

    def lose(self, name: str, reason: Reason) -> None:
        """Nothing more is awaited from this input; what it gave is kept."""
        self._blind[name] = reason
        if name in self._lines:
            self._lines[name].awaited = False
            self._lines[name].lost = reason

    def next_block(self, known: int, edge: int) -> RoomBlock | None:
        """The next block, which ends at `edge` at the latest; None as long as something is awaited for it.

        `known` is the sample up to which all pictures have come.
        """
        start, end = self.position, min(self.position + STEP, edge)
        if end <= start or end > known:
            return None
        for line in self._lines.values():
            _forget(line.blocks, start)
            reach = _reach(line.blocks, start)
            if reach is None and line.awaited:
                return None
            if reach is not None and reach < end:
                if line.awaited and line.blocks[-1].end <= reach:
                    return None
                end = reach
        self.position = end
        pictures = self._shown_until(ticks(end))
        sound, missing = self._heard(start, end), self._unseen(pictures)
        missing |= {name: line.lost or _SKIPPED for name, line in self._lines.items() if name not in sound}
        for name in sound:
            if self._lines[name].awaited:
                self._lines[name].lost = None
        return RoomBlock(start, end, sound, pictures, missing)

    def _heard(self, start: int, end: int) -> dict[str, Pcm]:
        lines = {name: line.blocks for name, line in self._lines.items()}
        return {name: _taken(blocks, start, end) for name, blocks in lines.items() if _covers(blocks, start)}

    def _unseen(self, shown: Sequence[tuple[str, Picture]]) -> dict[str, Reason]:
        """The lost inputs of which no picture is left."""
        left = {name for name, _ in (*shown, *self._pictures)}
        return {name: reason for name, reason in self._blind.items() if name not in left}

    def _shown_until(self, tick: int) -> list[tuple[str, Picture]]:
        """By the time of decoding: B-frames come before the pictures they follow, and must stay there."""
        shown = [one for one in self._pictures if one[1].decode_start < tick]
        self._pictures = deque(one for one in self._pictures if one[1].decode_start >= tick)
        return shown


def _forget(blocks: deque[AudioBlock], start: int) -> None:
    while blocks and blocks[0].end <= start:
        blocks.popleft()


def _covers(blocks: deque[AudioBlock], sample: int) -> bool:
    return bool(blocks) and blocks[0].start <= sample


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
    pieces, at = [], start
    for block in blocks:
        if at >= end or block.start > at:
            break
        pieces.append(block.pcm[at - block.start : end - block.start])
        at = max(at, block.end)
    return np.vstack(pieces)
