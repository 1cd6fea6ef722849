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
class Slot:
    """One word of a phrase: it begins with one of `beginnings`, or is one of `whole`."""

    beginnings: tuple[str, ...]
    whole: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> "Slot":
        """From `открыт|открыва|нет.`: alternatives by bars, whole words with a full stop."""
        words = text.casefold().replace("ё", "е").split("|")
        whole = frozenset(one[:-1] for one in words if one.endswith("."))
        return cls(tuple(one for one in words if not one.endswith(".")), whole)

    def places(self, words: tuple[str, ...]) -> list[int]:
        return [n for n, word in enumerate(words) if word.startswith(self.beginnings) or word in self.whole]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a sentence in any order, close together."""

    slots: tuple[Slot, ...]

    @classmethod
    def parse(cls, text: str) -> "Phrase":
        """From slots with blanks between them."""
        return cls(tuple(map(Slot.parse, text.split())))

    def stands_in(self, words: tuple[str, ...], between: int) -> bool:
        """Whether each slot has its word, with at most `between` other words among them."""
        places = []
        for slot in self.slots:
            found = slot.places(words)
            if not found:
                return False
            places.append(found)
        reach = len(self.slots) + between
        return any(all(any(start <= n < start + reach for n in each) for each in places) for start in range(len(words)))


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
