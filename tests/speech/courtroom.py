"""A court-room of four people, each at a microphone, in made worse acoustics: exact speaker times for every variant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tests.speech.clip import Clip
from tests.speech.composite import Composite, Line, compose
from tests.speech.sources import asterisk_ru, festvox_ru, pyannote_sample
from tools.sample_hearing import mix
from tools.sample_hearing.timeline import Slot, seconds

SEATS = ("judge", "secretary", "claimant", "respondent")
OVERLAPPED_TURNS = 0.6
"""Of all turns when people interrupt each other; each by up to MOST_OVERLAP seconds: about a tenth of the speech."""
MOST_OVERLAP = 1.2
SHORTEST = 1.0
"""Seconds a piece of the telephone call must last to be a turn."""

VARIANTS: Mapping[str, mix.Acoustics] = {
    "bleed −14 dB": mix.Acoustics(),
    "bleed −10 dB": mix.Acoustics(bleed_db=-10.0),
    "bleed −6 dB": mix.Acoustics(bleed_db=-6.0),
    "reverberation 0.6 s": mix.Acoustics(rt60=0.6),
    "noise 20 dB": mix.Acoustics(noise_dbfs=-44.0),
    "noise 10 dB": mix.Acoustics(noise_dbfs=-34.0),
    "noise 5 dB": mix.Acoustics(noise_dbfs=-29.0),
    "all of it": mix.Acoustics(bleed_db=-6.0, rt60=0.6, noise_dbfs=-44.0),
}
"""Rooms by name; noise by its distance to the speech at its own microphone."""


def callers() -> dict[str, list[Clip]]:
    """What each of the two women of pyannote's telephone call says while the other is silent, as clips."""
    call = pyannote_sample()
    found: dict[str, list[Clip]] = {}
    for number, (speaker, begins, ends) in enumerate(call.speech):
        others = [one for one in call.speech if one[0] != speaker and one[1] < ends and one[2] > begins]
        start = max([begins, *(until for _, since, until in others if since <= begins)])
        end = min([ends, *(since for _, since, _ in others if since > start)])
        if end - start >= SHORTEST:
            pcm = call.pcm[seconds(start) : seconds(end)]
            speech = tuple((speaker, a / mix.RATE, b / mix.RATE) for a, b in mix.speech_spans(mix.to_signal(pcm)))
            found.setdefault(speaker, []).append(Clip(f"{call.name}-{number}", pcm, "", speech))
    return found


def people(count: int, seed: int) -> dict[str, list[Clip]]:
    """``count`` clips of each of four people by their seats: a man, and three women. Raises SpeechMissing."""
    first, second = callers().values()
    return {
        "judge": festvox_ru(count, seed),
        "secretary": asterisk_ru(count, seed),
        "claimant": [first[number % len(first)] for number in range(count)],
        "respondent": [second[number % len(second)] for number in range(count)],
    }


def court_room(
    name: str, acoustics: mix.Acoustics, turns: int = 8, seed: int = 0, *, overlapping: bool = False
) -> Composite:
    """``turns`` of each of the four, in a random order that is the same for the same seed, nobody twice in a row."""
    rng = np.random.default_rng(seed)
    clips = people(turns, seed)
    lines = [Line(role, clip) for role, clip in _order(clips, rng)]
    if overlapping:
        lines = [_interrupting(before, one, rng) for before, one in zip([None, *lines], lines, strict=False)]
    return compose(name, SEATS, lines, seed, acoustics)


def _order(clips: Mapping[str, Sequence[Clip]], rng: np.random.Generator) -> list[tuple[str, Clip]]:
    rounds = max(len(one) for one in clips.values())
    order: list[tuple[str, Clip]] = []
    for number in range(rounds):
        roles = [str(one) for one in rng.permutation(list(clips))]
        if order and roles[0] == order[-1][0]:
            roles.reverse()
        order += [(role, clips[role][number]) for role in roles]
    return order


def _interrupting(before: Line | None, one: Line, rng: np.random.Generator) -> Line:
    if before is None or rng.random() >= OVERLAPPED_TURNS:
        return one
    # Silence around a clip is cut off before it is placed, so stay well below its length.
    most = min(MOST_OVERLAP, 0.4 * before.clip.seconds, 0.4 * one.clip.seconds)
    return replace(one, slot=Slot(overlap=float(rng.uniform(0.4, 1.0)) * most))
