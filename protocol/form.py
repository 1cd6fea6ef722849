"""A form: the order of the fields a procedural code prescribes, and the words of one language."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Any

from babel.dates import format_datetime

from court.toml import parse_toml
from protocol.errors import FormError


@dataclass(frozen=True, slots=True)
class Form:
    """One form in one language.

    `fields` are keys in the prescribed order and `labels` their wording. `words` holds all other texts by
    `group.name`; dates and times are Babel patterns. `pending` when the wording awaits legal confirmation.
    """

    name: str
    source: str
    language: str
    pending: bool
    fields: tuple[str, ...]
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


def parse_form(text: str, where: str, language: str, override: str = "", override_where: str = "") -> Form:
    """The form of the TOML `text` in `language`; a court's `override` replaces single entries of it.

    `where` and `override_where` name the files in errors. Raises FormError.
    """
    document = _merged(_table(text, where), _table(override, override_where))
    where = override_where if override else where
    try:
        table = document["language"][language]
    except (KeyError, TypeError):
        raise FormError(f"The form {where} has no language {language!r}: add [language.{language}] to it.") from None
    try:
        fields = tuple(document["fields"])
        words = {f"{group}.{name}": word for group in _GROUPS for name, word in table[group].items()}
        form = Form(
            name=document["form"],
            source=document["source"],
            language=language,
            pending=table["pending"],
            fields=fields,
            labels={key: table["labels"][key] for key in fields},
            words=words,
            cues={name: tuple(stems) for name, stems in table["cues"].items()},
        )
        for word in (*words.values(), *form.labels.values()):
            list(Formatter().parse(word))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormError(f"The form {where} cannot be used for {language!r}: {error} is missing or wrong.") from None
    return form


_GROUPS = ("format", "page", "role", "track", "cause", "step", "say", "technical")


def _table(text: str, where: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise FormError(f"The form {where} is not valid TOML ({error}): correct that line.") from None


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the entries of `over` put in their places, table by table."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result
