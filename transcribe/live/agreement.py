"""How far a text that is still being said can be relied on (LocalAgreement-2). Pure.

What two successive hypotheses begin with alike rarely changes any more; the rest does (Liu et al. 2020, as used by
Macháček et al. 2023 for Whisper).
"""

import re
from collections.abc import Sequence


def agreed(before: Sequence[str], now: Sequence[str]) -> int:
    """How many words at the beginning of `now` the hypothesis before had as well, case and punctuation aside."""
    count = 0
    for one, other in zip(before, now, strict=False):
        if _plain(one) != _plain(other):
            break
        count += 1
    return count


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).lower().replace("ё", "е")
