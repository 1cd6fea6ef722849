"""Case numbers as AIS Court prints them.

Numbers seen on public case cards follow no strict pattern and one case appears in several spellings, so a number
is kept verbatim and compared by a normalised key; only what is empty or absurd is refused.
"""

import re
import unicodedata
from dataclasses import dataclass

from court.errors import InputError

MAX_LENGTH = 64

# Latin letters that look like Cyrillic ones; typists mix the two alphabets without seeing it.
_LOOK_ALIKE = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
_SEPARATORS = re.compile(r"[\s\-‐‑‒–—−_.]+")


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A case number: `verbatim` for people, `key` for matching."""

    verbatim: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "CaseNumber":
        """Accepts any plausible case number; raises InputError when it is empty or absurd."""
        verbatim = " ".join(unicodedata.normalize("NFC", text).split())
        if not verbatim:
            raise InputError("The case number is empty: give the number printed on the AIS Court case card.")
        if len(verbatim) > MAX_LENGTH:
            raise InputError(f"The case number has {len(verbatim)} characters; at most {MAX_LENGTH} are possible.")
        if not verbatim.isprintable() or not any(character.isdigit() for character in verbatim):
            raise InputError(f"The case number {verbatim!r} has no digit or has unprintable characters: check it.")
        return cls(verbatim, match_key(verbatim))

    def __str__(self) -> str:
        return self.verbatim


def match_key(text: str) -> str:
    """The key under which spellings of one number meet: upper case, no separators, one alphabet."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return _SEPARATORS.sub("", folded).translate(_LOOK_ALIKE)
