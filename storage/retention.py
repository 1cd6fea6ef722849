"""How long evidence must be kept: terms by class of case, as configuration, and the moment they end."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, datetime
from typing import Any

from court.case_number import match_key
from court.toml import parse_toml
from storage.errors import RetentionError

FOR_EVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has none."""

PERMANENT = "permanent"
MAX_YEARS = 500
UNKNOWN = "unknown"

_LETTERS = re.compile(r"[^\W\d_]+")
_ENTRIES = {"code", "category", "marks", "keep", "pending", "source"}


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """A kind of case and how long its hearings are kept after they ended.

    `code` is the procedural code, `category` which of its cases, `marks` the letters in a case number that tell it,
    as `marks_of` gives them. `years` is None for ever. `pending` until the court has confirmed the term, `source`
    says what it rests on.
    """

    name: str
    code: str
    category: str
    marks: frozenset[str]
    years: int | None
    pending: bool
    source: str

    @property
    def length(self) -> float:
        """In years, to compare."""
        return float("inf") if self.years is None else self.years

    def ends(self, ended: datetime) -> datetime:
        """When the term of a hearing that `ended` then is over."""
        return FOR_EVER if self.years is None else retain_until(ended, self.years)


def retain_until(stored: datetime, years: int) -> datetime:
    """The moment, in UTC, until which what was stored at `stored` may not be destroyed: `years` calendar years on.

    Kept from 29 February, it may be destroyed on 1 March: never earlier than the full term.
    """
    if years < 1:
        raise RetentionError(f"A retention of {years} years keeps nothing: set at least 1 year.")
    moment = stored.astimezone(UTC)
    if moment.year + years > MAXYEAR:
        return FOR_EVER
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, month=3, day=1)


def kept_until(
    ended: datetime, term: RetentionClass, orders: Iterable[datetime], locks: Iterable[datetime]
) -> datetime:
    """Until when a hearing is kept: the latest of its class's term, the `orders` that extended it, and the `locks`
    under which its objects were stored. So whatever is added only ever makes it longer.
    """
    return max([term.ends(ended), *orders, *locks])


def lock_until(
    now: datetime, ended: datetime, term: RetentionClass, orders: Iterable[datetime], years: int
) -> datetime:
    """Until when the store itself shall be told to refuse destruction.

    A lock cannot be taken back and terms are configuration, so it reaches at most `years` past the beginning of this
    year, unless the court ordered more, and grows year by year until the term is over.
    """
    this_year = now.astimezone(UTC).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return max([min(term.ends(ended), retain_until(this_year, years)), *orders])


def marks_of(case_number: str) -> frozenset[str]:
    """The groups of letters in a case number, in one alphabet: `ГД 4405/24-Б2` has ГД and Б."""
    return frozenset(match_key(group) for group in _LETTERS.findall(case_number))


def class_of(case_number: str, classes: Iterable[RetentionClass]) -> RetentionClass:
    """The class that the case number tells; of several, and where it tells none, the one that keeps longest."""
    known = list(classes)
    marks = marks_of(case_number)
    told = [one for one in known if one.marks & marks]
    if told:
        return _longest(told)
    return replace(_longest(known), name=UNKNOWN)


def parse_classes(text: str, where: str, own: str = "", own_where: str = "") -> tuple[RetentionClass, ...]:
    """The classes of the TOML `text`; a court's `own` replaces single entries of them or adds classes.

    `where` and `own_where` name the files in errors. Raises RetentionError.
    """
    merged = _tables(text, where)
    for name, entries in _tables(own, own_where).items():
        merged[name] = {**merged.get(name, {}), **entries}
    named = own_where if own else where
    if not merged:
        raise RetentionError(f"The retention classes in {named} are none: write at least one as [class.name].")
    return tuple(_class(name, entries, named) for name, entries in merged.items())


def _longest(classes: Iterable[RetentionClass]) -> RetentionClass:
    return max(classes, key=lambda one: one.length)


def _tables(text: str, where: str) -> dict[str, dict[str, Any]]:
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise RetentionError(f"The retention classes in {where} are no TOML ({error}): correct the file.") from None
    found = document.get("class", {})
    if document.keys() - {"class"} or not isinstance(found, dict):
        raise RetentionError(f"The retention classes in {where} must stand in tables [class.name] and nothing else.")
    for name, entries in found.items():
        if not isinstance(entries, dict):
            raise RetentionError(f"The retention class {name!r} in {where} is no table: write [class.{name}].")
    return found


def _class(name: str, entries: Mapping[str, Any], where: str) -> RetentionClass:
    missing, unknown = _ENTRIES - entries.keys(), entries.keys() - _ENTRIES
    if missing or unknown:
        which = f"lacks {', '.join(sorted(missing))}" if missing else f"has the unknown {', '.join(sorted(unknown))}"
        raise RetentionError(
            f"The retention class {name!r} in {where} {which}: it needs {', '.join(sorted(_ENTRIES))}."
        )
    keep, marks = entries["keep"], entries["marks"]
    right = {
        "keep": keep == PERMANENT or (type(keep) is int and 1 <= keep <= MAX_YEARS),
        "marks": isinstance(marks, list) and all(isinstance(one, str) and len(marks_of(one)) == 1 for one in marks),
        "pending": isinstance(entries["pending"], bool),
        **{field: isinstance(entries[field], str) for field in ("code", "category", "source")},
    }
    wrong = next((field for field, good in right.items() if not good), None)
    if wrong is not None:
        raise RetentionError(
            f"The retention class {name!r} in {where} cannot have {wrong} = {entries[wrong]!r:.60}: {_RULES[wrong]}."
        )
    return RetentionClass(
        name=name,
        code=entries["code"],
        category=entries["category"],
        marks=frozenset[str]().union(*(marks_of(one) for one in marks)),
        years=None if keep == PERMANENT else keep,
        pending=entries["pending"],
        source=entries["source"],
    )


_RULES = {
    "keep": f'give years from 1 to {MAX_YEARS}, or "{PERMANENT}"',
    "marks": "give a list of groups of letters as in case numbers",
    "pending": "give true or false",
    **dict.fromkeys(("code", "category", "source"), "give a text"),
}
