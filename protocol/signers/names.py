"""Whether two ways to write a name can mean one person; pure."""

import re

_ADDED = re.compile(r"\([^)]*\)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def same_person(one: str, other: str) -> bool:
    """Surname first: «Асанов Б. Т.», «АСАНОВ БАКЫТ», «Асанов Бакыт Токтогулович» can be one.

    The surname and at least one word more must agree, as far as both go; an initial agrees with what begins with it.
    Remarks in brackets do not count, nor does ё.
    """
    first, second = _words(one), _words(other)
    pairs = list(zip(first, second, strict=False))
    return len(pairs) > 1 and first[0] == second[0] and all(_agree(*pair) for pair in pairs[1:])


def _words(name: str) -> list[str]:
    return _WORD.findall(_ADDED.sub(" ", name).casefold().replace("ё", "е"))


def _agree(one: str, other: str) -> bool:
    return one == other or (1 in (len(one), len(other)) and one[0] == other[0])
