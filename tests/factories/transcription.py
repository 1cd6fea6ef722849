"""Hearings whose segments are stored and wait to be transcribed, and an engine that hears one word in everything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from court.clock import Anchor
from recorder.encode import SoundFile
from storage.db.models import Hearing, Segment
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.worm.local import LocalStore
from tests.factories.ledger import HEARING, MOMENT, SERVER_KEY
from tests.factories.voices import room
from tests.speech import festvox_ru
from transcribe.context import TranscribeContext
from transcribe.diarise.embedding import Embedder
from transcribe.engines.port import EngineSegment
from transcribe.engines.whisper import WhisperEngine
from transcribe.speech import Pcm, Word

OTHER_HEARING = HEARING[:-1] + "f"
TRACKS = ("mic-judge", "mic-claimant")


class OneWord:
    """An engine that hears one word in whatever it is given, and may be told to do something else first."""

    name, model_sha256 = "one-word", "cd" * 32
    parameters: Mapping[str, str | int | bool] = {"beam_size": 1}

    def __init__(self) -> None:
        self.before: Callable[[], None] = lambda: None

    def transcribe(self, sound: NDArray[np.float32], language: str | None) -> list[EngineSegment]:
        self.before()
        return [EngineSegment((Word(f"слово-{language}", 0.0, 0.5, 0.75),), 0.0, 1.0, -0.1)]


@dataclass
class Court:
    """A server with a hearing whose segments are stored; the clock stands still until moved."""

    database: Database
    folder: Path
    engine: OneWord | WhisperEngine = field(default_factory=OneWord)
    moment: datetime = MOMENT
    embedder: Callable[[], Embedder | None] = lambda: None
    card: Mapping[str, Any] = field(default_factory=lambda: {"language": "ru"})

    @property
    def context(self) -> TranscribeContext:
        store = LocalStore(self.folder / "objects")
        return TranscribeContext(
            self.database,
            store,
            SERVER_KEY,
            self,
            lambda language, model="": self.engine,
            embedder=self.embedder,
        )

    def now(self) -> Anchor:
        return Anchor(self.moment, 0.0, True)

    def open(self, hearing_id: str = HEARING, windows: int = 1, state: str = "ended") -> None:
        tracks = [{"track": track, "kind": "audio", "derived": False, "role": "", "rate": 48_000} for track in TRACKS]
        tracks.append({"track": "mix", "kind": "audio", "derived": True, "role": "", "rate": 48_000})
        with self.database.begin() as work:
            work.hearings.add(
                Hearing(
                    id=hearing_id,
                    case_number="1/26",
                    case_key="126",
                    card=dict(self.card),
                    room="1",
                    state=state,
                    tracks=tracks,
                    started_at=MOMENT,
                )
            )
            for sequence in range(windows):
                work.windows.add(hearing_id, sequence, offered=MOMENT)

    def record(self, pcm: Mapping[str, Pcm], hearing_id: str = HEARING, sequence: int = 0, start: int = 0) -> None:
        """Stores a segment per track as the recorder writes it; `pcm` at 16 kHz, `start` in samples at 48 kHz."""
        for track, sound in pcm.items():
            path = self.folder / f"{hearing_id}-{track}-{sequence}.mp4"
            file = SoundFile(path)
            file.write(start, np.repeat(sound, 3))
            sealed = file.seal()
            until = MOMENT + timedelta(days=1)
            stored = self.context.store.put(sealed.sha256, path, sealed.size, until)
            with self.database.begin() as work:
                work.log.add_object(stored, MOMENT, until)
                work.hearings.add(
                    Segment(
                        hearing_id=hearing_id,
                        track=track,
                        sequence=sequence,
                        start=start,
                        end=start + 3 * sound.size,
                        rate=48_000,
                        sha256=sealed.sha256,
                        size=sealed.size,
                        init_size=sealed.init_size,
                        codec="flac",
                        partial=False,
                        utc=MOMENT,
                        leaf_index=0,
                    )
                )

    def texts(self, hearing_id: str = HEARING) -> list[tuple[str, str]]:
        with self.database.read() as work:
            return [(one.track, one.text) for one in work.utterances.of(hearing_id)]

    def window(self, sequence: int = 0) -> tuple[str, int, str]:
        with self.database.read() as work:
            found = work.windows.get(HEARING, sequence)
            assert found is not None
            return found.state, found.attempts, found.error

    def offered(self) -> list[tuple[str, list[object]]]:
        with self.database.read() as work:
            return [(row.task, row.args) for row in work.outbox.unsent()]

    def transcripts(self) -> list[dict[str, Any]]:
        with self.database.read() as work:
            leaves = [parse(one.entry) for one in work.log.entries(HEARING)]
        return [dict(leaf.body) for leaf in leaves if leaf.kind is LeafKind.TRANSCRIPT]


def spoken(start: float = 1.0, seconds: float = 2.0) -> dict[str, Pcm]:
    """The first `seconds` of a human sentence at the judge's microphone, and its bleed at the other."""
    sentence = festvox_ru(1)[0].pcm[: round(seconds * 16_000)]
    pcm = room([], start + sentence.size / 16_000 + 1.0, TRACKS)
    at = round(start * 16_000)
    for track, heard in pcm.items():
        heard[at : at + sentence.size] += (sentence * (1.0 if track == "mic-judge" else 0.2)).astype(np.int16)
    return pcm
