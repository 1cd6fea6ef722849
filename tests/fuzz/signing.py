"""What somebody who holds the keys can make of any bytes: without it, signatures would keep hostile content out of
everything that stands behind them."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bundle import Bundle, content_hash, file_name
from storage.ledger.chains import Withheld
from storage.ledger.checkpoint import sign_checkpoint, verifier_key
from storage.ledger.contents import Contents
from storage.ledger.ed25519 import SigningKey
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import Leaf, LeafKind, entry_hash, parse, sign
from storage.ledger.multiproof import nodes_around
from storage.ledger.stored import named_object
from tests.factories.hearing_log import HEARING, KEYS, NODE, SERVER, HearingLog, made_hearing

ORIGIN = "court.example/log"
LOG = SigningKey.from_seed(b"log".ljust(32, b"."))
LOG_KEY = verifier_key(ORIGIN, LOG.public)
_OTHER = merkle.leaf_hash(b"an entry of another hearing")
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
        names = ("hearing", "author", "seq", "prev", "at", "body")
        leaf = Leaf(LeafKind(fields["kind"]), *(fields[name] for name in names))
        author, _ = _AUTHORS[leaf.author], dict(leaf.body)
    except (ValueError, TypeError, LookupError, RecursionError):
        return line
    try:
        return sign(leaf, author)
    except LedgerError:
        return line


def bundle_of(entries: Sequence[bytes], files: dict[str, str], hidden: frozenset[int] = frozenset(),
              **other: Any) -> Bundle:  # fmt: skip
    """A bundle that proves any `entries` to stand in the log, between those of other hearings.

    Of the `hidden` ones, counted from 0, it holds the hashes only; `other` are fields of its list of contents, which
    raise LedgerError if they are not taken.
    """
    log = [_OTHER, *map(merkle.leaf_hash, entries), _OTHER, _OTHER]
    tree: dict[tuple[int, int], bytes] = {}
    for index, one in enumerate(log):
        for level, place, value in merkle.append(index, one, lambda *node: tree[node]):
            tree[level, place] = value
    own = range(1, len(entries) + 1)
    withheld = (Withheld(at, (leaf := parse(entries[at - 1])).author, leaf.seq, entry_hash(leaf.entry), log[at])
                for at in own if at - 1 in hidden)  # fmt: skip
    given = tuple(at for at in own if at - 1 not in hidden)
    nodes = {node: tree[node] for node in nodes_around(own, len(log))}
    contents = Contents(ORIGIN, LOG_KEY, HEARING, own[-1] if own else 0, given, tuple(withheld), nodes, files)
    contents = Contents.parse(json.dumps(contents.as_fields() | other).encode())
    checkpoint = sign_checkpoint(ORIGIN, len(log), merkle.root_at(len(log), lambda *node: tree[node]), LOG)
    return Bundle(contents, tuple(entries[at - 1] for at in given), checkpoint, sign_key_list(ORIGIN, KEYS, LOG))


@cache
def honest() -> tuple[Bundle, HearingLog]:
    """A bundle without fault, from which the journal was kept back, and the log with the objects it hands out."""
    log = made_hearing()
    leaves = list(map(parse, log.entries))
    files = {file_name(leaf): found[0] for leaf in leaves if (found := named_object(leaf))}
    hidden = frozenset(index for index, leaf in enumerate(leaves) if leaf.kind is LeafKind.ACCESS)
    content = content_hash(files.values(), [index + 1 for index in hidden])
    whom = {"actor": "clerk", "role": "operator", "recipient": "Иванов", "ground": "ходатайство", "address": ""}
    counts = {"objects": len(files), "withheld": len(hidden), "content_sha256": content}
    log.add(SERVER, LeafKind.COPY, whom | counts)
    return bundle_of(log.entries, files, hidden), log
