"""The script of a simulated hearing: the card, and what its secretary does when. Parsing is pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from court.card import HearingCard
from court.errors import InputError
from court.hearing import IllegalStep
from court.notes import NoteTemplate
from court.toml import parse_toml
from hardware.devices import AUDIO_RATE
from recorder.plan import Command, Plan, obey

NOTE = "note"
GRID = 8  # samples: what happens on this grid happens at a whole tick of the cameras, too


class ScriptError(InputError):
    """The script of a simulated hearing cannot be used."""


@dataclass(frozen=True, slots=True)
class Action:
    """What the secretary does at sample `at` (48 kHz): a command, or (None) a note."""

    at: int
    command: Command | None
    template: NoteTemplate = NoteTemplate.FREE
    text: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """`actions` in the order of time; the first starts the recording."""

    card: HearingCard
    actions: tuple[Action, ...]


def load_script(path: Path) -> Script:
    """Raises ScriptError (or another InputError) in one sentence if the file cannot be used."""
    try:
        return parse_script(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ScriptError(f"The script {path} cannot be read ({error.strerror}): check the room file.") from None
    except UnicodeDecodeError:
        raise ScriptError(f"The script {path} is not text in UTF-8: save it as such.") from None


def parse_script(text: str, where: str) -> Script:
    """A script from TOML `text`; `where` names it in errors. Raises ScriptError or another InputError."""
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"The script {where} is not valid TOML ({error}): correct that line.") from None
    card = HearingCard.parse({**document, "participants": document.get("participant", [])})
    entries = document.get("action", [])
    if not isinstance(entries, list) or not entries:
        raise ScriptError(f"The script {where} has no [[action]]: it needs at least a start.")
    actions = tuple(_action(entry, where) for entry in entries)
    _check_order(actions, where)
    return Script(card, actions)


def _action(entry: Any, where: str) -> Action:
    if not isinstance(entry, Mapping):
        raise ScriptError(f"The script {where} has an action that is not a table: write [[action]] above it.")
    at, deed, text = entry.get("at"), entry.get("do"), entry.get("text", "")
    if not isinstance(at, int | float) or isinstance(at, bool) or not 0 <= at < 1e6:
        raise ScriptError(f"The script {where} has an action at {at!r}: give seconds from the beginning.")
    sample = round(at * AUDIO_RATE) // GRID * GRID
    try:
        if deed == NOTE and isinstance(text, str):
            return Action(sample, None, NoteTemplate(entry.get("template", NoteTemplate.FREE)), text)
        return Action(sample, Command(str(deed)))
    except ValueError as error:
        raise ScriptError(f"The script {where} has an action at {at} s that is unknown: {error}.") from None


def _check_order(actions: tuple[Action, ...], where: str) -> None:
    """That a secretary could do all this."""
    plan, before = Plan(), 0
    for number, action in enumerate(actions):
        seconds = action.at / AUDIO_RATE
        if action.at < before:
            raise ScriptError(f"The script {where} goes back in time at {seconds} s: sort its actions.")
        if (number == 0) != (action.command is Command.START) or (number == 0 and action.at > 0):
            raise ScriptError(f"The script {where} must begin with one start at 0 s.")
        if plan.ended:
            raise ScriptError(f"The script {where} goes on after its stop: remove the action at {seconds} s.")
        if action.command is not None:
            try:
                plan = obey(plan, action.command, action.at).plan
            except IllegalStep as error:
                raise ScriptError(f"The script {where} cannot be played at {seconds} s: {error}") from None
        before = action.at
