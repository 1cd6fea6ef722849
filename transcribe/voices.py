"""Voice 1 of a microphone is the same person all through the hearing, and bears the name that the court gave.

A window's voices go to the clusters that stand, in the transaction that stores its text. Clustering all prints of the
hearing anew (`settle`) costs more, so it is done beside that: whenever there are a tenth more of them, when a name is
given, and before a draft. Numbers then depend on what was heard and named, and not on the order in which windows were
transcribed; and what a longer hearing tells better is told better for its beginning too.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from court.hearing import HearingState
from court.people import CourtRole
from court.spare import clock_offset, counterpart
from storage.db.models import Hearing, VoicePrint
from storage.db.unit_of_work import Database, UnitOfWork
from storage.db.voices import Heard, Seen
from transcribe.diarise.cluster import Sample, cluster, joined_to
from transcribe.diarise.shared import Voice
from transcribe.speech import Utterance, role_of

ENOUGH = 3.0
"""Seconds; a voice heard for less in a window is nobody new, but the person it is most like."""
FEW = 64
"""So many prints are clustered anew with every window: that takes a few milliseconds."""
GROWTH = 1.1
"""Times as many prints are a reason to cluster more than FEW anew."""
TRIES = 5
"""Times that clustering begins again because more was heard or named meanwhile."""


def people_at(work: UnitOfWork, hearing: Hearing) -> dict[str, tuple[str, ...]]:
    """Who may be heard at each of the hearing's microphones, or at that of a spare recording which stands in for it, by
    the hearing's card: those of its role who are present. At a room's only microphone that is everybody.
    """
    first, *spares = work.hearings.together(hearing)
    found: dict[str, tuple[str, ...]] = {}
    for recording in (first, *spares):
        people = _heard_by(recording, first.card)
        for own, seat in _seats(first, recording).items():
            found[seat] = tuple(dict.fromkeys((*found.get(seat, ()), *people[own])))
    return found


def shared(work: UnitOfWork, recording: Hearing) -> dict[str, int]:
    """The recording's own microphones at which several people may be heard, and how many."""
    first = work.hearings.together(recording)[0]
    return {track: len(names) for track, names in _heard_by(recording, first.card).items() if len(names) > 1}


def _heard_by(recording: Hearing, card: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    people = [(one["role"], one["name"]) for one in card.get("participants", ()) if one["present"]]
    for role in (CourtRole.JUDGE, CourtRole.SECRETARY):
        if card.get(role) and all(one != role for one, _ in people):
            people.append((role.value, card[role]))
    tracks = recording.microphones
    return {
        track: tuple(dict.fromkeys(name for role, name in people if len(tracks) == 1 or role == role_of(track)))
        for track in tracks
    }


def _seats(first: Hearing, recording: Hearing) -> dict[str, str]:
    """The first recording's microphone that each of the recording's own stands in for; itself where that is none."""
    found = {track: track for track in recording.microphones}
    if recording is not first:
        heard = [one for one in first.tracks if one["track"] in first.microphones]
        stands_in = [(counterpart(one, recording.tracks), one["track"]) for one in heard]
        found |= {own: track for own, track in reversed(stands_in) if own is not None}
    return found


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """A voice that said something in a window, `start` seconds after the recording's beginning for the first time."""

    voice: Voice
    start: float

    @property
    def place(self) -> tuple[str, int]:
        """Microphone, and number of the voice in the window."""
        return self.voice.track, self.voice.number


def heard(voices: Sequence[Voice], said: Sequence[Utterance]) -> list[HeardVoice]:
    """Those of the window's voices that have an utterance."""
    starts: dict[tuple[str, int], float] = {}
    for one in said:
        place = one.track, one.voice
        starts[place] = min(one.start, starts.get(place, one.start))
    return [HeardVoice(one, starts[one.track, one.number]) for one in voices if (one.track, one.number) in starts]


def keep(work: UnitOfWork, recording: Hearing, sequence: int, voices: Sequence[HeardVoice], model: str) -> bool:
    """Keeps a window's voices, each with the number of who it is most like; of a destroyed recording none.

    True where it is time to `settle` them, once this transaction is over.
    """
    if not voices or recording.state == HearingState.DESTROYED:
        return False
    first, before = work.hearings.together(recording)[0], work.voices.seen(recording.id).prints
    seats = _seats(first, recording)
    for one in voices:
        row = VoicePrint(
            hearing_id=recording.id,
            track=seats.get(one.voice.track, one.voice.track),
            label=one.voice.label,
            sequence=sequence,
            start_ms=round((one.start + _later(work, first, recording, one.start)) * 1000),
            speech_ms=round(one.voice.seconds * 1000),
            model=model,
            voice=0,
        )
        work.voices.add(row, one.voice.vector.astype("<f4").tobytes())
    prints = work.voices.heard(recording.id)
    work.voices.number(placed(prints, _rules(work, first)))
    return len(prints) <= FEW or _magnitude(before) < _magnitude(len(prints))


def _later(work: UnitOfWork, first: Hearing, recording: Hearing, at: float) -> float:
    """By how many seconds the hearing's timeline is ahead of the recording's."""
    if recording is first:
        return 0.0
    offset = clock_offset(work.hearings.marks(first.id), work.hearings.marks(recording.id), at)
    return offset.seconds if offset is not None else 0.0


def _magnitude(prints: int) -> int:
    return int(math.log(max(prints, 1), GROWTH))


def settle(database: Database, hearing_id: str) -> None:
    """Gives every voice print of the hearing the number of its person, in the order in which they were first heard.

    Nobody waits for it: all prints are clustered as one moment knew them, and where more was heard, named or deleted
    meanwhile, again. After TRIES times the numbers stay as they are until somebody settles them again.
    """
    for _ in range(TRIES):
        with database.read() as work:
            hearing, prints = work.hearings.get(hearing_id), work.voices.heard(hearing_id)
            if hearing is None or not prints:
                return
            seen = work.voices.seen(hearing_id)
            names, rules = work.voices.names(hearing_id), _rules(work, hearing)
        numbers = numbered(prints, names, rules)
        changed = {one.id: numbers[one.id] for one in prints if one.voice != numbers[one.id]}
        if not changed or _written(database, hearing_id, seen, changed):
            return


def _written(database: Database, hearing_id: str, seen: Seen, numbers: Mapping[int, int]) -> bool:
    """Whether they still hold, and now stand there."""
    with database.begin() as work:
        for recording in sorted(work.voices.recordings(hearing_id)):  # in the order in which every writer takes them
            work.hearings.lock(recording)
        if work.voices.seen(hearing_id) != seen:
            return False
        work.voices.number(numbers)
        return True


@dataclass(frozen=True, slots=True)
class Rules:
    """By microphone: the `most` people there are, and how many numbers are `taken` by whom nobody can be compared with
    any more."""

    most: Mapping[str, int]
    taken: Mapping[str, int]


def _rules(work: UnitOfWork, hearing: Hearing) -> Rules:
    people = people_at(work, hearing)
    return Rules({track: len(names) for track, names in people.items()}, work.voices.lost(hearing.id))


def placed(prints: Sequence[Heard], rules: Rules) -> dict[int, int]:
    """The numbers of those that have none yet, by id, with all others as they are."""
    found: dict[int, int] = {}
    for track, models in _apart(prints).items():
        used = max(rules.taken.get(track, 0), *(one.voice for one in prints if one.track == track))
        for own in models:
            fresh = [one for one in own if not one.voice]
            standing = [(_sample(one), one.voice) for one in own if one.voice]
            groups = joined_to(standing, [_sample(one) for one in fresh], rules.most.get(track, 1), ENOUGH, used + 1)
            found |= {one.id: group for one, group in zip(fresh, groups, strict=True)}
            used = max(used, *groups, 0)
    return found


def numbered(prints: Sequence[Heard], names: Mapping[str, str], rules: Rules) -> dict[int, int]:
    """The number of every print, by id, with the `names` by label.

    Prints of different models cannot be compared: those of a later model are numbered behind those of an earlier one.
    """
    found: dict[int, int] = {}
    for track, models in _apart(prints).items():
        given = rules.taken.get(track, 0)
        for own in models:
            samples = [_sample(one, names.get(one.label, "")) for one in own]
            groups = cluster(samples, rules.most.get(track, 1), ENOUGH)
            found |= {one.id: given + group + 1 for one, group in zip(own, groups, strict=True)}
            given += max(groups) + 1
    return found


def _apart(prints: Sequence[Heard]) -> dict[str, list[list[Heard]]]:
    """By microphone, and there by model in the order in which these were used."""
    found: dict[str, dict[str, list[Heard]]] = {}
    for one in prints:
        found.setdefault(one.track, {}).setdefault(one.model, []).append(one)
    return {
        track: sorted(models.values(), key=lambda own: min(one.id for one in own)) for track, models in found.items()
    }


def _sample(one: Heard, name: str = "") -> Sample:
    return Sample(np.frombuffer(one.vector, "<f4"), one.speech_ms / 1000, name)
