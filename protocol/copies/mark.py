"""An inaudible mark in the sound of a copy, by which the sound alone tells whose copy it was. Pure.

Sound is divided into cells, 80 ms long and some hundred hertz wide. Each is made louder or softer by STEP_DB; which of
both, a key says that is drawn for the copy alone. `protocol.copies.trace` looks for it.
"""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from hardware.devices import AUDIO_RATE, Pcm

KEY_BYTES = 32
STEP_DB = 0.7
HOPS_PER_SECOND = 62.5  # a window is two hops, and begins a hop after the one before
CELL_HOPS = 5
EDGES = (10, 15, 20, 25, 30, 35, 40, 46, 52, 58, 65, 72, 80, 88, 97, 107, 118, 130, 143, 157, 173, 192)
"""Where the bands begin and the last one ends, in steps of 31.25 Hz: from 312 Hz, as telephones do, to 6 kHz."""
BANDS = len(EDGES) - 1

Real = NDArray[np.float32]

_HOP = round(AUDIO_RATE / HOPS_PER_SECOND)
_BYTES = -(-BANDS // 8)
_AT_ONCE = CELL_HOPS * 125  # windows: ten seconds
_STEP = _AT_ONCE * _HOP
_FACTORS = 10 ** (np.array([-STEP_DB, STEP_DB], np.float32) / 20) - 1
_LIMITS = np.iinfo(np.int16)


def sine_window(hop: int) -> Real:
    """Two hops long: its square and that of the next one add up to one."""
    return np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)


def louder(key: bytes, cells: Iterable[int]) -> NDArray[np.uint8]:
    """1 where the key has these cells of the hearing louder, 0 where softer, of shape (cells, BANDS)."""
    drawn = b"".join(hashlib.shake_256(key + one.to_bytes(8)).digest(_BYTES) for one in cells)
    return np.unpackbits(np.frombuffer(drawn, np.uint8).reshape(-1, _BYTES), axis=1, count=BANDS)


def marked(sound: Iterable[Pcm], key: bytes) -> Iterator[Pcm]:
    """The samples of `sound`, which begins with the hearing, bearing the mark: as many, in pieces of other lengths.

    A silent sample stays silent, and a loud one does not overflow.
    """
    held, number = np.zeros(_HOP, np.int16), 0  # a hop on both sides of what is marked at once
    for piece in sound:
        held = np.concatenate([held, piece])
        while len(held) >= _STEP + 2 * _HOP:
            yield _marked(held[: _STEP + 2 * _HOP], number, key)
            held, number = held[_STEP:], number + 1
    rest = len(held) - _HOP
    held = np.concatenate([held, np.zeros(2 * _STEP, np.int16)])
    for at in range(0, rest, _STEP):
        yield _marked(held[at : at + _STEP + 2 * _HOP], number + at // _STEP, key)[: rest - at]


def _marked(pcm: Pcm, number: int, key: bytes) -> Pcm:
    """Those between the first and the last hop."""
    windows = np.lib.stride_tricks.sliding_window_view(pcm.astype(np.float32), 2 * _HOP)[::_HOP]
    spectra = np.fft.rfft(windows * _WINDOW)
    first = number * _AT_ONCE // CELL_HOPS
    cells = range(first, first + _AT_ONCE // CELL_HOPS + 1)
    factors = _FACTORS[louder(key, cells)].repeat(CELL_HOPS, 0)[: len(spectra)]
    added = np.zeros_like(spectra)
    added[:, EDGES[0] : EDGES[-1]] = spectra[:, EDGES[0] : EDGES[-1]] * factors.repeat(np.diff(EDGES), 1)
    parts = np.fft.irfft(added, 2 * _HOP) * _WINDOW
    own = pcm[_HOP:-_HOP]
    whole = np.rint(own + (parts[:-1, _HOP:] + parts[1:, :_HOP]).reshape(-1))
    return np.where(own == 0, 0, np.clip(whole, _LIMITS.min, _LIMITS.max)).astype(np.int16)


_WINDOW = sine_window(_HOP)
