"""Collects for the catalogues what is marked in a module, and the sentences of the errors it raises. See babel.cfg.

An error's sentence needs no mark: `raise NotFound("There is no such hearing.")`. What differs each time stands in
braces under the name of what is put there: `raise FormError(f"There is no form {self.name!r}.")` is the message `There
is no form {name}.`, as court/sentences.py recognises it.
"""

import ast
import builtins
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

from babel.messages.extract import extract_python

Found = tuple[int, str | None, Any, Any]


def extract(
    file: BinaryIO, keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """A method of extraction as Babel calls it."""
    yield from extract_python(file, keywords, comment_tags, options)  # type: ignore[arg-type, misc] # Babel's own types
    file.seek(0)
    for line, sentence in raised(file.read().decode()):
        yield line, None, sentence, []


def raised(source: str) -> Iterator[tuple[int, str]]:
    """Line and sentence of every error of ours that the source raises with a sentence of its own."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=kind), args=[said, *_])) if _ours(kind):
                sentence = _sentence(said)
                if sentence:
                    yield node.lineno, sentence


def _ours(kind: str) -> bool:
    """Whether it names an error, and none that is a programmer's."""
    return kind[:1].isupper() and not hasattr(builtins, kind)


def _sentence(said: ast.expr) -> str:
    """Empty where it is made elsewhere."""
    match said:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=pieces):
            text, names = "", list[str]()
            for piece in pieces:
                if isinstance(piece, ast.FormattedValue):
                    names.append(_name(piece.value, names))
                    text += f"{{{names[-1]}}}"
                elif isinstance(piece, ast.Constant):
                    text += str(piece.value)
            return text
    return ""


def _name(value: ast.expr, taken: Collection[str]) -> str:
    """The last name in the expression that is no method's, so `known` for `", ".join(known)`."""
    names = [
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in ast.walk(value)
        if isinstance(one, ast.Attribute | ast.Name) and not _called(one, value)
    ]
    name = next((one for one in names if one != "value"), "what").strip("_").lower()
    return name if name not in taken else f"{name}{len(taken) + 1}"


def _called(one: ast.expr, value: ast.expr) -> bool:
    return any(isinstance(each, ast.Call) and each.func is one for each in ast.walk(value))
