"""The script of a sample hearing: a TOML file of ours (ru.toml, …), read into plain values.

In ``say`` a ``+`` before a vowel marks the stressed syllable for the voice; it is no part of the reference text.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.sample_hearing.timeline import Slot


class ScriptError(Exception):
    """A script that cannot be used; the message names the file and the field."""


@dataclass(frozen=True)
class Voice:
    """Who speaks for a role: ``engine`` (festival, flite, espeak-ng), its voice, sox effects that make it another."""

    engine: str
    voice: str
    effects: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """What the secretary notes when a turn begins."""

    template: str
    text: str


@dataclass(frozen=True)
class Turn:
    """One utterance: the role that speaks, its words, how it follows the turn before, the secretary's note on it."""

    role: str
    say: str
    slot: Slot
    note: Note | None

    @property
    def text(self) -> str:
        """The words without the stress marks: the reference."""
        return self.say.replace("+", "")


@dataclass(frozen=True)
class Participant:
    """A person of the case, as the secretary enters it."""

    role: str
    name: str
    present: bool
    note: str


@dataclass(frozen=True)
class Script:
    """A whole sample hearing. ``card`` holds the fields of the case; ``seats`` the roles in microphone order."""

    seed: int
    card: dict[str, str]
    seats: tuple[str, ...]
    voices: dict[str, Voice]
    participants: tuple[Participant, ...]
    turns: tuple[Turn, ...]


def read_script(path: Path) -> Script:
    """Reads a script file; ScriptError when a field is missing or a turn's role has no microphone or voice."""
    try:
        return _parse(tomllib.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise ScriptError(f"{path}: the field {error} is missing; add it to the script") from error
    except (OSError, ValueError) as error:
        raise ScriptError(f"{path}: cannot be read as a script: {error}") from error


def _parse(data: dict[str, Any]) -> Script:
    seats = tuple(data["seats"])
    voices = {
        role: Voice(entry["engine"], entry["voice"], tuple(entry["effects"])) for role, entry in data["voice"].items()
    }
    turns = tuple(_turn(entry) for entry in data["turn"])
    for turn in turns:
        if turn.role not in seats or turn.role not in voices:
            raise ValueError(f"a turn is given to {turn.role!r}, which has no microphone or no voice")
    people = tuple(Participant(p["role"], p["name"], p["present"], p["note"]) for p in data["participant"])
    return Script(int(data["seed"]), dict(data["card"]), seats, voices, people, turns)


def _turn(entry: dict[str, Any]) -> Turn:
    note = Note(entry["note"]["template"], entry["note"]["text"]) if "note" in entry else None
    slot = Slot(overlap=float(entry.get("overlap", 0.0)), in_break=bool(entry.get("in_break", False)))
    return Turn(entry["role"], entry["say"], slot, note)
