"""The messages' translations, read from the gettext catalogues in court/locale as they are written, nothing compiled.

The messages' own language is English. What Kyrgyz or Kazakh lack is Russian, which is complete, before English.
"""

import importlib.resources
import json
from collections.abc import Mapping
from functools import cache

FALLBACK = {"ky": "ru", "kk": "ru"}


def N_(message: str) -> str:
    """Marks a message for the catalogues where it is defined; it is translated where it is shown."""
    return message


def catalogue_text(language: str) -> str:
    """The catalogue as it is written."""
    folder = importlib.resources.files("court") / "locale" / language / "LC_MESSAGES"
    return (folder / "courtrec.po").read_text(encoding="utf-8")


@cache
def texts(language: str) -> Mapping[str, str]:
    """What is known of each message in `language` (court.card.LANGUAGES) or where it falls back to.

    For programs without Babel, which needs more room than all else a capture node has. Of what is counted it tells the
    singular alone.
    """
    before = texts(FALLBACK[language]) if language in FALLBACK else {}
    return {**before, **{message: text for message, text in parse_po(catalogue_text(language)).items() if text}}


def parse_po(text: str) -> dict[str, str]:
    """Message and translation of every entry of a catalogue as tools/update_texts.py writes it."""
    found: dict[str, str] = {}
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            before, quote, rest = line.partition('"')
            name = before.strip() or name
            fields[name] = fields.get(name, "") + (json.loads(quote + rest) if quote else "")
        if fields.get("msgid"):
            found[fields["msgid"]] = fields.get("msgstr", fields.get("msgstr[0]", ""))
    return found
