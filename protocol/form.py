"""A form: the order of the fields a procedural code prescribes, and the words of one language."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any

from babel.dates import format_datetime

from court.card import LANGUAGES
from court.toml import parse_toml
from protocol.errors import FormError

PROFILES = ("kz", "kg")
"""The countries whose rules the forms know: Kazakhstan, Kyrgyzstan."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form in one language.

    `fields` are keys in the prescribed order and `labels` their wording. `words` holds all other texts by
    `group.name`; dates and times are Babel patterns. `pending` when the form or its wording awaits legal confirmation,
    `source` the rule it follows. `steps` are the kinds of action whose absence the protocol states. `full` names the
    form that replaces this one where the presiding judge so decides, if there is one.
    """

    name: str
    source: str
    language: str
    pending: bool
    full: str
    fields: tuple[str, ...]
    steps: tuple[str, ...]
    labels: Mapping[str, str]
    words: Mapping[str, str]
    cues: Mapping[str, tuple[str, ...]]

    def say(self, name: str, /, **values: object) -> str:
        """The sentence `name` with its places filled; raises FormError when the form lacks it."""
        try:
            return self.words[name].format(**values)
        except (KeyError, IndexError) as error:
            raise FormError(
                f"The form {self.name!r} cannot say {name!r} in {self.language!r}: add {error} to its file."
            ) from None

    def moment(self, name: str, moment: datetime) -> str:
        """`moment` (in the zone it carries) after the pattern `name`: `date`, `time` or `clock`."""
        return format_datetime(moment, self.say(f"format.{name}"), locale=self.language)

    def length(self, seconds: float) -> str:
        """A duration in whole seconds, rounded down like every time shown, in units as far as needed."""
        whole = int(seconds)
        if whole == 0:
            return self.say("format.under_second")
        parts = ((whole // 3600, "hours"), (whole // 60 % 60, "minutes"), (whole % 60, "seconds"))
        return " ".join(self.say(f"format.{unit}", n=count) for count, unit in parts if count)


@dataclass(frozen=True, slots=True)
class FormFile:
    """The TOML `text` of one file, named `where` in errors."""

    text: str
    where: str

    def table(self) -> dict[str, Any]:
        """Raises FormError when it is no TOML."""
        try:
            return parse_toml(self.text)
        except tomllib.TOMLDecodeError as error:
            raise FormError(f"The form {self.where} is not valid TOML ({error}): correct that line.") from None


def parse_form(name: str, language: str, profile: str, words: Iterable[FormFile], files: Iterable[FormFile]) -> Form:
    """The form `name` from the files of the words of its language, and those of the form: each overrules those before.

    Raises FormError naming the file with a wrong entry.
    """
    first, *others = words
    spoken = {"source": "", **first.table()}
    for one in others:
        spoken = _overruled(spoken, one.table(), one.where)
    document: dict[str, Any] = {
        "based_on": "", "full": "", "fields": [], "steps": [], "pending": False, "language": {language: spoken},
    }  # fmt: skip
    for one in files:
        table = one.table()
        profiles = _part(table, "profile", PROFILES, one.where)
        for part in (table, profiles.get(profile, {})):
            languages = _part(part, "language", LANGUAGES, one.where)
            own = {"language": {language: languages[language]}} if language in languages else {}
            document = _overruled(document, {**part, **own}, one.where)
        for group, known in (("fields", spoken["labels"]), ("steps", spoken["kind"])):
            for unknown in [each for each in document[group] if each not in known]:
                raise FormError(f"The form {one.where} has {unknown!r} among its {group}: use {', '.join(known)}.")
    table = document["language"][language]
    return Form(
        name=name,
        source=table["source"],
        language=language,
        pending=document["pending"] or table["pending"],
        full=document["full"],
        fields=tuple(document["fields"]),
        steps=tuple(document["steps"]),
        labels={key: table["labels"][key] for key in document["fields"]},
        words={f"{group}.{key}": word for group in _GROUPS for key, word in table[group].items()},
        cues={key: tuple(stems) for key, stems in table["cues"].items()},
    )


_GROUPS = ("format", "page", "role", "track", "cause", "step", "kind", "say", "technical")
_KINDS = {str: "a text", bool: "true or false", list: "a list of texts", dict: "a table"}


def _part(table: dict[str, Any], name: str, known: Iterable[str], where: str) -> dict[str, dict[str, Any]]:
    """The table `name`, taken out of `table`: its entries are tables themselves, of known names."""
    part = table.pop(name, {})
    if not isinstance(part, dict) or not all(isinstance(one, dict) for one in part.values()):
        raise FormError(f"The form {where} cannot be used: its entry {name!r} must be a table of tables.")
    for unknown in [one for one in part if one not in known]:
        raise FormError(f"The form {where} has an unknown {name} {unknown!r}: use {', '.join(known)}.")
    return part


def _overruled(base: dict[str, Any], over: dict[str, Any], where: str, path: str = "") -> dict[str, Any]:
    """`base` with the entries of `over` put in their places; there must be such places, and for such values."""
    result = dict(base)
    for key, value in over.items():
        name, below = path + key, base.get(key)
        if below is None:
            raise FormError(f"The form {where} has an entry {name!r} that no form has: correct its name or remove it.")
        listed = not isinstance(value, list) or all(isinstance(one, str) for one in value)
        if type(value) is not type(below) or not listed:
            raise FormError(f"The form {where} cannot be used: its entry {name!r} must be {_KINDS[type(below)]}.")
        result[key] = _overruled(below, value, where, f"{name}.") if isinstance(value, dict) else value
        if isinstance(value, str):
            unknown = _places(value, name, where) - _places(below, name, where)
            if unknown:
                raise FormError(
                    f"The form {where} has {min(unknown)!r} in braces in {name!r}, which nothing fills: remove it."
                )
    return result


def _places(word: str, name: str, where: str) -> set[str]:
    """What the {braces} of a text name."""
    try:
        return {place for _, place, _, _ in Formatter().parse(word) if place is not None}
    except ValueError as error:
        raise FormError(f"The form {where} cannot be used: its entry {name!r} has a wrong brace ({error}).") from None
