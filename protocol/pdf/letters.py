"""Which letters of a document its font cannot print. There is one font, and no other stands in for it."""

import json
from collections.abc import Callable, Collection
from typing import Any

from protocol.model import ProtocolDocument
from protocol.pdf import style
from protocol.typeset import typeset


def missing_letters(document: ProtocolDocument) -> set[str]:
    """The printable characters of `document` that one of the font's cuts lacks."""
    used = set(typeset(json.dumps(document.as_json(), ensure_ascii=False)))
    cuts = [style.letters(name) for name in (style.TEXT, style.STRONG, style.ITALIC, style.LIGHT)]
    return {one for one in used if one.isprintable() and any(ord(one) not in cut for cut in cuts)}


def with_numbers(document: ProtocolDocument, letters: Collection[str]) -> ProtocolDocument:
    """The document with the number of each of these letters in its place."""
    numbers = str.maketrans({one: f"[U+{ord(one):04X}]" for one in letters})
    return ProtocolDocument.from_json(_each(document.as_json(), lambda text: text.translate(numbers)))


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with `change` made to every text in it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each(one, change) for key, one in value.items()}
    return [_each(one, change) for one in value] if isinstance(value, list) else value
