"""How well stages of a hearing are found in what was said: precision and recall on scripted hearings, no notes at all.

    python -m bench.stages                 the tables
    python -m bench.stages --samples       the sample hearings as Whisper base writes them, with their notes and without
    python -m bench.stages --misses        and each stage that was missed, or proposed where there is none

Scripts: samples/stages. Errors of a recogniser are imitated with a fixed seed: words replaced by others of the hearing,
misspelt, left out and doubled, and punctuation lost, at 10 % and 25 % each.
"""

import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.stages import StageKind
from protocol.cues import load_cues
from protocol.facts import Stage, Utterance
from protocol.stages import stages

SCRIPTS = Path(__file__).parent.parent / "samples" / "stages"
SETS = ("development", "held_out")
NOISE = (0.0, 0.10, 0.25)
ROUNDS = 5
NEAR_SECONDS = 30.0
"""A proposal is right if a stage of its kind begins no further away that is nobody else's."""
_LINE = re.compile(r"(\d+):(\d\d) (\w+) (?:\[([\w, ]+)\] )?(.+)")


@dataclass(frozen=True)
class Script:
    """A hearing as written: what was said, and which stages begin when."""

    name: str
    language: str
    procedure: str
    said: tuple[Utterance, ...]
    gold: tuple[tuple[StageKind, float], ...]


@dataclass
class Counts:
    found: int = 0
    right: int = 0
    there: int = 0

    def add(self, other: "Counts") -> None:
        self.found, self.right, self.there = (
            self.found + other.found,
            self.right + other.right,
            self.there + other.there,
        )

    @property
    def row(self) -> tuple[str, str]:
        return _share(self.right, self.found), _share(self.right, self.there)


def read_script(path: Path) -> Script:
    document = tomllib.loads(path.read_text("utf-8"))
    said, gold = [], []
    for line in document["said"].strip().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise SystemExit(f"{path.name}: the line {line!r} is not written as minutes:seconds role [stage] text.")
        minutes, seconds, role, kinds, text = match.groups()
        at = 60.0 * int(minutes) + int(seconds)
        said.append(Utterance(f"mic-{role}", CourtRole(role), at, at + 3.0, text, language=document["language"]))
        gold += [(StageKind(one.strip()), at) for one in (kinds or "").split(",") if one]
    return Script(path.stem, document["language"], document["procedure"], tuple(said), tuple(gold))


def scripts(which: str) -> list[Script]:
    return [read_script(one) for one in sorted((SCRIPTS / which).glob("*.toml"))]


def found_in(script: Script) -> list[Stage]:
    return stages((), (), script.said, load_cues(), script.language)


def judged(script: Script, found: Sequence[Stage]) -> tuple[dict[StageKind, Counts], list[str]]:
    """By kind, and what went wrong in words."""
    counts = {kind: Counts() for kind in StageKind}
    wrong, open_ = [], list(script.gold)
    for one in found:
        counts[one.kind].found += 1
        near = [each for each in open_ if each[0] is one.kind and abs(each[1] - one.at) <= NEAR_SECONDS]
        if near:
            counts[one.kind].right += 1
            open_.remove(min(near, key=lambda each: abs(each[1] - one.at)))
        else:
            wrong.append(f"{script.name} {one.at:g} s: no {one.kind.value} there: {one.quote}")
    for kind, at in script.gold:
        counts[kind].there += 1
        if (kind, at) in open_:
            wrong.append(f"{script.name} {at:g} s: {kind.value} missed")
    return counts, wrong


def misheard(script: Script, share: float, seed: int) -> Script:
    """The script as a recogniser with so many word errors might write it; the same for the same seed."""
    chance = random.Random(f"{script.name} {share} {seed}")
    vocabulary = sorted({word for one in script.said for word in one.text.split()})
    said = []
    for one in script.said:
        words = [each for word in one.text.split() for each in _misheard(word, vocabulary, share, chance)]
        said.append(replace(one, text=" ".join(words)))
    return replace(script, said=tuple(said))


def _misheard(word: str, vocabulary: Sequence[str], share: float, chance: random.Random) -> list[str]:
    if word[-1] in ".,:!?" and chance.random() < share:
        word = word.rstrip(".,:!?")
    if chance.random() >= share:
        return [word]
    kind = chance.choice(("other", "misspelt", "misspelt", "gone", "doubled"))
    if kind == "other":
        return [chance.choice(vocabulary)]
    if kind == "misspelt" and word:
        at = chance.randrange(len(word))
        return [word[:at] + chance.choice(chance.choice(vocabulary)) + word[at + chance.randrange(1, 3) :]]
    return [] if kind == "gone" else [word, word]


def measured(which: Iterable[Script], share: float) -> dict[tuple[str, StageKind], Counts]:
    """By language and kind, over the rounds."""
    sums: dict[tuple[str, StageKind], Counts] = {}
    for script in which:
        for seed in range(ROUNDS if share else 1):
            heard = misheard(script, share, seed) if share else script
            for kind, counts in judged(heard, found_in(heard))[0].items():
                sums.setdefault((script.language, kind), Counts()).add(counts)
    return sums


def _sum(sums: dict[tuple[str, StageKind], Counts], wanted: Callable[[str, StageKind], bool]) -> Counts:
    total = Counts()
    for (language, kind), counts in sums.items():
        if wanted(language, kind):
            total.add(counts)
    return total


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "—"


def table(title: str, rows: Sequence[str], cells: Callable[[str], list[str]], heads: Sequence[str]) -> Table:
    made = Table(title=title)
    for head in heads:
        made.add_column(head)
    for row in rows:
        made.add_row(row, *cells(row))
    return made


def sample_stages(name: str, console: Console) -> None:
    """What is heard in a sample hearing without any note, beside what was noted there."""
    from bench.transcript import SAMPLES, measure, sample
    from tests.speech.recogniser import load_whisper_base

    result, said = measure(sample(name), load_whisper_base())
    facts = [Utterance(one.track, CourtRole(one.role), one.start, one.end, one.text, one.flags) for one in said]
    actions = tomllib.loads((SAMPLES / name / "hearing.toml").read_text("utf-8"))["action"]
    noted = [Note(one["at"], NoteTemplate(one["template"]), one["text"]) for one in actions if one["do"] == "note"]
    language = sample(name).language
    for title, notes in (("speech alone", []), ("notes and speech", noted)):
        console.print(f"{name}, {title}, WER {result.words.rate:.0%}", highlight=False)
        for one in stages(notes, (), facts, load_cues(), language):
            console.print(f"  {one.at:6.1f} {one.kind.value:13} {one.standing.value:9} {one.quote}", highlight=False)


def main() -> None:
    console = Console(width=130)
    if "--samples" in sys.argv:
        for name in ("hearing-ru", "hearing-en"):
            sample_stages(name, console)
        return
    for which in SETS:
        known = scripts(which)
        by_noise = [measured(known, share) for share in NOISE]
        languages = [*dict.fromkeys(one.language for one in known)]

        def by_kind(kind: str, sums: list[dict[tuple[str, StageKind], Counts]] = by_noise) -> list[str]:
            totals = [_sum(one, lambda _, each: kind in (each.value, "all")) for one in sums]
            return [str(totals[0].there), *(cell for one in totals for cell in one.row)]

        def by_language(language: str, sums: list[dict[tuple[str, StageKind], Counts]] = by_noise) -> list[str]:
            totals = [_sum(one, lambda each, _: each == language) for one in sums]
            return [str(totals[0].there), *(cell for one in totals for cell in one.row)]

        heads = ["stages", *(f"{name}, {share:.0%} errors" for share in NOISE for name in ("precision", "recall"))]
        title = f"{which}: {len(known)} hearings, {Counter(one.procedure for one in known)}"
        console.print(table(title, [*(one.value for one in StageKind), "all"], by_kind, ["stage", *heads]))
        console.print(table("", languages, by_language, ["language", *heads]))
        if "--misses" in sys.argv:
            for script in known:
                for line in judged(script, found_in(script))[1]:
                    console.print(line, highlight=False)


if __name__ == "__main__":
    main()
