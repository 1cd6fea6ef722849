"""What is said when in the sample hearings, and how late a program that listens shows it. Pure but for the files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcribe.evaluate import word_errors

SAMPLES = Path(__file__).parent.parent / "samples"
NEAR = 0.8
"""Seconds by which a program may see the end of an utterance elsewhere than the reference."""


@dataclass(frozen=True)
class Said:
    role: str
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Shown:
    """A text as shown at second `at` of the hearing, said in [start, end]; `final`: it does not change any more. A
    program that tells no speakers apart leaves `role` empty."""

    at: float
    role: str
    start: float
    end: float
    text: str
    final: bool


@dataclass(frozen=True)
class Latencies:
    """Seconds after the end of each utterance: until its final text is shown, and until a text as long as that is."""

    utterances: int
    final: list[float]
    whole: list[float]
    word_error: float

    def cells(self) -> list[str]:
        sides = [f"{quantile(one, q):.2f}" for one in (self.final, self.whole) for q in (0.5, 0.95)]
        return [str(self.utterances), str(len(self.final)), *sides, f"{self.word_error:.1%}"]


def said(sample: str) -> list[Said]:
    """In order of time. The bench announces no break, so what is said in it is heard as well."""
    rows = json.loads((SAMPLES / sample / "reference.json").read_text(encoding="utf-8"))
    return [Said(one["role"], one["start"], one["end"], one["text"]) for one in rows]


def latencies(reference: Sequence[Said], shown: Sequence[Shown]) -> Latencies:
    """Of each utterance the first final text counts that reaches its end."""
    final, whole = [], []
    for one in reference:
        reaching = [
            text
            for text in shown
            if text.role in ("", one.role) and text.start < one.end and text.end >= one.end - NEAR
        ]
        ends = [text for text in reaching if text.final]
        if not ends:
            continue
        first = min(ends, key=lambda text: text.at)
        # Two utterances of one person in a row may be one text: it is as late as the second one's end allows.
        last = max(other.end for other in reference if other.role == one.role and other.end <= first.end + NEAR)
        if first.role and last > one.end:
            continue
        final.append(first.at - one.end)
        whole.append(min(text.at for text in reaching if len(text.text.split()) >= len(first.text.split())) - one.end)
    # After a break in the line the page is told again what it knows: of each text the first telling counts.
    finals = sorted(({(one.role, one.start): one for one in reversed(shown) if one.final}).values(), key=_start)
    apart = any(one.role for one in shown)
    expected, heard = dict[str, str](), dict[str, str]()
    for each in reference:
        expected[each.role if apart else ""] = f"{expected.get(each.role if apart else '', '')} {each.text}"
    for text in finals:
        heard[text.role] = f"{heard.get(text.role, '')} {text.text}"
    return Latencies(len(reference), final, whole, word_errors(expected, heard).rate)


def _start(one: Shown) -> float:
    return one.start


def quantile(values: Sequence[float], share: float) -> float:
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(share * (len(ranked) - 1)))] if ranked else float("nan")
