"""Windows in which people at one microphone are heard, kept as a worker keeps them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import select

from storage.db.models import VoiceVector
from tests.factories.hearing_log import HEARING
from tests.factories.server import Server
from transcribe.diarise.embedding import Vector, unit
from transcribe.diarise.shared import Voice
from transcribe.records import rows_of
from transcribe.speech import Utterance, Word
from transcribe.voices import heard, keep, settle

MICROPHONE = "mic-judge"
PEOPLE = ("Асанов А. А.", "Бекова Б. Б.", "Волков В. В.")
PARTICIPANTS = [{"role": "judge", "name": name, "present": True, "note": ""} for name in PEOPLE]


class Engine:
    name, model_sha256 = "test", "ab" * 32

    def __init__(self, run: int) -> None:
        self.parameters = {"run": run}


def share_microphone(server: Server, hearing_id: str = HEARING) -> None:
    """The card says that PEOPLE sit at MICROPHONE."""
    with server.context.database.begin() as work:
        hearing = work.hearings.get(hearing_id)
        assert hearing is not None
        hearing.card = {**hearing.card, "participants": PARTICIPANTS}


def voice(person: int, number: int, seed: int) -> Voice:
    """Two of one person are 0.8 to 0.9 alike, of two people about 0."""
    aside = np.random.default_rng([person, number, seed]).standard_normal(256)
    vector: Vector = unit(np.asarray(np.eye(256)[person] + 0.4 * aside / np.linalg.norm(aside), np.float32))
    return Voice(MICROPHONE, number, vector, 4.0)


def hear(
    server: Server,
    window: int,
    people: Sequence[int],
    run: int = 0,
    recording: str = HEARING,
    start: float | None = None,
) -> list[Utterance]:
    """Keeps the voices of a window in which each of the people says a word, the first one first; `run` tells
    transcriptions apart."""
    begins = 100.0 * window if start is None else start
    voices = [voice(person, number, 10 * run + window) for number, person in enumerate(people, 1)]
    said = [_word(at, one, begins + 4 * at) for at, one in enumerate(people, 1)]
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(recording)
        assert hearing is not None
        grown = keep(work, hearing, window, heard(voices, said), "cd" * 32)
    if grown:
        settle(server.context.database, recording)
    return said


def say(
    server: Server,
    window: int,
    people: Sequence[int],
    run: int = 0,
    recording: str = HEARING,
    start: float | None = None,
) -> None:
    """As `hear`, and stores what they say."""
    said = hear(server, window, people, run, recording, start)
    labels = {(MICROPHONE, at): voice(one, at, 10 * run + window).label for at, one in enumerate(people, 1)}
    segments = {MICROPHONE: f"{window:064x}"}
    engine: Any = Engine(run)
    server.transcribe(rows_of(recording, window, said, engine=engine, segments=segments, voices=labels))


def _word(at: int, person: int, start: float) -> Utterance:
    text = f"слово{person}"
    words = (Word(text, start, start + 1, 0.9),)
    return Utterance(MICROPHONE, "judge", start, start + 3, text, words, (), "ru", voice=at)


def vectors(server: Server) -> list[bytes]:
    """What is kept of how people sound."""
    with server.context.database.read() as work:
        return list(work.session.scalars(select(VoiceVector.vector)))
