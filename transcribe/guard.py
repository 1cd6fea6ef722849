"""Doubts about recognised text. Pure. Nothing is dropped here: a doubt is a flag for the person who corrects.

Recognisers invent text where little is said: loops, phrases learnt from film subtitles, more words than a mouth can
speak. That there is no text without speech is ensured before: only speech spans reach a recogniser.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

from transcribe.engines.port import EngineSegment
from transcribe.speech import Word


class Doubt(StrEnum):
    """Why a person should listen again. The last two are decided by language.py and stitch.py."""

    UNRECOGNISED = "unrecognised"
    REPETITION = "repetition"
    COMPRESSIBLE = "compressible"
    TOO_FAST = "too_fast"
    SILENCE_PHRASE = "silence_phrase"
    NO_SPEECH = "no_speech"
    LOW_PROBABILITY = "low_probability"
    LANGUAGE_DOUBTFUL = "language_doubtful"
    NO_RECOGNISER = "no_recogniser"


REPEATS = 4  # the same words this often in a row; "нет, нет, нет" is human
COMPRESSION = 2.4  # Whisper's own threshold for a failed decoding
WORDS_PER_SECOND = 6.0  # fast Russian speech has about four
SPEECHLESS = 0.6  # Whisper's own threshold
PROBABILITY = 0.5  # mean over the words

# What Whisper models are known to write into silence, in the words of `_plain`.
SILENCE_PHRASES = (
    "продолжение следует",
    "субтитры сделал",
    "субтитры создавал",
    "субтитры делал",
    "субтитры подготовил",
    "редактор субтитров",
    "спасибо за просмотр",
    "подписывайтесь на канал",
    "ставьте лайки",
    "dimatorzok",
    "thanks for watching",
    "thank you for watching",
    "please subscribe",
    "subtitles by",
    "amara org",
)


def doubts(words: Sequence[Word], segments: Sequence[EngineSegment], seconds: float) -> tuple[str, ...]:
    """What is doubtful about an utterance of `words` spoken in `seconds` of speech, in the order of Doubt.

    `segments` are the recogniser's segments the words came from.
    """
    if not words:
        return (Doubt.UNRECOGNISED,)
    plain = _plain(words)
    found = {
        Doubt.REPETITION: _loops(plain.split()),
        Doubt.COMPRESSIBLE: any(one.compression_ratio > COMPRESSION for one in segments),
        Doubt.TOO_FAST: len(words) > WORDS_PER_SECOND * max(seconds, 0.5),
        Doubt.SILENCE_PHRASE: any(f" {phrase} " in f" {plain} " for phrase in SILENCE_PHRASES),
        Doubt.NO_SPEECH: any(one.no_speech > SPEECHLESS for one in segments),
        Doubt.LOW_PROBABILITY: sum(word.probability for word in words) / len(words) < PROBABILITY,
    }
    return tuple(doubt for doubt, present in found.items() if present)


def _plain(words: Sequence[Word]) -> str:
    return " ".join(re.findall(r"\w+", " ".join(word.text for word in words).lower()))


def _loops(words: Sequence[str]) -> bool:
    """Whether any phrase stands REPEATS times in a row."""
    return any(
        all(words[at + step] == words[at + step + length] for step in range(length * (REPEATS - 1)))
        for length in range(1, len(words) // REPEATS + 1)
        for at in range(len(words) - length * REPEATS + 1)
    )
