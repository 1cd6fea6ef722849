"""Bundles of a hearing to take away, and what may be done to them."""

import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.export import Order, export
from storage.ledger.checkpoint import Checkpoint
from storage.ledger.ed25519 import SigningKey
from storage.ledger.leaf import Leaf, LeafKind, SignedLeaf, parse, sign
from storage.ledger.restoration import sign_restoration
from storage.ledger.rotation import sign_rotation
from tests.factories.hearing_log import HEARING, NODE, SERVER, STRANGER
from tests.factories.server import LOG_KEY, Server

ORDER = Order(actor="clerk", role="operator", recipient="Адвокат Иванов", ground="ходатайство")

Parts = dict[str, bytes]
"""The parts of a bundle by name."""


def exported(server: Server, path: Path, hearing: str = HEARING, order: Order = ORDER) -> Path:
    export(server.context, hearing, path, order)
    return path


def read_parts(path: Path) -> Parts:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_parts(path: Path, parts: Parts, packing: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def contents_of(parts: Parts) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parts["bundle.json"])
    return found


def with_contents(parts: Parts, **changed: Any) -> Parts:
    return {**parts, "bundle.json": json.dumps(contents_of(parts) | changed).encode()}


def damaged(parts: Parts, chance: random.Random) -> tuple[str, Parts]:
    """What was done to the parts of a bundle of a log that was restored, under a key that was replaced since, of which
    the verifying person has the first; and the parts after it: never nothing."""
    deed = chance.choice(list(_DEEDS))
    return deed, _DEEDS[deed](dict(parts), chance)


def damaged_archive(archive: bytes, chance: random.Random) -> tuple[str, bytes]:
    """The same for the archive as a whole; a bit that nothing reads (a date, the README) may be the one changed."""
    deed = chance.choice(list(_ARCHIVE_DEEDS))
    return deed, _ARCHIVE_DEEDS[deed](archive, chance)


def _file(parts: Parts, chance: random.Random) -> str:
    return chance.choice([name for name in parts if name.startswith("files/")])


def _flipped(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def _flip(name: str) -> Callable[[Parts, random.Random], Parts]:
    return lambda parts, chance: {**parts, name: _flipped(parts[name], chance)}


def _flip_file(parts: Parts, chance: random.Random) -> Parts:
    name = _file(parts, chance)
    return {**parts, name: _flipped(parts[name], chance)}


def _cut_file(parts: Parts, chance: random.Random) -> Parts:
    name = _file(parts, chance)
    return {**parts, name: parts[name][: chance.randrange(len(parts[name]))]}


def _drop(parts: Parts, chance: random.Random) -> Parts:
    name = chance.choice([name for name in parts if name != "README.txt"])
    return {one: content for one, content in parts.items() if one != name}


def _swap_files(parts: Parts, chance: random.Random) -> Parts:
    one, other = chance.sample([name for name in parts if name.startswith("files/")], 2)
    return {**parts, one: parts[other], other: parts[one]}


def _add_file(parts: Parts, chance: random.Random) -> Parts:
    return {**parts, f"files/{chance.randrange(100)}.mp4": chance.randbytes(20)}


def _forget_file(parts: Parts, chance: random.Random) -> Parts:
    """Out of the files and out of the list of contents."""
    gone = _file(parts, chance)
    files = {name: sha256 for name, sha256 in contents_of(parts)["files"].items() if name != gone}
    return with_contents({name: content for name, content in parts.items() if name != gone}, files=files)


def _entries(change: Callable[[list[bytes], random.Random], object]) -> Callable[[Parts, random.Random], Parts]:
    def deed(parts: Parts, chance: random.Random) -> Parts:
        entries = parts["entries.jsonl"].splitlines()
        change(entries, chance)
        return {**parts, "entries.jsonl": b"".join(entry + b"\n" for entry in entries)}

    return deed


def _swap_entries(entries: list[bytes], chance: random.Random) -> None:
    one, other = chance.sample(range(len(entries)), 2)
    entries[one], entries[other] = entries[other], entries[one]


def _drop_entry_and_place(parts: Parts, chance: random.Random) -> Parts:
    at = chance.randrange(len(contents_of(parts)["indices"]))
    entries = parts["entries.jsonl"].splitlines()
    indices = contents_of(parts)["indices"]
    del entries[at], indices[at]
    return with_contents({**parts, "entries.jsonl": b"".join(one + b"\n" for one in entries)}, indices=indices)


def _swap_entries_and_places(parts: Parts, chance: random.Random) -> Parts:
    entries, indices = parts["entries.jsonl"].splitlines(), contents_of(parts)["indices"]
    at = chance.randrange(len(entries) - 1)
    for row in (entries, indices):
        row[at], row[at + 1] = row[at + 1], row[at]
    return with_contents({**parts, "entries.jsonl": b"".join(entry + b"\n" for entry in entries)}, indices=indices)


def _number(field: str, place: int) -> Callable[[Parts, random.Random], Parts]:
    def deed(parts: Parts, chance: random.Random) -> Parts:
        rows = contents_of(parts)[field]
        row = chance.choice(rows)
        row[place] += chance.choice([-1, 1, 1 << 20])
        return with_contents(parts, **{field: rows})

    return deed


def _hash(field: str, place: int) -> Callable[[Parts, random.Random], Parts]:
    def deed(parts: Parts, chance: random.Random) -> Parts:
        rows = contents_of(parts)[field]
        chance.choice(rows)[place] = chance.randbytes(32).hex()
        return with_contents(parts, **{field: rows})

    return deed


def _resigned(change: Callable[[SignedLeaf], tuple[Leaf, SigningKey]]) -> Callable[[Parts, random.Random], Parts]:
    """An entry in the middle of its chain exchanged for one that is signed rightly by somebody."""

    def put(entries: list[bytes], chance: random.Random) -> None:
        at = chance.choice([place for place, entry in enumerate(entries) if parse(entry).seq > 0])
        entries[at] = sign(*change(parse(entries[at])))

    return _entries(put)


def _backdated(leaf: SignedLeaf) -> tuple[Leaf, SigningKey]:
    body = Leaf(leaf.kind, leaf.hearing, leaf.author, leaf.seq, leaf.prev, "2020-01-01T00:00:00.000Z", leaf.body)
    return body, next(key for key in (NODE, SERVER) if key.key_id == leaf.author)


def _by_a_stranger(leaf: SignedLeaf) -> tuple[Leaf, SigningKey]:
    return Leaf(leaf.kind, leaf.hearing, STRANGER.key_id, leaf.seq, leaf.prev, leaf.at, leaf.body), STRANGER


def _another_receipt(parts: Parts, chance: random.Random) -> Parts:
    """The court's receipt exchanged for one of another time, signed with its own key."""

    def put(entries: list[bytes], chance: random.Random) -> None:
        at, leaf = next((at, leaf) for at, leaf in enumerate(map(parse, entries)) if leaf.kind is LeafKind.RECEIPT)
        time = f"2026-11-{chance.randrange(2, 22):02d}T05:00:00.000Z"
        entries[at] = sign(Leaf(leaf.kind, leaf.hearing, leaf.author, leaf.seq, leaf.prev, time, leaf.body), SERVER)

    return _entries(put)(parts, chance)


def _cut_archive(archive: bytes, chance: random.Random) -> bytes:
    return archive[: chance.randrange(len(archive))]


def _doubled_part(archive: bytes, chance: random.Random) -> bytes:
    packed = io.BytesIO(archive)
    with zipfile.ZipFile(packed, "a") as added, warnings.catch_warnings(action="ignore"):
        added.writestr(chance.choice(added.namelist()), chance.randbytes(20))
    return packed.getvalue()


def _end_altered(archive: bytes, chance: random.Random) -> bytes:
    """A byte of the list of parts at the archive's end."""
    at = chance.randrange(archive.index(b"PK\x01\x02"), len(archive))
    return archive[:at] + bytes([archive[at] ^ chance.randrange(1, 256)]) + archive[at + 1 :]


_ARCHIVE_DEEDS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a bit of the archive": _flipped,
    "the archive's list of parts": _end_altered,
    "the archive cut short": _cut_archive,
    "a part doubled": _doubled_part,
    "bytes before the archive": lambda archive, chance: chance.randbytes(chance.randrange(1, 50)) + archive,
    "bytes after the archive": lambda archive, chance: archive + chance.randbytes(chance.randrange(1, 50)),
}


def _move(parts: Parts, chance: random.Random) -> Parts:
    indices = contents_of(parts)["indices"]
    indices[chance.randrange(len(indices))] += chance.choice([-1, 1, 1000])
    return with_contents(parts, indices=indices)


def _statement_altered(field: str) -> Callable[[Parts, random.Random], Parts]:
    def deed(parts: Parts, chance: random.Random) -> Parts:
        notes = contents_of(parts)[field]
        which = chance.randrange(len(notes))
        note = notes[which]
        at = chance.randrange(len(note))
        notes[which] = note[:at] + chance.choice("AZaz09+/=\n— ".replace(note[at], "")) + note[at + 1 :]
        return with_contents(parts, **{field: notes})

    return deed


def _another_restoration(parts: Parts, chance: random.Random) -> Parts:
    """In the place of the log's own, or beside it; of another log, or of this one by its own old key."""
    notes = contents_of(parts)["restorations"]
    origin, key = chance.choice([("other.example/log", STRANGER), ("courtrec", LOG_KEY), ("courtrec", STRANGER)])
    kept = Checkpoint(origin, chance.randrange(1000), chance.randbytes(32))
    other = sign_restoration(kept, datetime(2020, 1, 1, tzinfo=UTC), None, "", key).note
    return with_contents(parts, restorations=[*notes[: chance.randrange(2)], other])


def _another_rotation(parts: Parts, chance: random.Random) -> Parts:
    origin, purpose = chance.choice([("other.example/log", "log"), ("courtrec", "server")])
    other = sign_rotation(origin, purpose, LOG_KEY, STRANGER, datetime(2020, 1, 1, tzinfo=UTC)).note
    return with_contents(parts, rotations=[*contents_of(parts)["rotations"], other])


_DEEDS: dict[str, Callable[[Parts, random.Random], Parts]] = {
    "a bit of the entries": _flip("entries.jsonl"),
    "a bit of the checkpoint": _flip("checkpoint.txt"),
    "a bit of the keys": _flip("keys.txt"),
    "a bit of a file": _flip_file,
    "a file cut short": _cut_file,
    "a part gone": _drop,
    "two files exchanged": _swap_files,
    "a file added": _add_file,
    "a file forgotten": _forget_file,
    "two entries exchanged": _entries(_swap_entries),
    "an entry gone": _entries(lambda entries, chance: entries.pop(chance.randrange(len(entries)))),
    "an entry doubled": _entries(lambda entries, chance: entries.append(chance.choice(entries))),
    "the last entry gone": _entries(lambda entries, _: entries.pop()),
    "an entry back-dated": _resigned(_backdated),
    "an entry signed by a stranger": _resigned(_by_a_stranger),
    "a receipt of another time": _another_receipt,
    "a bit of the register": _flip("register.jsonl"),
    "the register's place": lambda parts, chance: with_contents(parts, register=[chance.randrange(1, 1 << 20)]),
    "the register forgotten": lambda parts, _: with_contents(
        {name: one for name, one in parts.items() if name != "register.jsonl"}, register=[]
    ),
    "an entry and its place gone": _drop_entry_and_place,
    "two entries and their places exchanged": _swap_entries_and_places,
    "an entry's place": _move,
    "a withheld entry's place": _number("withheld", 0),
    "a withheld entry's number": _number("withheld", 2),
    "a withheld entry": _hash("withheld", 4),
    "a withheld entry's link": _hash("withheld", 3),
    "a node's place": _number("nodes", 1),
    "a node of the proof": _hash("nodes", 2),
    "the hearing": lambda parts, _: with_contents(parts, hearing=HEARING[:-1] + "9"),
    "the copy leaf": lambda parts, chance: with_contents(parts, copy=chance.choice(contents_of(parts)["indices"][:-1])),
    "the restoration forgotten": lambda parts, _: with_contents(parts, restorations=[]),
    "the restoration altered": _statement_altered("restorations"),
    "another restoration": _another_restoration,
    "the rotation forgotten": lambda parts, _: with_contents(parts, rotations=[]),
    "the rotation altered": _statement_altered("rotations"),
    "another rotation": _another_rotation,
    "the format": lambda parts, _: with_contents(parts, format="courtrec bundle 2"),
}
