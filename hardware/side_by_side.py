"""Several recordings read side by side, each giving its channels: together they are like one audio interface."""

from collections.abc import Iterator, Sequence

import numpy as np

from hardware.devices import AUDIO_RATE, AudioBlock, Item, Pcm, Source

_STEP = AUDIO_RATE // 10


class SideBySide:
    """Sound only. Ends with the longest; after its end a shorter one gives digital silence."""

    live = False
    picture = None
    endless = False

    def __init__(self, sources: Sequence[Source], at: float) -> None:
        self._sources = sources
        self._at = int(at * AUDIO_RATE)
        self.channels = sum(source.channels for source in sources)
        self.description = " + ".join(source.description for source in sources)

    def items(self) -> Iterator[Item]:
        """See hardware.devices.Source."""
        readers = [_Steps(source, self._at) for source in self._sources]
        position = self._at
        while True:
            columns = [reader.step() for reader in readers]
            length = max(len(column) for column in columns)
            if length == 0:
                return
            yield AudioBlock(position, np.hstack([_padded(column, length) for column in columns]))
            position += length

    def close(self) -> None:
        for source in self._sources:
            source.close()


class _Steps:
    """One recording in steps of 0.1 s; what its stamps leave out is digital silence."""

    def __init__(self, source: Source, at: int) -> None:
        self._blocks = (item for item in source.items() if isinstance(item, AudioBlock))
        self._held: Pcm = np.zeros((0, source.channels), np.int16)
        self._reached = at

    def step(self) -> Pcm:
        """The next samples, fewer than a step only at the end."""
        while len(self._held) < _STEP and (block := next(self._blocks, None)) is not None:
            missing = _padded(self._held[:0], max(0, block.start - self._reached))
            self._held = np.vstack([self._held, missing, block.pcm])
            self._reached = max(self._reached, block.start) + len(block.pcm)
        given, self._held = self._held[:_STEP], self._held[_STEP:]
        return given


def _padded(pcm: Pcm, length: int) -> Pcm:
    return np.pad(pcm, ((0, length - len(pcm)), (0, 0)))
