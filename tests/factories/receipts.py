"""A hearing's leaves as they come to stand in the log, each dated as a test wants it."""

from datetime import datetime
from typing import Any

from storage.ledger.chain import Chain
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import LeafKind, SignedLeaf, entry_hash, parse
from tests.factories.hearing_log import HEARING, NODE, SERVER, anchor

_OPENING = {"card": {}, "room": "", "node": "", "profile": "", "tracks": [], "started": anchor(0)}
_NOTE = {"at_sample": 0, "template": "free", "text": ""}


class Leaves:
    """A hearing's leaves as they come to stand in the log."""

    def __init__(self) -> None:
        self.all: list[SignedLeaf] = []
        self._chains: dict[str, Chain] = {}

    def node(self, at: datetime) -> SignedLeaf:
        """The opening; after that a note."""
        kind, body = (LeafKind.NOTE, _NOTE) if self.all else (LeafKind.HEARING, _OPENING)
        return self._add(NODE, kind, at, body)

    def receipt(self, of: SignedLeaf, at: datetime, by: SigningKey = SERVER) -> SignedLeaf:
        return self._add(by, LeafKind.RECEIPT, at, {"entry": entry_hash(of.entry)})

    def _add(self, key: SigningKey, kind: LeafKind, at: datetime, body: dict[str, Any]) -> SignedLeaf:
        chain = self._chains.get(key.key_id, Chain(HEARING, key.key_id))
        entry, self._chains[key.key_id] = chain.append(kind, at, body, key)
        self.all.append(parse(entry))
        return self.all[-1]
