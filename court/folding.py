"""Text made comparable: letters' case, ё and punctuation make no difference, in any of the alphabets in use."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")


def folded_words(text: str) -> list[str]:
    """The words of a text, folded: runs of letters and digits, so `кто-то` is two."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold().replace("ё", "е"))


def folded(text: str) -> str:
    """The folded words with a blank between each two."""
    return " ".join(folded_words(text))
