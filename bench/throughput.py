"""What the recogniser's settings cost and lose: faster-whisper as it comes, its batched pipeline, and courtrec.

    python -m bench.throughput [--ahead] [--sentences 31] [--model whisper-base] [--device cpu] [NAME…] [--seeds 1 2 3]

Human Russian speech (festvox-ru, asterisk-core-sounds-ru), Whisper int8, one thread, times of words included. The same
speech is given to every row in the same run; processor seconds, since the machine may be shared; on a GPU (`--device
cuda`, float16) those of the clock. Every seed draws other sentences; a row adds them up, since on one recording it is
chance which words are lost. "lost alone" are the words deleted in this row and not in the first, and the other way
round; p is the probability (two-sided sign test) of so great a difference if both lose a word equally often. "gone" are
those deleted words on both sides of which all is right: of the others something stands in the text, as of words that
were written together.
"""

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, replace

import jiwer
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from bench.live import put_ahead
from bench.transcript import Recording
from bench.transcript import stretches as cuts
from tests.speech import Composite, Line, asterisk_ru, compose, festvox_ru
from tests.speech.recogniser import MODEL, load_bare, models_dir
from transcribe.engines.port import Sound
from transcribe.engines.whisper import WhisperEngine
from transcribe.evaluate import WordErrors, letter_errors, word_errors
from transcribe.models import ensure
from transcribe.pipeline import Stretch, transcribe_stretches
from transcribe.speech import SAMPLE_RATE, Pcm, plain
from transcribe.tasks import TOGETHER

SENTENCES = 31
"""Of each voice and seed, unless told otherwise."""
SEEDS = (1, 2, 3, 4)
CARD = ("Асанов Бакыт", "Иманова Алина", "Садыкова Айгуль Маратовна", "Нурланов Ерлан Серикович", "Жумабаев Талант")
"""Of people who are not named in any of it."""
SEATS = ("judge", "secretary", "claimant", "respondent")


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

    def courtrec(self, made: Composite, together: int) -> str:
        """Cut as the recorder cuts; so many windows wait at the same time."""
        pcm: dict[str, Pcm] = {f"mic-{role}": one for role, one in zip(made.seats, made.pcm, strict=True)}
        stretches = [
            Stretch({track: one[_at(start) : _at(end)] for track, one in pcm.items()}, start)
            for start, end in cuts(Recording(made.name, "ru", pcm, {}, [], []))
        ]
        found = [
            one
            for first in range(0, len(stretches), together)
            for said in transcribe_stretches(stretches[first : first + together], "ru", self.engine)
            for one in said
        ]
        return " ".join(one.text for one in sorted(found, key=lambda one: one.start))

    @property
    def told(self) -> "Bench":
        """As in a hearing, whose card has names."""
        return replace(self, engine=self.engine.with_hotwords(CARD))

    @property
    def ways(self) -> dict[str, Callable[[], str]]:
        return {
            "faster-whisper, sequential": self.sequential,
            "faster-whisper, batched": self.batched,
            "faster-whisper, batched, without_timestamps=False": lambda: self.batched(without_timestamps=False),
            "courtrec, windows together, one microphone": lambda: self.courtrec(self.one, TOGETHER),
            "courtrec, windows together, two microphones": lambda: self.courtrec(self.two, TOGETHER),
            "courtrec, windows together, four microphones": lambda: self.courtrec(self.four, TOGETHER),
            "courtrec, each window alone, two microphones": lambda: self.courtrec(self.two, 1),
            "faster-whisper, sequential, told a card": lambda: self.sequential(hotwords=", ".join(CARD)),
            "courtrec, told a card, one microphone": lambda: self.told.courtrec(self.one, TOGETHER),
            "courtrec, told a card, two microphones": lambda: self.told.courtrec(self.two, TOGETHER),
            "courtrec, told a card, four microphones": lambda: self.told.courtrec(self.four, TOGETHER),
        }


@dataclass(frozen=True)
class Found:
    """What one way made of the speech, or all of it; `spent` is processor time in seconds, `lost` the places of the
    words that were deleted, each with its seed."""

    words: WordErrors
    letters: WordErrors
    spent: float
    lost: frozenset[tuple[int, int]]
    gone: int

    def __add__(self, other: "Found") -> "Found":
        return Found(
            _sum(self.words, other.words),
            _sum(self.letters, other.letters),
            self.spent + other.spent,
            self.lost | other.lost,
            self.gone + other.gone,
        )

    def row(self, name: str, first: "Found") -> tuple[str, ...]:
        here, there = len(self.lost - first.lost), len(first.lost - self.lost)
        chance = f", p = {binomtest(here, here + there).pvalue:.2g}" if here + there else ""
        return (
            name,
            f"{self.words.rate:.1%}",
            _counts(self.words),
            _counts(self.letters),
            f"{here} : {there}{chance}",
            str(self.gone),
            f"{self.spent:.1f}",
            f"{self.spent / first.spent:.2f}",
        )


def make_bench(engine: WhisperEngine, bare: WhisperModel, sentences: int, seed: int) -> Bench:
    """Turn by turn the man and the woman speak; where they sit differs, the sound of the voices does not."""
    pairs = list(zip(festvox_ru(sentences, seed=seed), asterisk_ru(sentences, seed=seed), strict=True))
    clips = [clip for pair in pairs for clip in pair]

    def seated(*seats: str) -> Composite:
        lines = [Line(seats[number % len(seats)], clip) for number, clip in enumerate(clips)]
        return compose(f"throughput-{len(seats)}", seats, lines, seed=seed)

    return Bench(seated(*SEATS[:2]), seated(*SEATS), seated(SEATS[0]), engine, bare)


def measure(bench: Bench, way: Callable[[], str], seed: int, clock: Callable[[], float] = time.process_time) -> Found:
    started = clock()
    text = way()
    spent = clock() - started
    meant = bench.one.text
    deleted, gone = _deleted(meant, text)
    lost = frozenset((seed, place) for place in deleted)
    return Found(word_errors({"all": meant}, {"all": text}), letter_errors(meant, text), spent, lost, gone)


def _deleted(meant: str, heard: str) -> tuple[list[int], int]:
    """Places of the words of `meant` that were deleted, and how many of them lie between words that are right."""
    [alignment] = jiwer.process_words(plain(meant), plain(heard)).alignments
    kinds = ["equal", *(one.type for one in alignment), "equal"]
    places, gone = list[int](), 0
    for one, before, after in zip(alignment, kinds, kinds[2:], strict=False):
        if one.type == "delete":
            some = range(one.ref_start_idx, one.ref_end_idx)
            places += some
            gone += len(some) if (before, after) == ("equal", "equal") else 0
    return places, gone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only the ways in whose name this is")
    parser.add_argument("--ahead", action="store_true", help="before the other work of a shared machine")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="of each voice and seed")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="which sentences")
    chosen = parser.parse_args()
    if chosen.ahead:
        put_ahead()
    ensure(chosen.model, models_dir())
    engine = WhisperEngine(chosen.model, models_dir(), device=chosen.device)
    bare = load_bare(chosen.model, chosen.device)
    clock = time.process_time if chosen.device == "cpu" else time.perf_counter
    progress, seconds = Console(width=130, stderr=True), 0.0
    found: dict[str, Found] = {}
    for seed in chosen.seeds:
        bench = make_bench(engine, bare, chosen.sentences, seed)
        seconds += bench.mix.size / SAMPLE_RATE
        for name, way in bench.ways.items():
            if not chosen.names or any(one in name for one in chosen.names):
                one = measure(bench, way, seed, clock)
                found[name] = found[name] + one if name in found else one
                progress.print(str(seed), *one.row(name, one))
    table = Table("way", "WER", "S/D/I", "letters S/D/I", "lost alone", "gone", "s", "/ first row")
    first = next(iter(found.values()))
    for name, one in found.items():
        table.add_row(*one.row(name, first))
    Console(width=130).print(f"{seconds:.0f} s of sound, {first.words.reference} words", table)


def _sum(one: WordErrors, other: WordErrors) -> WordErrors:
    return WordErrors(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))


def _counts(errors: WordErrors) -> str:
    return f"{errors.substituted}/{errors.deleted}/{errors.inserted}"


def _text(segments: Iterable[object]) -> str:
    return " ".join(str(getattr(one, "text", "")) for one in segments)


def _at(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


if __name__ == "__main__":
    main()
