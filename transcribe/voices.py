"""Voice 1 of a microphone is the same person all through the hearing, and bears the name that the court gave.

All prints of the hearing are clustered anew, with what was named, whenever one comes or a name is given. So the
numbers depend on what was heard and named, and not on the order in which windows were transcribed; and what a longer
hearing tells better is told better for its beginning too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from court.people import CourtRole
from storage.db.models import Hearing, VoicePrint
from storage.db.unit_of_work import UnitOfWork
from transcribe.diarise.cluster import Sample, cluster
from transcribe.diarise.shared import Voice
from transcribe.speech import Utterance, role_of

ENOUGH = 3.0
"""Seconds; a voice heard for less in a window is nobody new, but the person it is most like."""


def people_at(hearing: Hearing) -> dict[str, tuple[str, ...]]:
    """Who may be heard at each microphone, by the hearing's card: those of its role who are present.

    At a room's only microphone that is everybody. Of a spare recording nothing is known: its voices are not told apart.
    """
    tracks = [one["track"] for one in hearing.tracks if one["kind"] == "audio" and not one["derived"]]
    if hearing.spare_of is not None:
        return dict.fromkeys(tracks, ())
    card = hearing.card
    people = [(one["role"], one["name"]) for one in card.get("participants", ()) if one["present"]]
    for role in (CourtRole.JUDGE, CourtRole.SECRETARY):
        if card.get(role) and all(one != role for one, _ in people):
            people.append((role.value, card[role]))
    return {
        track: tuple(dict.fromkeys(name for role, name in people if len(tracks) == 1 or role == role_of(track)))
        for track in tracks
    }


def shared(hearing: Hearing) -> dict[str, int]:
    """The microphones at which several people may be heard, and how many."""
    return {track: len(names) for track, names in people_at(hearing).items() if len(names) > 1}


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """A voice that said something in a window, `start` seconds after the hearing's beginning for the first time."""

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


def keep(work: UnitOfWork, hearing: Hearing, sequence: int, voices: Sequence[HeardVoice], model: str) -> None:
    """Keeps a window's voices and numbers the hearing's anew."""
    for one in voices:
        work.voices.add(
            VoicePrint(
                hearing_id=hearing.id,
                track=one.voice.track,
                label=one.voice.label,
                sequence=sequence,
                start_ms=round(one.start * 1000),
                speech_ms=round(one.voice.seconds * 1000),
                model=model,
                vector=one.voice.vector.astype("<f4").tobytes(),
                voice=0,
            )
        )
    if voices:
        number(work, hearing)


def number(work: UnitOfWork, hearing: Hearing) -> None:
    """Gives every voice print of the hearing the number of its person, in the order in which they were first heard.

    Prints of different models cannot be compared: those of a later model are numbered behind those of an earlier one.
    """
    names, most = work.voices.names(hearing.id), shared(hearing)
    rows: dict[str, dict[str, list[tuple[VoicePrint, Sample]]]] = {}
    for row in work.voices.of(hearing.id):
        if row.vector is not None:
            sample = Sample(np.frombuffer(row.vector, "<f4"), row.speech_ms / 1000, names.get(row.label, ""))
            rows.setdefault(row.track, {}).setdefault(row.model, []).append((row, sample))
    for track, models in rows.items():
        given = 0
        for _, prints in sorted(models.items(), key=lambda item: min(row.id for row, _ in item[1])):
            found = cluster([sample for _, sample in prints], most.get(track, 1), ENOUGH)
            for (row, _), group in zip(prints, found, strict=True):
                row.voice = given + group + 1
            given += max(found) + 1
