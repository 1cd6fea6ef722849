"""What the recogniser's settings cost and lose: faster-whisper as it comes, its batched pipeline, and courtrec.

    python -m bench.throughput [NAME…]

Human Russian speech (festvox-ru, asterisk-core-sounds-ru), Whisper base int8, one thread, times of words included.
The same speech is given to every row in the same run; processor seconds, since the machine may be shared.
"""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from rich.console import Console
from rich.table import Table

from bench.transcript import Recording, stretches
from tests.speech import Composite, Line, asterisk_ru, compose, festvox_ru
from tests.speech.recogniser import load_whisper_base, models_dir
from transcribe.engines.port import Engine, Sound
from transcribe.engines.whisper import WhisperEngine
from transcribe.evaluate import word_errors
from transcribe.pipeline import transcribe_window
from transcribe.speech import SAMPLE_RATE, Pcm

SENTENCES = 31  # of each voice
SEATS = ("judge", "secretary", "claimant", "respondent")
LONG = 600.0
"""Seconds of a stretch that is transcribed at once when there is time: of a whole hearing, anew."""


@dataclass(frozen=True)
class Bench:
    """The same speech at two microphones, at four, and at one; `mix` is what bare faster-whisper is given."""

    two: Composite
    four: Composite
    one: Composite
    engine: WhisperEngine
    bare: WhisperModel

    @property
    def mix(self) -> Sound:
        return np.asarray(self.one.pcm[0], dtype=np.float32) / 32768.0

    def sequential(self, **options: object) -> str:
        return _text(self.bare.transcribe(self.mix, language="ru", word_timestamps=True, **options)[0])

    def batched(self, **options: object) -> str:
        pipeline = BatchedInferencePipeline(self.bare)
        return _text(pipeline.transcribe(self.mix, language="ru", word_timestamps=True, batch_size=8, **options)[0])

    def courtrec(self, made: Composite, engine: Engine, longest: float) -> str:
        pcm: dict[str, Pcm] = {f"mic-{role}": one for role, one in zip(made.seats, made.pcm, strict=True)}
        cut = stretches(Recording(made.name, "ru", pcm, {}, [], []))
        found = [
            one
            for start, end in joined(cut, longest)
            for one in transcribe_window(
                {track: all_of_it[_at(start) : _at(end)] for track, all_of_it in pcm.items()}, start, "ru", engine
            )
        ]
        return " ".join(one.text for one in sorted(found, key=lambda one: one.start))

    @property
    def ways(self) -> dict[str, Callable[[], str]]:
        return {
            "faster-whisper, sequential": self.sequential,
            "faster-whisper, batched": self.batched,
            "faster-whisper, batched, without_timestamps=False": lambda: self.batched(without_timestamps=False),
            "courtrec as recorded, two microphones": lambda: self.courtrec(self.two, self.engine, 0.0),
            "courtrec at once, two microphones": lambda: self.courtrec(self.two, self.engine, LONG),
            "courtrec at once, one microphone": lambda: self.courtrec(self.one, self.engine, LONG),
            "courtrec at once, four microphones": lambda: self.courtrec(self.four, self.engine, LONG),
            "faster-whisper, batched, both": lambda: self.batched(without_timestamps=False, chunk_length=15),
            "faster-whisper, batched, chunk_length=15": lambda: self.batched(chunk_length=15),
        }


def joined(pieces: Iterable[tuple[float, float]], longest: float) -> list[tuple[float, float]]:
    """Neighbouring stretches together, up to `longest` seconds."""
    found: list[tuple[float, float]] = []
    for start, end in pieces:
        if found and end - found[-1][0] <= longest:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def make_bench() -> Bench:
    """Turn by turn the man and the woman speak; where they sit differs, the sound of the voices does not."""
    pairs = list(zip(festvox_ru(SENTENCES, seed=1), asterisk_ru(SENTENCES, seed=1), strict=True))
    clips = [clip for pair in pairs for clip in pair]

    def seated(*seats: str) -> Composite:
        lines = [Line(seats[number % len(seats)], clip) for number, clip in enumerate(clips)]
        return compose(f"throughput-{len(seats)}", seats, lines, seed=1)

    engine = load_whisper_base()
    bare = WhisperModel(
        str(models_dir() / "whisper-base"), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
    )
    return Bench(seated(*SEATS[:2]), seated(*SEATS), seated(SEATS[0]), engine, bare)


def main() -> None:
    bench = make_bench()
    table = Table("way", "WER", "S/D/I", "words lost", "processor s", "/ sequential")
    first = 0.0
    for name, way in bench.ways.items():
        if sys.argv[1:] and not any(wanted in name for wanted in sys.argv[1:]):
            continue
        started = time.process_time()
        text = way()
        spent = time.process_time() - started
        first = first or spent
        errors = word_errors({"all": bench.one.text}, {"all": text})
        counts = f"{errors.substituted}/{errors.deleted}/{errors.inserted}"
        row = (name, f"{errors.rate:.1%}", counts, f"{errors.deleted / errors.reference:.1%}")
        table.add_row(*row, f"{spent:.1f}", f"{spent / first:.2f}")
        Console(width=130, stderr=True).print(*row, f"{spent:.1f}")
    seconds = bench.mix.size / SAMPLE_RATE
    Console(width=130).print(f"{seconds:.0f} s of sound, {errors.reference} words", table)


def _text(segments: Iterable[object]) -> str:
    return " ".join(str(getattr(one, "text", "")) for one in segments)


def _at(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


if __name__ == "__main__":
    main()
