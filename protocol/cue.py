"""A cue: the words by which a stage of the hearing is announced, and who may say them. Pure.

The words are beginnings of words, as inflection leaves them: no dictionary is asked, so a cue file shows all there is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from court.folding import folded_words
from court.people import CourtRole
from court.stages import StageKind

_QUOTED = re.compile(r"«[^»]*»|“[^”]*”|„[^“]*“|\"[^\"]*\"")
_END = re.compile(r"(?<=[.!?…;])(?<!\b\w\.)\s+")  # but no initial ends a sentence
_BETWEEN = 5  # words that may stand between those of a cue
_BETWEEN_REFUSED = 1  # a refusal stands close together: "ходатайств нет", "нет у нас ходатайств"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`words` are folded, those in quotation marks left out: who quotes an announcement makes none."""

    text: str
    words: tuple[str, ...]
    question: bool


def sentences(text: str) -> list[Sentence]:
    """The sentences of an utterance, by its punctuation; without any it is one."""
    bare = _QUOTED.sub(lambda quoted: "-" * len(quoted[0]), text)
    ends = [one.span() for one in _END.finditer(bare)]
    spans = zip([0, *(end for _, end in ends)], [*(start for start, _ in ends), len(text)], strict=True)
    found = [
        Sentence(text[start:end].strip(), tuple(folded_words(bare[start:end])), "?" in bare[start:end])
        for start, end in spans
    ]
    return [one for one in found if one.words]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a sentence in any order, close together: each begins with one of its alternatives, or is one of them
    where that ends in a full stop."""

    words: tuple[tuple[str, ...], ...]

    @classmethod
    def parse(cls, text: str) -> "Phrase":
        """From `заседани открыт|открыва`: words apart by blanks, alternatives by bars."""
        return cls(tuple(tuple(word.casefold().replace("ё", "е").split("|")) for word in text.split()))

    def stands_in(self, words: tuple[str, ...], between: int) -> bool:
        places = [[n for n, word in enumerate(words) if any(_is(word, one) for one in each)] for each in self.words]
        reach = len(self.words) + between
        return any(all(any(start <= n < start + reach for n in each) for each in places) for start in range(len(words)))


def _is(word: str, stem: str) -> bool:
    return word == stem[:-1] if stem.endswith(".") else word.startswith(stem)


@dataclass(frozen=True, slots=True)
class Cue:
    """Heard where one of `says` stands in a sentence of one of `roles` and none of `never` does."""

    roles: frozenset[CourtRole]
    says: tuple[Phrase, ...]
    never: tuple[Phrase, ...]
    questions: bool = False

    def heard(self, sentence: Sentence, role: CourtRole | None) -> bool:
        return (
            role in self.roles
            and (self.questions or not sentence.question)
            and any(one.stands_in(sentence.words, _BETWEEN) for one in self.says)
            and not any(one.stands_in(sentence.words, _BETWEEN_REFUSED) for one in self.never)
        )


Cues = Mapping[StageKind, Cue]
