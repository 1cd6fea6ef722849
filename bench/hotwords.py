"""What words told beforehand gain and cost: names of the case card and terms of court as hotwords of the recogniser.

    python -m bench.hotwords [--model whisper-base] [--cases 11]

Human speech in which people and places are named (festvox-ru): seven sentences are a case, whose card has those names
in the nominative. Told are nothing, the card, a card of the next case, of which nobody is named, and both. The sample
hearing in Russian and human speech show what its card and terms of court do where none of them is named.

"names" are the words of names that were said, and how many of them were recognised to the letter; "made up" are words
told, but initials, that were recognised where something else was said.
"""

import argparse
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
from rich.console import Console
from rich.table import Table

from bench.transcript import SAMPLES, Recording, human, part, sample, stretches
from court.card import names_on
from tests.speech import Line, asterisk_ru, compose, festvox_named, festvox_ru
from tests.speech.recogniser import MODEL, models_dir
from transcribe.engines.whisper import WhisperEngine
from transcribe.models import ensure
from transcribe.pipeline import transcribe_window
from transcribe.speech import Utterance, plain

NAMES = Path(__file__).parent / "names-ru.toml"
CASE = 7
"""Sentences of a case."""
TERMS = ("истец", "ответчик", "ходатайство", "расписка", "исковое заявление", "судебное заседание", "отвод", "пошлина")


@dataclass(frozen=True)
class Case:
    """`named` are the names as they are said, `card` as a card has them."""

    recording: Recording
    named: Sequence[str]
    card: Sequence[str]


@dataclass(frozen=True)
class Found:
    said: int = 0
    recognised: int = 0
    made_up: tuple[str, ...] = ()
    words: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0
    looped: int = 0
    spent: float = 0.0

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, one) + getattr(other, one) for one in self.__dataclass_fields__))

    def row(self) -> tuple[str, ...]:
        errors = (self.substituted, self.deleted, self.inserted)
        return (
            f"{sum(errors) / self.words:.1%}",
            "/".join(map(str, errors)),
            f"{self.recognised} of {self.said}" if self.said else "",
            " ".join(self.made_up) or "0",
            str(self.looped),
            f"{self.spent:.1f}",
        )


Ways = dict[str, list[tuple[Case, Sequence[str]]]]
"""What is told, and each case with it."""


def with_names(most: int) -> dict[str, Ways]:
    sentences = list(tomllib.loads(NAMES.read_text(encoding="utf-8")).items())
    cases = [_case(number, dict(sentences[number * CASE :][:CASE])) for number in range(most)]
    pairs = [*zip(cases, [*cases[1:], cases[0]], strict=True)]
    ways: Ways = {
        "nothing": [(one, ()) for one in cases],
        "its card": [(one, one.card) for one in cases],
        "another card": [(one, other.card) for one, other in pairs],
        "another card and its own": [(one, [*other.card, *one.card]) for one, other in pairs],
    }
    return {f"names said, {most} cases": ways}


def without_names() -> dict[str, Ways]:
    card = tomllib.loads((SAMPLES / "hearing-ru" / "hearing.toml").read_text(encoding="utf-8"))
    people = names_on({**card, "participants": card["participant"]})
    found: dict[str, Ways] = {}
    for recording in (sample("hearing-ru"), human("human-ru", festvox_ru(12), asterisk_ru(12))):
        case = Case(recording, (), ())
        told = {"nothing": (), "a card": people, "terms": TERMS, "a card and terms": (*people, *TERMS)}
        found[recording.name] = {name: [(case, words)] for name, words in told.items()}
    return found


def _case(number: int, sentences: Mapping[str, Mapping[str, str]]) -> Case:
    made = compose(f"case-{number}", ("judge",), [Line("judge", one) for one in festvox_named(sentences)], seed=number)
    named = [name for names in sentences.values() for name in names]
    card = dict.fromkeys(name for names in sentences.values() for name in names.values())
    recording = Recording(made.name, "ru", {"mic-judge": made.pcm[0]}, {"mic-judge": made.text}, [], [])
    return Case(recording, named, list(card))


def recognised(case: Case, engine: WhisperEngine, told: Sequence[str]) -> Found:
    began = time.process_time()
    expecting = engine.with_hotwords(told)
    utterances = [
        one
        for start, end in stretches(case.recording)
        for one in transcribe_window(part(case.recording, start, end), start, case.recording.language, expecting)
    ]
    return compared(case, utterances, told, time.process_time() - began)


def compared(case: Case, utterances: Sequence[Utterance], told: Sequence[str], spent: float) -> Found:
    """Each speaker's words against what that speaker said."""
    named, expected = _words(case.named), {one for one in _words(told) if len(one) > 1}
    total = Found(looped=sum("repetition" in one.flags for one in utterances), spent=spent)
    for track, text in case.recording.text.items():
        heard = " ".join(one.text for one in utterances if one.track == track)
        found = jiwer.process_words(plain(text), plain(heard))
        meant, got, parts = found.references[0], found.hypotheses[0], found.alignments[0]
        right = [one for same in parts if same.type == "equal" for one in meant[same.ref_start_idx : same.ref_end_idx]]
        wrong = [
            one for other in parts if other.type != "equal" for one in got[other.hyp_start_idx : other.hyp_end_idx]
        ]
        total += Found(
            said=sum(one in named for one in meant),
            recognised=sum(one in named for one in right),
            made_up=tuple(one for one in wrong if one in expected),
            words=len(meant),
            substituted=found.substitutions,
            deleted=found.deletions,
            inserted=found.insertions,
        )
    return total


def _words(names: Sequence[str]) -> set[str]:
    return set(plain(" ".join(names)).split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--cases", type=int, default=11)
    chosen = parser.parse_args()
    ensure(chosen.model, models_dir())
    engine = WhisperEngine(chosen.model, models_dir(), device="cpu")
    table = Table("recording", "told", "WER", "S/D/I", "names", "made up", "loops", "processor s")
    for name, ways in {**with_names(chosen.cases), **without_names()}.items():
        for told, cases in ways.items():
            found = sum((recognised(case, engine, words) for case, words in cases), Found())
            table.add_row(name, told, *found.row())
            Console(stderr=True, width=130).print(name, told, *found.row())
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
