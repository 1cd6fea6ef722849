"""Spaces as a typographer sets them: no line ends between a number and its unit, or an initial and its surname."""

import re

_BOUND = "\N{NO-BREAK SPACE}"
_UPPER, _LOWER = "A-ZА-ЯЁҢӨҮҰҚҒІҺӘ", "a-zа-яёңөүұқғіһә"
_PLACES = (
    r"(?<=№) ",
    r"(?<=\bNo\.) ",
    # An initial and what it belongs to: И. И. Иванов, Иванов И. И.
    rf"(?<=\b[{_UPPER}]\.) (?=[{_UPPER}][{_LOWER}.])",
    rf"(?<=[{_LOWER}]) (?=[{_UPPER}]\.)",
    # г. Бишкек, ст. 282, ч. 4, art. 282
    rf"(?<=\b[гчп]\.) (?=[{_UPPER}\d])",
    r"(?<=\b(?:ст|им|ул)\.) ",
    r"(?<=\bart\.) ",
    # A number and what it counts; the day and its month.
    rf"(?<![^\s(«“])\d+(?:[.,]\d+)? (?=[{_UPPER}{_LOWER}])",
    # A dash does not begin a line.
    r" (?=[—–])",
)
_SPACE = re.compile("|".join(_PLACES))
# Signs of currencies that the font lacks.
_CURRENCIES = str.maketrans({"₸": "тенге", "⃀": "сом"})


def typeset(text: str) -> str:
    """`text` with no-break spaces where a line must not end; of its words nothing changes but signs of money."""
    return _SPACE.sub(lambda found: found[0].replace(" ", _BOUND), text.translate(_CURRENCIES))
