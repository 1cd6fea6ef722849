"""The spoken cues of stages as files, one a language (docs/stages.md)."""

from collections.abc import Mapping
from functools import cache
from importlib import resources

from court.card import LANGUAGES
from court.people import CourtRole
from court.stages import StageKind
from court.toml import parse_toml
from protocol.cue import Cue, Cues, Phrase


@cache
def load_cues() -> Mapping[str, Cues]:
    """By language."""
    return {
        language: _cues((resources.files(__name__) / f"{language}.toml").read_text("utf-8")) for language in LANGUAGES
    }


def _cues(text: str) -> Cues:
    return {
        StageKind(kind): Cue(
            roles=frozenset(map(CourtRole, cue["roles"])),
            says=tuple(map(Phrase.parse, cue["say"])),
            never=tuple(map(Phrase.parse, cue.get("never", ()))),
            questions=cue.get("questions", False),
        )
        for kind, cue in parse_toml(text).items()
    }
