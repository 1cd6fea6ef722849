"""A bundle's list of contents, as JSON. It is not signed: what it says is held against what is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.errors import LedgerError
from storage.ledger.bodies import Check, is_count, is_hash
from storage.ledger.chains import Withheld
from storage.ledger.heads import Head

FORMAT = "courtrec bundle 1"
FILES = "files/"
"""What the names of files begin with."""

_MOST = 16
"""Heads in a bundle, and tokens of one: a few are written, and hostile numbers are not tried."""

_MOST_STATEMENTS = 1000
"""Of rotations and of restorations, for the same reason."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The list of contents: `indices` of the entries in the log, in order; `files` are SHA-256 (hex) by name; `copy` is
    the index of the copy leaf, `log_key` the log's own key as a verifier key, which only the court can vouch for;
    `heads` are earlier ones that others vouch for; `rotations` and `restorations` are signed notes, by which the log's
    key was replaced and backups of the log were restored; `register` are the places of the register's entries about the
    hearing's node. Bundles made before there were any have none of these."""

    origin: str
    log_key: str
    hearing: str
    copy: int
    indices: tuple[int, ...]
    withheld: tuple[Withheld, ...]
    nodes: Mapping[tuple[int, int], bytes]
    files: Mapping[str, str]
    heads: tuple[Head, ...] = ()
    rotations: tuple[str, ...] = ()
    restorations: tuple[str, ...] = ()
    register: tuple[int, ...] = ()

    def as_fields(self) -> dict[str, Any]:
        """For JSON; hashes in hex."""
        return {
            "format": FORMAT,
            "origin": self.origin,
            "log_key": self.log_key,
            "hearing": self.hearing,
            "copy": self.copy,
            "indices": list(self.indices),
            "withheld": [
                [one.index, one.author, one.seq, one.entry_hash, one.leaf_hash.hex()] for one in self.withheld
            ],
            "nodes": [[level, index, value.hex()] for (level, index), value in self.nodes.items()],
            "files": dict(self.files),
            "heads": [[one.size, one.tokens, [node.hex() for node in one.proof]] for one in self.heads],
            "rotations": list(self.rotations),
            "restorations": list(self.restorations),
            "register": list(self.register),
        }

    @classmethod
    def parse(cls, text: bytes) -> "Contents":
        """From JSON; raises LedgerError, saying what is wrong, on anything that is no list of contents."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise LedgerError("The list of contents is not JSON: it was damaged or cut short.") from None
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            found = fields.get("format") if isinstance(fields, dict) else None
            raise LedgerError(f"The bundle's format is {found!a:.60}; this program knows {FORMAT!r}.")
        for later in ("heads", "rotations", "restorations", "register"):
            fields.setdefault(later, [])
        wrong = next((key for key, good in _CHECKS.items() if not good(fields.get(key))), None)
        if wrong is not None:
            raise LedgerError(f"The list of contents holds what it may not under {wrong!r}: it was damaged.")
        return cls(
            fields["origin"],
            fields["log_key"],
            fields["hearing"],
            fields["copy"],
            tuple(fields["indices"]),
            tuple(
                Withheld(index, author, seq, entry, bytes.fromhex(leaf))
                for index, author, seq, entry, leaf in fields["withheld"]
            ),
            {(level, index): bytes.fromhex(value) for level, index, value in fields["nodes"]},
            fields["files"],
            tuple(Head(size, tokens, tuple(map(bytes.fromhex, proof))) for size, tokens, proof in fields["heads"]),
            tuple(fields["rotations"]),
            tuple(fields["restorations"]),
            tuple(fields["register"]),
        )


def _is_line(value: Any) -> bool:
    """Half a surrogate pair, which JSON can hold, is no character, and a name with NUL opens no file."""
    return isinstance(value, str) and value.isprintable()


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_withheld(one: Any) -> bool:
    if not (isinstance(one, list) and len(one) == 5):
        return False
    index, author, seq, entry_hash, leaf_hash = one
    return is_count(index) and _is_line(author) and is_count(seq) and is_hash(entry_hash) and is_hash(leaf_hash)


def _is_node(one: Any) -> bool:
    return isinstance(one, list) and len(one) == 3 and is_count(one[0]) and is_count(one[1]) and is_hash(one[2])


def _is_head(one: Any) -> bool:
    if not (isinstance(one, list) and len(one) == 3):
        return False
    size, tokens, proof = one
    few = is_count(tokens) and tokens <= _MOST
    return is_count(size) and few and _is_list(proof) and all(map(is_hash, proof))


def _are_notes(value: Any) -> bool:
    return _is_list(value) and len(value) <= _MOST_STATEMENTS and all(isinstance(one, str) for one in value)


def _is_file(name: str) -> bool:
    """A name that leads nowhere outside the bundle's own files."""
    return _is_line(name) and name.startswith(FILES) and ".." not in name.split("/")


_CHECKS: dict[str, Check] = {
    **dict.fromkeys(("origin", "log_key", "hearing"), _is_line),
    "copy": is_count,
    **dict.fromkeys(("indices", "register"), lambda value: _is_list(value) and all(map(is_count, value))),
    "withheld": lambda value: _is_list(value) and all(map(_is_withheld, value)),
    "nodes": lambda value: _is_list(value) and all(map(_is_node, value)),
    **dict.fromkeys(("rotations", "restorations"), _are_notes),
    "heads": lambda value: _is_list(value) and len(value) <= _MOST and all(map(_is_head, value)),
    "files": lambda value: isinstance(value, dict) and all(map(_is_file, value)) and all(map(is_hash, value.values())),
}
