"""What Whisper is told before it hears anything, and how much it may write behind that. Pure."""

import re
from collections.abc import Callable, Iterable, Sequence

from transcribe.engines.port import EngineSegment
from transcribe.guard import drawn_out
from transcribe.speech import Word, plain

MOST = 200
"""Tokens that hotwords may take of the 448 which Whisper looks at; the rest is enough for 30 s of speech."""
HEARD = 0.15
"""The least probability of a name that was said: of 174 right ones six had less, of those made of noise all."""
SPEECHLESS_TOLD = 0.1
"""What a told Whisper's `no_speech` may be: telling words takes most of the doubt away on which the guard rests."""
PART = 3
"""Letters by which a word is known as a name's beginning, or as a name with an ending."""
CONTEXT = 448
"""Tokens that Whisper looks at: what it is told and what it writes. CTranslate2 lets it write half of them at most."""

# Of a name what is said: no initials, no "ОсОО", no quotes. Told such, Whisper writes them where nothing is said, or
# never stops.
_SAID = re.compile(r"\b[^\W\d_](?:[^\W\d_]|[-'’](?=\w))+")


def prompt_of(entries: Iterable[str], tokens: Callable[[str], int]) -> str:
    """The words of `entries` that are said, as far as there is room; `tokens` counts those of a text.

    Each is a sentence: told a list with commas, Whisper leaves out full stops, and with them the pauses between words.
    """
    told, room = [], MOST
    for entry in entries:
        text = " ".join(one for one in _SAID.findall(re.sub(r"<\|.*?\|>", " ", entry)) if _is_name(one))
        needed = tokens(f" {text}.")
        if text and needed <= room:
            told.append(text)
            room -= needed
    return " ".join(f"{one}." for one in told)


def _is_name(word: str) -> bool:
    """Whether it is written as names and words are: no capital but at the beginning of it or of a part."""
    return all(part[1:].islower() or len(part) == 1 for part in re.split(r"[-'’]", word))


def misled(one: EngineSegment, told: str) -> bool:
    """Whether what was heard is perhaps only what was `told`."""
    return made_up(one.words, told) or one.no_speech > SPEECHLESS_TOLD


def made_up(words: Sequence[Word], told: str) -> bool:
    """Whether one of `words` is one of those `told`, its beginning, or it with an ending, and was not heard, or whether
    Whisper ended in drawing out a letter over that. Probabilities are those of a model that was told nothing: the times
    of words are found without a prompt.
    """
    if any(drawn_out(one.text) for one in words):
        return True
    known = plain(told).split()
    unheard = [plain(one.text).replace(" ", "") for one in words if one.probability < HEARD]
    return any(one == name or _one_begins_the_other(one, name) for one in unheard for name in known)


def _one_begins_the_other(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= PART and longer.startswith(shorter)


def max_length(prompt: int, tokens: int) -> int:
    """CTranslate2's `max_length` for at most `tokens` of text behind a prompt of so many: it takes that for prompt and
    text together, and half of it for the text (models/whisper.cc)."""
    return min(CONTEXT, max(2 * tokens, prompt + tokens))
