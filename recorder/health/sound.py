"""Grades what the microphones gave in a self-test. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from court.grade import Grade
from court.health import Finding, Symptom
from hardware.devices import AUDIO_RATE, Pcm
from hardware.levels import Level, measure
from hardware.sound_measures import Likeness, clipped, hum, likeness
from recorder.health.prompts import Spoken

CLIPPED_AMBER, CLIPPED_RED = 1e-4, 1e-2
"""Shares of the samples of a test: 3 ms of it are a knock on the table, a hundredth distorts what is said."""

HUM_AMBER, HUM_RED = -60.0, -45.0
"""dBFS: speech recorded at -30 is disturbed by a hum 30 dB below it, and hard to follow 15 dB above it."""

QUIET_AMBER = -45.0
"""dBFS of a voice into its microphone: 16 bits leave 30 dB to the noise of a room at -75; less is gain turned down."""

LIKE = 0.95
"""Share at which two channels are one. Copies at another gain give 0.99 and more; the sample hearings, whose
microphones hear each other without any echo of a room, give 0.88."""

CROSSED_DB = 6.0
"""A voice is so much louder in its own microphone than in any other, by twice the distance at least."""

_COMPARED = 3 * AUDIO_RATE
_BLOCK = AUDIO_RATE // 10


@dataclass(slots=True)
class Listened:
    """All that a microphone gave, in blocks of 0.1 s; zeros where it gave nothing. `lost`: the device's own words on
    why it gives nothing now."""

    track: str
    blocks: list[Pcm] = field(default_factory=list)
    lost: str = ""

    @property
    def pcm(self) -> Pcm:
        return np.concatenate(self.blocks) if self.blocks else np.zeros(0, np.int16)


def sound_findings(listened: Sequence[Listened], quiet_blocks: int, spoken: Mapping[str, Spoken]) -> Iterator[Finding]:
    """A finding or more for every microphone. `spoken` is by the microphone that was spoken into; the first
    `quiet_blocks` of each were heard in quiet."""
    there = {one.track: one for one in listened if not one.lost and not measure(one.pcm).digital_zero}
    pairs = {pair: _alike(*(there[one] for one in pair)) for pair in combinations(there, 2)}
    twins = {pair: like for pair, like in pairs.items() if like.share >= LIKE}
    paired = {track for pair in twins for track in pair}
    stray = {track: other for track in there if track not in paired and (other := _stray(track, spoken))}
    for one in listened:
        yield from _found(one, quiet_blocks, spoken.get(one.track, Spoken()), twins, stray)


def _found(
    one: Listened,
    quiet_blocks: int,
    spoken: Spoken,
    twins: Mapping[tuple[str, str], Likeness],
    stray: Mapping[str, str],
) -> Iterator[Finding]:
    track = one.track
    if one.lost:
        yield Finding(Symptom.MICROPHONE_LOST, Grade.RED, track, {"log": one.lost})
        return
    pcm = one.pcm
    if measure(pcm).digital_zero:
        yield Finding(Symptom.NO_SIGNAL, Grade.RED, track, {})
        return
    wrong = [*_place(track, twins, stray), *_quality(pcm, pcm[: quiet_blocks * _BLOCK], track)]
    level = spoken.level(track)
    if not any(found.symptom in (Symptom.DUPLICATED, Symptom.SWAPPED, Symptom.ELSEWHERE) for found in wrong):
        if not spoken.samples:
            wrong.append(Finding(Symptom.NOT_HEARD, Grade.RED, track, {}))
        elif level < QUIET_AMBER:
            wrong.append(Finding(Symptom.TOO_QUIET, Grade.AMBER, track, {"level_db": round(level)}))
    yield from wrong or [Finding(Symptom.HEARD, Grade.GREEN, track, {"level_db": round(level)})]


def _place(track: str, twins: Mapping[tuple[str, str], Likeness], stray: Mapping[str, str]) -> Iterator[Finding]:
    """What is wrong with where this microphone's sound comes from; of a pair both are told."""
    for pair, like in twins.items():
        if track in pair:
            (other,) = (one for one in pair if one != track)
            values: dict[str, int | str] = {
                "other": other,
                "share": round(100 * like.share),
                "lag_ms": round(1000 * abs(like.lag)),
            }
            yield Finding(Symptom.DUPLICATED, Grade.RED, track, values)
    other = stray.get(track, "")
    if other:
        symptom = Symptom.SWAPPED if stray.get(other) == track else Symptom.ELSEWHERE
        yield Finding(symptom, Grade.RED, track, {"other": other})


def _quality(pcm: Pcm, quiet: Pcm, track: str) -> Iterator[Finding]:
    share = clipped(pcm)
    if share >= CLIPPED_AMBER:
        grade = Grade.RED if share >= CLIPPED_RED else Grade.AMBER
        yield Finding(Symptom.CLIPPING, grade, track, {"per_mille": max(1, round(1000 * share))})
    humming = hum(quiet)
    if humming is not None and humming >= HUM_AMBER:
        grade = Grade.RED if humming >= HUM_RED else Grade.AMBER
        yield Finding(Symptom.HUM, grade, track, {"level_db": round(humming)})


def _stray(track: str, spoken: Mapping[str, Spoken]) -> str:
    """The microphone that heard who spoke into `track`, if that was another; ''."""
    found = spoken.get(track)
    if found is None or not found.samples:
        return ""
    loudest = max(found.power, key=lambda one: found.power[one])
    return loudest if found.level(loudest) - found.level(track) >= CROSSED_DB else ""


def _alike(first: Listened, second: Listened) -> Likeness:
    """Compared where both are loudest: in quiet each has its own noise, though both be one microphone."""
    count = min(len(first.blocks), len(second.blocks))
    whole = [np.concatenate(one.blocks[:count]) for one in (first, second)]
    each = [np.array([_power(one[at : at + _BLOCK]) for at in range(0, len(one), _BLOCK)]) for one in whole]
    sums = np.concatenate([[0.0], np.cumsum(np.minimum(*each))])
    span = min(_COMPARED // _BLOCK, len(sums) - 1)
    best = int(np.argmax(sums[span:] - sums[: len(sums) - span])) * _BLOCK
    cut = [one[best : best + _COMPARED] for one in whole]
    return likeness(cut[0], cut[1])


def _power(pcm: Pcm) -> float:
    level: Level = measure(pcm)
    return level.power
