"""The speaker is the person at the microphone that hears the voice loudest, frequency by frequency.

A microphone also hears everyone else in the room, weaker by the way the sound travels (bleed, −6 to −20 dB between
places in a court-room), and the room's tail of what was just said. Speech is sparse: of two people who speak at once
each fills other frequencies at other moments, and in each of these one microphone is the loudest. So bleed never
leads anywhere, and somebody who speaks leads somewhere, however loud the others are. In every 16 ms frame a
microphone counts as spoken into if it leads in enough of what it hears, well above its own noise. Whether that was
speech the detector is asked, only there: it costs more than everything here, and most microphones hear others.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from transcribe.diarise.port import Detector
from transcribe.speech import SAMPLE_RATE, Pcm, SpeechSpan

HOP = 256  # samples: 16 ms
FRAME = 512  # samples: 32 ms, a line of the spectrum per 31 Hz
LINES = slice(9, 121)  # 280 to 3 780 Hz: speech without the rumble of a room
LINES_PER_BAND = 2
AT_ONCE = 64  # frames whose spectrum is taken together: they stay in the processor's cache
BRIEF = 3  # frames: a band's power is a mean over so many, since that of a single frame is mostly chance
SMOOTHING = 15  # frames: decisions are over a quarter of a second, so that single sounds do not decide
DECAY_DB = 1.28  # per frame: how fast a room may forget; 60 dB in 0.75 s
BEGINS = 0.55  # of what a microphone hears it must lead in, for a turn to begin: bleed in a hard room seldom does
GOES_ON = 0.3  # and to go on: less than this are other people, however many
ABOVE_NOISE = 2.0  # times the noise; below this a frame is a pause
BAND_ABOVE_NOISE = 4.0  # times the noise of its band; below this a band is noise
QUIETEST = 1e-9  # what digital silence counts as: below the rounding noise of 16 bit in a band
TINIEST = 1e-30  # a power that has a logarithm
QUIET_PART = 15  # percent of the frames in which a band is taken to hold noise only
QUIET_TO_MEAN = 2.0  # times that percentile is the mean of the noise's power
DYNAMICS = 10.0  # times its noise is the loudest that a microphone hears; speech without a pause shows no noise
TRIM = 2.5  # times (4 dB), up to which different gains of microphones are evened out by their noise
BRIDGE_FRAMES = 25  # 0.4 s: a dip this short does not end a turn
SHORTEST_FRAMES = 9  # 0.14 s: a burst this short is no turn
SUREST_FRAMES = 6  # 0.1 s: so long in all a run must be such as begins a turn
EDGE_FRAMES = 6  # 0.1 s: what is given back at either end, where speech fades into noise
AUDIBLE = 1e-3  # of its loud frames' power (−30 dB) a voice has where it is heard to begin and to end
LOUD_PART = 95  # percent of a turn's frames are not louder than its loud ones
AROUND_FRAMES = 45  # 0.72 s before and after a run that the detector hears as well: it has to come to itself

_Array = NDArray[np.float32]
_Mask = NDArray[np.bool_]


def dominant_channels(pcm: Mapping[str, Pcm], detect: Detector) -> list[SpeechSpan]:
    """The Diariser for rooms with a microphone per role; see the port for shapes and units."""
    begins, goes_on, power = _own(pcm)
    return sorted(
        (
            SpeechSpan(track, _seconds(start), _seconds(end), 0, *_faint(power[row, start:end]))
            for row, track in enumerate(sorted(pcm))
            for first, last in _stretches(begins[row], goes_on[row])
            for span in detect(track, pcm[track], _seconds(first), _seconds(last))
            for start, end in _turns(begins[row], goes_on[row], _frame(span.start), _frame(span.end))
        ),
        key=lambda one: (one.start, one.track),
    )


def _own(pcm: Mapping[str, Pcm]) -> tuple[_Mask, _Mask, _Array]:
    """Per microphone (row, in order of the tracks' names) and frame: such as begins its own turn, such as goes on, and
    the power of what it leads in."""
    frames = min((len(one) for one in pcm.values()), default=0) // HOP
    if not frames:
        nothing = np.zeros((len(pcm), 0), np.bool_)
        return nothing, nothing, nothing.astype(np.float32)
    power = np.stack([_bands(pcm[track], frames) for track in sorted(pcm)])
    noise = np.stack([_noise(one) for one in power])
    sounding = np.where(power > BAND_ABOVE_NOISE * noise, power - noise, 0)
    heard = _mean(sounding.sum(axis=2), SMOOTHING)
    leading = np.where(_leads(power, noise), sounding, 0).sum(axis=2)
    led = _mean(leading, SMOOTHING)
    loud = led > ABOVE_NOISE * noise.sum(axis=2)
    return loud & (led > BEGINS * heard), loud & (led > GOES_ON * heard), leading


def _bands(pcm: Pcm, frames: int) -> _Array:
    """Power of each frame (row) in each band (column); full scale is 1."""
    around = (FRAME - HOP) // 2
    padded = np.pad(pcm[: frames * HOP].astype(np.float32) / 32768, (around, FRAME - HOP - around))
    framed = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    window = np.hanning(FRAME)
    window = (window / np.sqrt(FRAME * np.sum(window**2))).astype(np.float32)
    bands = np.concatenate([_power(framed[at : at + AT_ONCE] * window) for at in range(0, frames, AT_ONCE)])
    edged = np.pad(bands, ((BRIEF // 2, BRIEF // 2), (0, 0)), mode="edge")
    return np.asarray(np.sum([edged[at : at + frames] for at in range(BRIEF)], axis=0) / BRIEF, np.float32)


def _power(framed: _Array) -> _Array:
    spectrum = np.ascontiguousarray(np.fft.rfft(framed, axis=1)[:, LINES])
    parts = spectrum.view(np.float32).reshape(len(framed), -1, 2 * LINES_PER_BAND)
    return np.asarray(np.einsum("fbp,fbp->fb", parts, parts) / LINES_PER_BAND, np.float32)


def _noise(power: _Array) -> _Array:
    """The microphone's own noise in each band, as one row. Digital zeros (nothing recorded there) say nothing of it."""
    recorded = power[power.sum(axis=1) > QUIETEST]
    if not recorded.size:
        return np.full((1, power.shape[1]), QUIETEST, np.float32)
    quiet = np.percentile(recorded[::BRIEF], QUIET_PART, axis=0, keepdims=True) * QUIET_TO_MEAN
    most = _mean(recorded.sum(axis=1)[None], SMOOTHING).max() / DYNAMICS
    return np.asarray(np.maximum(quiet * min(1.0, most / max(quiet.sum(), QUIETEST)), QUIETEST), np.float32)


def _leads(power: _Array, noise: _Array) -> _Mask:
    """Where a microphone is louder than every other is, or was until just before as the room still remembers."""
    loudness = noise.sum(axis=2, keepdims=True)
    even = power / np.clip(loudness / np.median(loudness), 1 / TRIM, TRIM)
    forgetting = np.arange(power.shape[1], dtype=np.float32)[:, None] * np.float32(DECAY_DB / 10 * np.log2(10))
    rising = np.log2(np.maximum(even, TINIEST), dtype=np.float32) + forgetting
    remembered = np.maximum.accumulate(rising, axis=1)
    others = (np.delete(remembered, row, axis=0).max(axis=0, initial=-np.inf) for row in range(len(even)))
    return np.stack([one > other for one, other in zip(rising, others, strict=True)])


def _mean(rows: _Array, length: int) -> _Array:
    """Each row's running mean over `length` columns, an odd number; the edges go on as they are."""
    around = length // 2
    sums = np.cumsum(np.pad(rows, ((0, 0), (around + 1, around)), mode="edge"), axis=1, dtype=np.float64)
    return np.asarray((sums[:, length:] - sums[:, :-length]) / length, np.float32)


def _stretches(begins: _Mask, goes_on: _Mask) -> list[tuple[int, int]]:
    """Frame ranges in which the microphone may have turns: around every run that is sure enough for one."""
    runs = _runs(begins, goes_on, 0, len(goes_on), bridged=2 * AROUND_FRAMES)
    return [(max(0, a - AROUND_FRAMES), min(len(goes_on), b + AROUND_FRAMES)) for a, b in runs]


def _turns(begins: _Mask, goes_on: _Mask, start: int, end: int) -> list[tuple[int, int]]:
    """Frame ranges within [start, end), where there is speech, that are the microphone's own; dips bridged."""
    end = min(end, len(goes_on))
    runs = _runs(begins, goes_on, start, end, bridged=BRIDGE_FRAMES)
    return [(max(start, a - EDGE_FRAMES), min(end, b + EDGE_FRAMES)) for a, b in runs if b - a >= SHORTEST_FRAMES]


def _faint(power: _Array) -> tuple[float, float]:
    """For how many seconds at its beginning and at its end a turn's voice is not heard yet, and no more."""
    heard = np.flatnonzero(power > AUDIBLE * np.percentile(power, LOUD_PART))
    return (_seconds(int(heard[0])), _seconds(len(power) - 1 - int(heard[-1]))) if heard.size else (0.0, 0.0)


def _runs(begins: _Mask, goes_on: _Mask, start: int, end: int, bridged: int) -> list[tuple[int, int]]:
    """Frame ranges within [start, end) that go on and that hold a beginning; a gap of `bridged` frames is no end."""
    edges = np.flatnonzero(np.diff(goes_on[start:end], prepend=False, append=False)) + start
    runs: list[tuple[int, int]] = []
    for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if begins[a:b].sum() < SUREST_FRAMES:
            continue
        if runs and a - runs[-1][1] <= bridged:
            runs[-1] = (runs[-1][0], b)
        else:
            runs.append((a, b))
    return runs


def _seconds(frame: int) -> float:
    return frame * HOP / SAMPLE_RATE


def _frame(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / HOP)
