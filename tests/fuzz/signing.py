"""What somebody who holds the keys can make of any bytes: without it, signatures would keep hostile content out of
everything that stands behind them."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bundle import FILES, Bundle, Contents, content_hash
from storage.ledger.checkpoint import sign_checkpoint, verifier_key
from storage.ledger.ed25519 import SigningKey
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import Leaf, LeafKind, parse, sign
from storage.ledger.stored import named_object
from tests.factories.hearing_log import HEARING, KEYS, NODE, SERVER, HearingLog, made_hearing

ORIGIN = "court.example/log"
LOG = SigningKey.from_seed(b"log".ljust(32, b"."))
LOG_KEY = verifier_key(ORIGIN, LOG.public)
_AUTHORS = {key.key_id: key for key in (NODE, SERVER)}


def unsigned(entry: bytes) -> bytes:
    """A line that `entry_of` signs again: for seeds, so that what is altered in them stays signed."""
    fields = json.loads(entry)
    del fields["sig"]
    return json.dumps(fields, ensure_ascii=False).encode()


def entry_of(line: bytes) -> bytes:
    """The leaf that the line describes, signed by its author; the line itself if it describes none."""
    try:
        fields = json.loads(line)
        leaf = Leaf(LeafKind(fields["kind"]), *(fields[name] for name in ("hearing", "author", "seq", "prev", "at")),
                    dict(fields["body"]))  # fmt: skip
        return sign(leaf, _AUTHORS[leaf.author])
    except (LedgerError, ValueError, TypeError, LookupError, RecursionError):
        return line


def bundle_of(entries: Sequence[bytes], files: dict[str, str], **other: Any) -> Bundle:
    """A bundle that proves any `entries` to stand in the log; `other` are fields of its list of contents.

    Raises LedgerError if these are not taken.
    """
    root = merkle.root(list(map(merkle.leaf_hash, entries)))
    contents = Contents(ORIGIN, LOG_KEY, HEARING, len(entries) - 1, tuple(range(len(entries))), (), {}, files)
    contents = Contents.parse(json.dumps(contents.as_fields() | other).encode())
    return Bundle(contents, tuple(entries), sign_checkpoint(ORIGIN, len(entries), root, LOG),
                  sign_key_list(ORIGIN, KEYS, LOG))  # fmt: skip


@cache
def honest() -> tuple[Bundle, HearingLog]:
    """A bundle without fault, and the log with the objects it hands out."""
    log = made_hearing()
    named = (named_object(parse(entry)) for entry in log.entries)
    files = {f"{FILES}{where}": sha256 for sha256, where, _ in filter(None, named)}
    whom = {"actor": "clerk", "role": "operator", "recipient": "Иванов", "ground": "ходатайство", "address": ""}
    counts = {"objects": len(files), "withheld": 0, "content_sha256": content_hash(files.values(), [])}
    log.add(SERVER, LeafKind.COPY, whom | counts)
    return bundle_of(log.entries, files), log
