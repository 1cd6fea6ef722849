"""Whose copy a recording is that got out: its cells beside those of the stored sound and beside each copy's key. Pure.

Nothing is assumed of sound, room or encoder. What a recording weighs in each cell is found without any key; a key that
was drawn independently of it, as those of all other copies were, gives these weights signs by chance. The score, their
sum over its standard deviation, is then above z with a probability below exp(−z²/2), whatever the weights are
(Hoeffding 1963, theorem 2).
"""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hardware.devices import Pcm
from protocol.copies.mark import BANDS, CELL_HOPS, EDGES, HOPS_PER_SECOND, Real, louder, sine_window

RATE = 16_000
"""Samples a second of all sound here."""
BLOCK_SECONDS = 10
"""What is looked for at once; recorders whose clocks differ by 100 ppm are then a millisecond apart at its end."""
MOST_CHANCE = 1e-6
"""A copy is named only where the recording would fit another one's key, of all that were tried, more rarely."""

_HOP = round(RATE / HOPS_PER_SECOND)
_WINDOW = sine_window(_HOP)
_COARSE = range(0, BANDS, 3)  # bands are put together for finding the place
_FLOOR = 10.0  # energy, of samples up to 32767, that counts as silence there
_ECHOES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6)  # what of a cell's energy is heard again in the next one
_REACH = 25  # cells, two seconds: slower changes are the room's, the loudspeaker's or the recorder's
_MOST_DB = 3.0  # more of a difference tells nothing of a mark
_LEAST_VARIANCE = 0.1  # dB²: below it rounding counts

Cells = NDArray[np.float64]


def chance(score: float, tried: int) -> float:
    """How probable such a score is at most for any of so many keys if none is the recording's."""
    return min(1.0, tried * math.exp(-(score**2) / 2)) if score > 0 else 1.0


class Stored:
    """A stored track as its cells, in which a piece of another recording finds its place."""

    def __init__(self, sound: Iterable[Pcm]) -> None:
        """`sound` is the track from the hearing's first sample on, in mono at RATE."""
        silent = np.zeros(_HOP, np.int16)
        self.energies = energies([silent, *sound, silent])
        shape = _shape(self.energies)
        shape -= _mean_around(shape, round(BLOCK_SECONDS * HOPS_PER_SECOND / 2))
        self._strength = np.concatenate([[0.0], np.cumsum((shape.astype(np.float64) ** 2).sum(1))])
        self._size = 1 << len(shape).bit_length()
        self._spectrum = np.fft.rfft(shape, self._size, axis=0)

    def place(self, heard: Real) -> int:
        """The sample of the hearing at which sound with these energies, of no more windows, begins: -HOP at least."""
        shape, count = _shape(heard), len(heard)
        shape -= shape.mean(0)
        spectrum = np.fft.rfft(shape, self._size, axis=0)
        likeness = np.fft.irfft((self._spectrum * spectrum.conj()).sum(1), self._size)
        strength = self._strength[count:] - self._strength[:-count]
        likeness = likeness[: len(strength)] / np.sqrt(np.maximum(strength, 1e-3 * strength.max()) + _FLOOR)
        at = int(likeness.argmax())
        part = 0.0  # of a window, by the parabola through the neighbours
        if 0 < at < len(likeness) - 1:
            left, top, right = (float(one) for one in likeness[at - 1 : at + 2])
            bend = left - 2 * top + right
            part = (left - right) / (2 * bend) if bend else 0.0
        return round((at + part - 1) * _HOP)


class Trail:
    """What pieces of a recording weigh beside a stored track, cell by cell."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._weights = np.zeros((-(-len(stored.energies) // CELL_HOPS), BANDS), np.float32)

    def follow(self, piece: Pcm) -> None:
        """Weighs a piece, wherever in the track it is; what is no part of it adds a little chance."""
        heard, track = energies([piece]), self._stored.energies
        if not piece.any() or not 0 < len(heard) <= len(track):
            return
        begins = self._stored.place(heard)
        first = -(-(begins + _HOP) // (_HOP * CELL_HOPS)) * CELL_HOPS  # the window that begins the first whole cell
        heard = energies([piece[(first - 1) * _HOP - begins :]])
        count = min(len(heard), len(track) - first) // CELL_HOPS
        if count > 0:
            cell, windows = first // CELL_HOPS, count * CELL_HOPS
            told = _weights(_cells(heard[:windows]), _cells(track[first : first + windows]))
            self._weights[cell : cell + count] += told

    def score(self, key: bytes) -> float:
        """How well all of it fits the key; by chance 0 ± 1."""
        told = np.flatnonzero(self._weights.any(1))
        if not told.size:
            return 0.0
        weights = self._weights[told].astype(np.float64)
        signs = 2.0 * louder(key, told.tolist()) - 1
        return float((signs * weights).sum() / np.sqrt((weights**2).sum()))


def energies(sound: Iterable[Pcm]) -> Real:
    """The energy of each band in each window, the first of which begins with the sound, of shape (windows, BANDS)."""
    held, found = np.zeros(0, np.int16), [np.zeros((0, BANDS), np.float32)]
    for piece in sound:
        held = np.concatenate([held, piece])
        count = len(held) // _HOP - 1
        if count > 0:
            windows = np.lib.stride_tricks.sliding_window_view(held[: (count + 1) * _HOP], 2 * _HOP)[::_HOP]
            spectra = np.fft.rfft(windows * _WINDOW)[:, EDGES[0] : EDGES[-1]]
            found.append(np.add.reduceat(np.abs(spectra) ** 2, np.array(EDGES[:-1]) - EDGES[0], axis=1))
            held = held[count * _HOP :]
    return np.concatenate(found)


def _shape(found: Real) -> Real:
    """How loud it is in a few bands, as logarithms."""
    return np.add.reduceat(np.log10(found + _FLOOR), _COARSE, axis=1)


def _cells(found: Real) -> Cells:
    cells: Cells = found.reshape(-1, CELL_HOPS, BANDS).sum(1, dtype=np.float64)
    return cells + 1  # silence has a logarithm


def _weights(heard: Cells, stored: Cells) -> Real:
    """What each cell says for being louder, whatever the reason: to be added up with a key's signs.

    Room and loudspeaker are taken for a gain for each band, noise and an echo that dies away: the one that leaves the
    least to explain.
    """
    tried = []
    for echo in _ECHOES:
        expected = _echoed(stored, echo)
        rest, trust = _rest(heard, expected)
        tried.append(((trust * np.abs(rest)).sum() / trust.sum(), echo, rest, trust, expected))
    _, echo, rest, trust, expected = min(tried, key=lambda one: one[0])
    variance = (trust * rest**2).sum(0) / trust.sum(0) + _LEAST_VARIANCE
    # A cell is heard in its own place and, by its echo, in those behind it.
    told = trust * rest / variance / expected
    return (stored * _echoed(told[::-1], echo)[::-1]).astype(np.float32)


def _echoed(cells: Cells, echo: float) -> Cells:
    found: Cells = cells.copy()
    for at in range(1, len(found)) if echo else ():
        found[at] += echo * found[at - 1]
    return found


def _rest(heard: Cells, expected: Cells) -> tuple[Cells, Cells]:
    """By how many dB each cell is louder than expected, and how much of it is not noise, from 0 to 1."""
    difference = _db(heard) - _db(expected)
    loud = expected >= np.median(expected, 0)
    lifted = expected * 10 ** (np.nanmedian(np.where(loud, difference, np.nan), 0) / 10)
    faint = expected <= np.percentile(expected, 15, axis=0)
    noise = np.maximum(0, np.nanmedian(np.where(faint, heard - lifted, np.nan), 0)) + 1
    trust = lifted / (lifted + noise) + 1e-9
    rest = _db(heard) - _db(lifted + noise)
    for _ in range(2):
        clipped = trust * np.clip(rest, -_MOST_DB, _MOST_DB)
        rest = rest - clipped.sum(1, keepdims=True) / trust.sum(1, keepdims=True)  # of a recorder that levels
        clipped = trust * np.clip(rest, -_MOST_DB, _MOST_DB)
        rest = rest - _mean_around(clipped, _REACH) / _mean_around(trust, _REACH)
    return np.clip(rest, -_MOST_DB, _MOST_DB), trust


def _db(energy: Cells) -> Cells:
    return 10 * np.log10(energy)


def _mean_around(values: NDArray[np.floating], reach: int) -> Cells:
    """The mean over so many before and behind, as far as there are any."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0, np.float64)])
    at = np.arange(len(values))
    first, last = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(values))
    mean: Cells = (total[last] - total[first]) / (last - first)[:, None]
    return mean
