"""Doubts about recognised text. Pure. A doubt is a flag for the person who corrects.

Recognisers invent text where little is said: loops, phrases learnt from film subtitles, more words than a mouth can
speak. Only speech spans reach them; where detector and recogniser agree that a span was none after all, it keeps its
place and its flag, and has no words (ADR 36).
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from transcribe.engines.port import EngineSegment
from transcribe.speech import Word, plain


class Doubt(StrEnum):
    """Why a person should listen again. The last two are decided by language.py and stitch.py."""

    UNRECOGNISED = "unrecognised"
    REPETITION = "repetition"
    COMPRESSIBLE = "compressible"
    TOO_FAST = "too_fast"
    SILENCE_PHRASE = "silence_phrase"
    NO_SPEECH = "no_speech"
    LOW_PROBABILITY = "low_probability"
    CUT_WORD = "cut_word"
    LANGUAGE_DOUBTFUL = "language_doubtful"
    NO_RECOGNISER = "no_recogniser"


REPEATS = 4  # the same words this often in a row; "нет, нет, нет" is human
LETTERS = 6  # the same letter this often in a row; "аааа" is human
COMPRESSION = 2.4  # Whisper's own threshold for a failed decoding
WORDS_PER_SECOND = 6.0  # fast Russian speech has about four
SPEECHLESS = 0.6  # Whisper's own threshold
SPEECHLESS_TOO = 0.4  # enough where the detector doubts as well
PROBABILITY = 0.5  # mean over the words
DETECTED = 0.5  # the detector's mean over a span: speech has more (bench/README.md), coughs less
EDGE = 0.05  # seconds: a word so near to where the sound was cut may have lost a part of itself
CUT_PROBABILITY = 0.4  # of such a word

# What Whisper models are known to write into silence, in the words of `plain`. "Рахмет" and "Thank you" alone are said
# in court, and are left out.
SILENCE_PHRASES = (
    # Russian
    "продолжение следует",
    "субтитры сделал",
    "субтитры создавал",
    "субтитры делал",
    "субтитры подготовил",
    "субтитры и перевод",
    "редактор субтитров",
    "корректор а",
    "спокойная музыка",
    "напряженная музыка",
    "веселая музыка",
    "музыкальная заставка",
    "спасибо за просмотр",
    "подписывайтесь на канал",
    "ставьте лайки",
    "dimatorzok",
    # Kyrgyz
    "көргөнүңүздөр үчүн рахмат",
    "каналга жазылыңыз",
    "каналга жазылыңыздар",
    "уландысы бар",
    # Kazakh
    "көргендеріңізге рахмет",
    "қарағандарыңызға рахмет",
    "назарларыңызға рахмет",
    "арнаға жазылыңыз",
    "арнаға жазылыңыздар",
    "жалғасы бар",
    # English
    "thanks for watching",
    "thank you for watching",
    "please subscribe",
    "like and subscribe",
    "subtitles by",
    "captions by",
    "transcription by",
    "amara org",
)


def no_speech(segments: Sequence[EngineSegment], detected: Callable[[], float]) -> bool:
    """Whether a span was no speech after all (a cough, a jingle): recogniser and detector both say so.

    `segments` are what was recognised in it; `detected`, the detector's mean probability of speech over it, is asked
    for only where the recogniser doubts.
    """
    return _speechless(segments) and detected() < DETECTED


def doubts(
    words: Sequence[Word], segments: Sequence[EngineSegment], seconds: float, cuts: Sequence[float] = ()
) -> tuple[str, ...]:
    """What is doubtful about an utterance of `words` spoken in `seconds` of speech, in the order of Doubt.

    `segments` are the recogniser's segments the words came from; `cuts` the moments, on the words' timeline, at which
    the sound given to the recogniser began or ended.
    """
    if not words:
        return (Doubt.NO_SPEECH if _speechless(segments) else Doubt.UNRECOGNISED,)
    text = plain(" ".join(word.text for word in words))
    found = {
        Doubt.REPETITION: _loops(text.split()) or drawn_out(text),
        Doubt.COMPRESSIBLE: any(one.compression_ratio > COMPRESSION for one in segments),
        Doubt.TOO_FAST: len(words) > WORDS_PER_SECOND * max(seconds, 0.5),
        Doubt.SILENCE_PHRASE: any(f" {phrase} " in f" {text} " for phrase in SILENCE_PHRASES),
        Doubt.NO_SPEECH: any(one.no_speech > SPEECHLESS for one in segments),
        Doubt.LOW_PROBABILITY: sum(word.probability for word in words) / len(words) < PROBABILITY,
        Doubt.CUT_WORD: any(_cut(word, cuts) for word in words),
    }
    return tuple(doubt for doubt, present in found.items() if present)


def _speechless(segments: Sequence[EngineSegment]) -> bool:
    return bool(segments) and all(one.no_speech > SPEECHLESS_TOO for one in segments)


def _cut(word: Word, cuts: Sequence[float]) -> bool:
    touched = any(abs(edge - cut) <= EDGE for edge in (word.start, word.end) for cut in cuts)
    return touched and word.probability < CUT_PROBABILITY


def _loops(words: Sequence[str]) -> bool:
    """Whether any phrase stands REPEATS times in a row."""
    return any(
        all(words[at + step] == words[at + step + length] for step in range(length * (REPEATS - 1)))
        for length in range(1, len(words) // REPEATS + 1)
        for at in range(len(words) - length * REPEATS + 1)
    )


def drawn_out(text: str) -> bool:
    """Whether a letter stands LETTERS times in a row."""
    return re.search(rf"([^\W\d_])\1{{{LETTERS - 1}}}", text.casefold()) is not None
