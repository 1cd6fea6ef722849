"""What a backup says about itself: when it was made, how far the log had come, and what it holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from court.clock import iso_utc, parse_utc
from storage.errors import BackupError
from storage.ledger.bodies import is_count, is_hash, is_text, is_time

FORMAT = "courtrec backup 1"
NAME = "manifest.json"
DATABASE, KEYS = "database", "keys"
LOG_KEY = f"{KEYS}/log.ed25519"
CHECKPOINT = f"{KEYS}/log.checkpoint"
"""The log's newest signed end, which lies among the keys (ADR 12)."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup: `size` in bytes."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`entries` and `root` (hex) are the log's as of the database's copy, `checkpoint` its newest signed note or ''.

    `database` is sqlite or postgresql: a backup goes back into what it was made of.
    """

    made_at: datetime
    origin: str
    entries: int
    root: str
    checkpoint: str
    database: str
    parts: Mapping[str, Part]

    @property
    def keys(self) -> list[str]:
        """Names of the parts that are key files."""
        return [name for name in self.parts if name.startswith(f"{KEYS}/")]

    def as_json(self) -> bytes:
        fields: dict[str, Any] = {
            "format": FORMAT,
            "made_at": iso_utc(self.made_at),
            "origin": self.origin,
            "entries": self.entries,
            "root": self.root,
            "checkpoint": self.checkpoint,
            "database": self.database,
            "parts": {name: {"size": part.size, "sha256": part.sha256} for name, part in self.parts.items()},
        }
        return json.dumps(fields, ensure_ascii=False, indent=1).encode()


_FIELDS = {
    "made_at": is_time,
    "origin": is_text,
    "entries": is_count,
    "root": is_hash,
    "checkpoint": is_text,
    "database": is_text,
}


def parse_manifest(text: bytes) -> Manifest:
    """From JSON; raises BackupError, saying what is wrong, on anything else."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise BackupError("Its list of contents is not JSON: it is no backup of courtrec, or damaged.") from None
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        found = fields.get("format") if isinstance(fields, dict) else None
        raise BackupError(f"Its format is {found!a:.60}; this version of courtrec knows {FORMAT!r}.")
    wrong = next((name for name, good in _FIELDS.items() if not good(fields.get(name))), None)
    if wrong is not None or not _are_parts(fields.get("parts")):
        raise BackupError(f"Its list of contents holds what it may not under {wrong or 'parts'!r}.")
    if missing := [name for name in (DATABASE, LOG_KEY) if name not in fields["parts"]]:
        raise BackupError(f"It holds no {missing[0]}: it was not made by `courtrec backup make`.")
    return Manifest(
        made_at=parse_utc(fields["made_at"]),
        parts={name: Part(**part) for name, part in fields["parts"].items()},
        **{name: fields[name] for name in _FIELDS if name != "made_at"},
    )


def _are_parts(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, dict)
        and part.keys() == {"size", "sha256"}
        and is_count(part["size"])
        and is_hash(part["sha256"])
        for part in value.values()
    )
