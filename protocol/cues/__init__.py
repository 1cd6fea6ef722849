"""The spoken cues of stages as files, one a language: packaged ones, and a court's own over them (docs/stages.md)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from court.card import LANGUAGES
from court.people import CourtRole
from court.stages import StageKind
from court.toml import parse_toml
from protocol.cue import Cue, Cues, Phrase
from protocol.errors import CuesError

_KNOWN = ("roles", "say", "also_say", "never", "also_never", "questions")
_Entry = dict[str, Any]


@cache
def load_cues(folder: Path | None = None) -> Mapping[str, Cues]:
    """By language, with the changes in the court's `folder`; read once, so a change wants a new start.

    Raises CuesError naming file and entry to correct.
    """
    if folder is None:
        return {language: _cues(_packaged(language)) for language in LANGUAGES}
    return {language: _cues(_with(_packaged(language), _own(file))) for language, file in _files(folder).items()}


def _packaged(language: str) -> dict[str, _Entry]:
    return parse_toml((resources.files(__name__) / f"{language}.toml").read_text("utf-8"))


def _cues(entries: Mapping[str, _Entry]) -> Cues:
    return {
        StageKind(kind): Cue(
            roles=frozenset(map(CourtRole, one["roles"])),
            says=tuple(map(Phrase.parse, one["say"])),
            never=tuple(map(Phrase.parse, one.get("never", ()))),
            questions=one.get("questions", False),
        )
        for kind, one in entries.items()
    }


def _files(folder: Path) -> dict[str, Path]:
    """Where each language's file is, or would be; a file that no language has is a mistyped name."""
    names = [f"{language}.toml" for language in LANGUAGES]
    try:
        unknown = next((one.name for one in sorted(folder.iterdir()) if one.name not in names), None)
    except OSError as error:
        raise CuesError(
            f"The cues of stages {folder} cannot be read ({error.strerror}): correct COURTREC_PROTOCOL_CUES."
        ) from None
    if unknown is not None:
        raise CuesError(f"The folder {folder} with cues of stages has a file {unknown!r}: use {', '.join(names)}.")
    return {language: folder / f"{language}.toml" for language in LANGUAGES}


def _own(file: Path) -> dict[str, _Entry]:
    """What the court's file says; nothing where there is no file."""
    if not file.is_file():
        return {}
    try:
        return parse_cues(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CuesError(f"The cues of stages {file} cannot be read ({error}): make it readable UTF-8.") from None


def parse_cues(text: str, file: str) -> dict[str, _Entry]:
    """The entries of a court's file, as checked; raises CuesError naming `file` and the entry to correct."""
    try:
        entries = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise CuesError(f"The cues of stages {file} are no TOML ({error}): correct the file.") from None
    for kind, one in entries.items():
        if kind not in set(StageKind):
            raise CuesError(f"The cues of stages {file} have an unknown stage {kind!r}: use {', '.join(StageKind)}.")
        if not isinstance(one, dict):
            raise CuesError(f"The entry {kind} of the cues of stages {file} must be a table.")
        for name, value in one.items():
            _check(f"{kind}.{name}", name, value, file)
    return entries


def _check(entry: str, name: str, value: Any, file: str) -> None:
    """Raises CuesError where the value is none that this entry of the court's file may have."""
    if name not in _KNOWN:
        raise CuesError(f"The cues of stages {file} have an unknown entry {entry}: use {', '.join(_KNOWN)}.")
    if name == "questions":
        if not isinstance(value, bool):
            raise CuesError(f"The entry {entry} of the cues of stages {file} must be true or false.")
        return
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise CuesError(f"The entry {entry} of the cues of stages {file} must be a list of texts in quotation marks.")
    if name == "roles":
        unknown = next((one for one in value if one not in set(CourtRole)), None)
        if unknown is not None:
            raise CuesError(
                f"The entry {entry} of the cues of stages {file} names an unknown role {unknown!r}: use "
                f"{', '.join(CourtRole)}."
            )
        return
    # An empty alternative would stand in every sentence, and a sign of punctuation in none.
    wrong = next((one for one in value if not one.split() or not all(map(_is_slot, one.split()))), None)
    if wrong is not None:
        raise CuesError(
            f"The phrase {wrong!r} in the entry {entry} of the cues of stages {file} cannot be used: write beginnings "
            "of words, letters and digits alone, with | between two that may stand in one place."
        )


def _is_slot(text: str) -> bool:
    return all(one.removesuffix(".").isalnum() for one in text.split("|"))


def _with(packaged: Mapping[str, _Entry], own: Mapping[str, _Entry]) -> dict[str, _Entry]:
    """Entries of the court stand in the place of the packaged ones; those that begin with `also` add to them."""
    found = {kind: {**one, **own.get(kind, {})} for kind, one in packaged.items()}
    for one in found.values():
        for name in ("say", "never"):
            one[name] = [*one.get(name, ()), *one.pop(f"also_{name}", ())]
    return found
