"""Whose microphone is spoken into now: by the level of whole microphones, of sound whose future is not known.

Plainer than diarise/channel.py, which decides for the transcript: a hop costs next to nothing, and text is revised.
"""

from collections import deque
from collections.abc import Mapping

import numpy as np

from transcribe.live.hops import HOP, HOP_SECONDS
from transcribe.speech import Pcm

MARGIN_DB = 5.0  # at most this far below the loudest microphone; bleed must be weaker than that
ABOVE_NOISE_DB = 6.0  # below this a hop is a pause
TRIM_DB = 4.0  # how far different gains of microphones are evened out by their noise floors
DYNAMICS_DB = 15.0  # speech stands out of the noise at least so far; a stretch without a pause has no other floor
QUIETEST_DB = -90.0  # digital silence counts as this, the rounding noise of 16 bit
_REMEMBERED = round(30 / HOP_SECONDS)  # hops by which a microphone's own noise is known
_SMOOTHING = 2  # hops: the levels are means over about 0.2 s


class Dominance:
    """Of a room with these microphones. `take` is called for every hop."""

    def __init__(self, tracks: tuple[str, ...]) -> None:
        self.tracks = tracks
        self._powers: deque[np.ndarray] = deque(maxlen=_SMOOTHING)
        self._levels: deque[np.ndarray] = deque(maxlen=_REMEMBERED)

    def take(self, pcm: Mapping[str, Pcm]) -> dict[str, bool]:
        """Which microphones are spoken into by their own person in this hop of HOP samples."""
        power = [np.square(pcm[one].astype(np.float64) / 32768.0).sum() / HOP for one in self.tracks]
        self._powers.append(np.array(power))
        level = 10 * np.log10(np.maximum(np.mean(self._powers, axis=0), 10 ** (QUIETEST_DB / 10)))
        self._levels.append(level)
        known = np.stack(self._levels)
        floors = np.array([_floor(known[:, number]) for number in range(len(self.tracks))])
        trimmed = level - np.clip(floors - np.median(floors), -TRIM_DB, TRIM_DB)
        own = (trimmed >= trimmed.max() - MARGIN_DB) & (level >= floors + ABOVE_NOISE_DB)
        return {track: bool(mine) for track, mine in zip(self.tracks, own, strict=True)}


def _floor(levels: np.ndarray) -> float:
    heard = levels[levels > QUIETEST_DB]
    if not heard.size:
        return QUIETEST_DB
    return min(float(np.percentile(heard, 5)), float(heard.max()) - DYNAMICS_DB)
