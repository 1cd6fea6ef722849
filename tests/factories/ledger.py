"""Signed ledger entries, with deterministic keys and times."""

from datetime import UTC, datetime, timedelta
from typing import Any

from storage.ledger.chain import Chain
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind

HEARING = "01900000-0000-7000-8000-000000000001"
MOMENT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NODE_KEY = SigningKey.from_seed(b"node".ljust(32, b"."))
SERVER_KEY = SigningKey.from_seed(b"server".ljust(32, b"."))
LOG_KEY = SigningKey.from_seed(b"log".ljust(32, b"."))


def note_body(at_sample: int = 48_000, text: str = "…") -> dict[str, Any]:
    return {"at_sample": at_sample, "template": "free", "text": text}


def note_entries(count: int, hearing: str = HEARING, key: SigningKey = NODE_KEY) -> list[bytes]:
    """A chain of `count` notes, one a second."""
    chain, entries = Chain(hearing, key.key_id), []
    for number in range(count):
        at = MOMENT + timedelta(seconds=number)
        entry, chain = chain.append(LeafKind.NOTE, at, note_body(48_000 * number, f"note {number}"), key)
        entries.append(entry)
    return entries
