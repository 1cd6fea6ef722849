"""In which language something was said: decisions over what an identifier heard. Pure.

Courts mix languages within a hearing, even within a sentence; the case's language is what is expected, and every speech
span is heard for itself. Where two languages are nearly as probable both are kept, for a person to choose.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Protocol

EXPECTED = 0.8  # how probable the case's language is before anybody is heard; the others share the rest
MARGIN = log(4)  # a second language less than four times as improbable is kept beside the first
SHORTEST = 1.0  # seconds; what is shorter tells nothing, and is taken for the case's language
FLOOR = 1e-3  # identifiers are surer of themselves than they have reason to be

# An identifier that lacks a language hears its nearest relatives instead. Whisper lacks Kyrgyz.
RELATIVES = {"ky": ("kk", "uz", "tt", "ba", "tk")}

RENDERED_WITHIN = 60.0  # seconds after what was said that an interpreter may begin to render it
INTERPRETER = "interpreter"


@dataclass(frozen=True, slots=True)
class Guess:
    """The language of a span, and another one that is nearly as probable (empty if there is none)."""

    language: str
    other: str = ""


def guess(heard: Mapping[str, float], seconds: float, expected: str, languages: Sequence[str]) -> Guess:
    """The language of `seconds` of speech among `languages`, of which the case's, `expected`, is one.

    `heard` is the identifier's probability of every language it knows.
    """
    others = [one for one in languages if one != expected]
    if seconds < SHORTEST or not others:
        return Guess(expected)
    prior = {expected: EXPECTED, **dict.fromkeys(others, (1 - EXPECTED) / len(others))}
    score = {one: log(prior[one]) + log(max(_evidence(heard, one), FLOOR)) for one in prior}
    first, second = sorted(score, key=lambda one: -score[one])[:2]
    return Guess(first, second if score[first] - score[second] < MARGIN else "")


def _evidence(heard: Mapping[str, float], language: str) -> float:
    if language in heard:
        return heard[language]
    return sum(heard.get(one, 0.0) for one in RELATIVES.get(language, ()))


class Spoken(Protocol):
    """What pairing needs to know of an utterance; times are seconds on the hearing's timeline."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


def rendered(utterances: Sequence[Spoken]) -> dict[str, tuple[str, ...]]:
    """For each of the interpreter's utterances, by id, those it renders: what one other person said in another language
    just before, back to where somebody else spoke or the interpreter rendered last.

    `utterances` are a hearing's in order of start. What nothing in another language precedes is rendered from nothing.
    """
    ends = [one.start for one in utterances]
    found: dict[str, tuple[str, ...]] = {}
    for one in utterances:
        if one.role == INTERPRETER:
            before = utterances[: bisect_right(ends, one.start)]
            originals = _turn_before(one, before)
            if originals:
                found[one.id] = originals
    return found


def _turn_before(rendering: Spoken, before: Sequence[Spoken]) -> tuple[str, ...]:
    turn: list[Spoken] = []
    for one in reversed(before):
        if rendering.start - one.end > RENDERED_WITHIN:
            break
        if one is rendering:
            continue
        if one.role == INTERPRETER:
            if turn or one.language != rendering.language:
                break
            continue  # the same rendering, after a pause
        if one.language == rendering.language or (turn and one.role != turn[-1].role):
            if turn:
                break
            continue
        turn.append(one)
    return tuple(one.id for one in reversed(turn))
