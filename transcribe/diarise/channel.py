"""The speaker is the person at the microphone whose own energy dominates.

A microphone also hears everyone else in the room, weaker by the way the sound travels (bleed, about -14 dB between
courtroom places). So in every 10 ms frame a microphone counts as spoken into only if it is well above its own noise
and not far below the loudest one. Two people speaking at once are about equally loud, each at their own microphone,
and both count.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

HOP = 160  # samples: 10 ms
SMOOTHING = 25  # frames: levels are means over 0.25 s, so that single sounds do not decide
MARGIN_DB = 5.0  # at most this far below the loudest microphone; bleed must be weaker than that
ABOVE_NOISE_DB = 6.0  # below this a frame is a pause
TRIM_DB = 4.0  # how far different gains of microphones are evened out by their noise floors
DYNAMICS_DB = 15.0  # speech stands out of the noise at least so far; a stretch without a pause has no other floor
QUIETEST_DB = -90.0  # digital silence counts as this, the rounding noise of 16 bit
BRIDGE_FRAMES = 40  # a dip this short does not end a turn
SHORTEST_FRAMES = 15  # a burst this short is no turn
EDGE_FRAMES = 20  # what is given back at either end, where speech fades into noise

_Levels = NDArray[np.float64]
_Mask = NDArray[np.bool_]


def dominant_channels(pcm: Mapping[str, Pcm], spans: Sequence[SpeechSpan]) -> list[SpeechSpan]:
    """The Diariser for rooms with a microphone per role; see the port for shapes and units."""
    tracks = sorted(pcm)
    frames = min((len(one) for one in pcm.values()), default=0) // HOP
    if not frames:
        return []
    levels = np.stack([_levels(pcm[track], frames) for track in tracks])
    floors = np.array([[_floor(one)] for one in levels])
    trimmed = levels - np.clip(floors - np.median(floors), -TRIM_DB, TRIM_DB)
    own = (trimmed >= trimmed.max(axis=0) - MARGIN_DB) & (levels >= floors + ABOVE_NOISE_DB)
    return sorted(
        (
            SpeechSpan(track, start * HOP / SAMPLE_RATE, end * HOP / SAMPLE_RATE)
            for track, mask in zip(tracks, own, strict=True)
            for span in spans
            if span.track == track
            for start, end in _turns(mask, round(span.start * SAMPLE_RATE / HOP), round(span.end * SAMPLE_RATE / HOP))
        ),
        key=lambda one: (one.start, one.track),
    )


def _levels(pcm: Pcm, frames: int) -> _Levels:
    """Smoothed level of each frame in dB of full scale."""
    power = np.square(pcm[: frames * HOP].astype(np.float64) / 32768.0).reshape(frames, HOP).mean(axis=1)
    smooth = np.convolve(np.pad(power, SMOOTHING // 2, mode="edge"), np.full(SMOOTHING, 1 / SMOOTHING), "valid")
    return np.asarray(10 * np.log10(np.maximum(smooth, 10 ** (QUIETEST_DB / 10))))


def _floor(levels: _Levels) -> float:
    """The microphone's own noise in dB. Digital zeros (nothing recorded there) say nothing about it."""
    heard = levels[levels > QUIETEST_DB]
    if not heard.size:
        return QUIETEST_DB
    return min(float(np.percentile(heard, 5)), float(heard.max()) - DYNAMICS_DB)


def _turns(own: _Mask, start: int, end: int) -> list[tuple[int, int]]:
    """Frame ranges within the speech span [start, end) that are the microphone's own, dips bridged."""
    end = min(end, len(own))
    runs: list[tuple[int, int]] = []
    at = start
    for mine, group in groupby(own[start:end]):
        length = sum(1 for _ in group)
        if mine:
            if runs and at - runs[-1][1] <= BRIDGE_FRAMES:
                runs[-1] = (runs[-1][0], at + length)
            else:
                runs.append((at, at + length))
        at += length
    return [(max(start, a - EDGE_FRAMES), min(end, b + EDGE_FRAMES)) for a, b in runs if b - a >= SHORTEST_FRAMES]
