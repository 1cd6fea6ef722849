"""What a copy says of itself, in the language of the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from court.toml import parse_toml
from protocol.copies.notice import LEAD_SECONDS


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """What identifies a copy; `made` is written for people."""

    number: int
    case: str
    court: str
    recipient: str
    ground: str
    made: str
    language: str


def card_lines(facts: CopyFacts) -> list[str]:
    """The card at the beginning."""
    return [_say(facts, one) for one in ("number", "case", "recipient", "ground", "caution")]


def absent_lines(facts: CopyFacts) -> list[str]:
    """The card where nothing was recorded, or may be shown."""
    return [_say(facts, one) for one in ("absent", "number", "recipient")]


def mark_text(facts: CopyFacts) -> str:
    """Number, case and recipient in one line."""
    return ". ".join(_say(facts, one) for one in ("number", "case", "recipient"))


def readme(facts: CopyFacts, names: Mapping[str, str], key: str, site: str, *, heard: bool = False) -> str:
    """README.txt; `names` are the files by what they are (recording, transcript, protocol, proof, verifier), `site` is
    the address of the court's pages; `heard`: there is a mark in the sound."""
    texts = _texts()[facts.language]
    files = "\n".join(f"    {name}: {texts['files'][what]}" for what, name in names.items())
    said = {one: _say(facts, one) for one in ("number", "case", "recipient", "ground", "caution")}
    more = {"made": facts.made, "lead": LEAD_SECONDS, "files": files, "key": key, "site": site}
    more["heard"] = str(texts["heard"]) if heard else ""
    return str(texts["readme"]).format(**said, **more, verifier=names["verifier"], recording=names["recording"])


def _say(facts: CopyFacts, what: str) -> str:
    told = {"number": facts.number, "case": facts.case, "court": facts.court, "recipient": facts.recipient}
    return str(_texts()[facts.language][what]).format(**told, ground=facts.ground).rstrip(", ")


@cache
def _texts() -> dict[str, Any]:
    return parse_toml((resources.files(__package__) / "texts.toml").read_text("utf-8"))
