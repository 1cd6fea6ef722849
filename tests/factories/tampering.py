"""What an intruder may do to a court's evidence.

Some have more than the disk: a thief of a private key signs anew, a thief of the log's key makes other checkpoints.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from court.clock import iso_utc, parse_utc
from court.retention import RetentionDeed
from storage.ledger.bundle import Bundle
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.faults import FaultKind
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import LeafKind, entry_hash, parse, sign
from storage.ledger.multiproof import nodes_around
from storage.ledger.stored import named_object
from tests.factories.court_evidence import ORIGIN, Evidence, Row
from tests.factories.damage import (
    DEEDS,
    Damage,
    InTheNameOf,
    Scene,
    a,
    along_or_not,
    deed,
    exchanged,
    plain,
    rewritten,
)
from tests.factories.hearing_log import NODE, STRANGER, where

__all__ = ["DEEDS"]


@deed()
def altered(scene: Scene) -> Damage:
    entry = scene.row.entry
    at = scene.draw(st.integers(0, len(entry) - 1))
    byte = scene.draw(st.integers(0, 255).filter(lambda one: one != entry[at]))
    return exchanged(scene, "a byte of an entry", entry[:at] + bytes([byte]) + entry[at + 1 :])


@deed()
def by_another_key(scene: Scene) -> Damage:
    """Signed by a stranger in the author's name."""
    return exchanged(scene, "a wrong signature", sign(plain(scene.leaf), InTheNameOf(scene.leaf.author)))


@deed()
def by_a_stranger(scene: Scene) -> Damage:
    """Signed by a stranger in its own name, as the first of a chain of its own."""
    forged = sign(replace(plain(scene.leaf), author=STRANGER.key_id, seq=0, prev=""), STRANGER)
    expected = a(FaultKind.WRONG_KEY, at=where(forged), words=(STRANGER.key_id, "eaf 0"))
    return exchanged(scene, "a stranger's entry", forged, expected)


@deed(lambda court, leaf: leaf.kind in (LeafKind.SEGMENT, LeafKind.GAP))
def by_the_server(scene: Scene) -> Damage:
    """The server states what only the node can have recorded."""
    leaf, server = scene.leaf, scene.court.server
    chain = scene.court.sittings[scene.row.hearing].chains.get(server.key_id)
    seq, prev = (chain.next_seq, chain.head) if chain else (0, "")
    forged = sign(replace(plain(leaf), author=server.key_id, seq=seq, prev=prev), server)
    expected = a(FaultKind.WRONG_KEY, at=where(forged), words=(f"eaf {seq}", server.key_id, NODE.key_id))
    return exchanged(scene, "the server in the node's place", forged, expected)


@deed(lambda court, leaf: leaf.seq > 0)
def backdated(scene: Scene) -> Damage:
    """By a thief of the author's key, who signs all that follows anew or not."""
    leaf = scene.leaf
    before = [row for row in scene.chain() if row.origin < scene.row.origin]
    last = parse(before[-1].entry).at
    early = iso_utc(parse_utc(last) - timedelta(seconds=1))
    forged = sign(replace(plain(leaf), at=early), scene.court.keys[leaf.author])
    expected = a(FaultKind.BACKDATED, at=where(forged), words=(f"eaf {leaf.seq}", early, last))
    shown = scene.given and any(parse(row.entry).at > early for row in before if row.origin in scene.handed.given)
    if scene.draw(st.booleans()):
        return rewritten(scene, "a back-dated entry and all that follow", forged, (expected,), in_copy=shown)
    return exchanged(scene, "a back-dated entry", forged, expected, in_copy=shown)


@deed(lambda court, leaf: leaf.kind is LeafKind.RETENTION and leaf.body["deed"] == RetentionDeed.DESTROY)
def one_person(scene: Scene) -> Damage:
    """An act of destruction that nobody approved, by a thief of the server's key."""
    leaf = scene.leaf
    forged = sign(replace(plain(leaf), body={**leaf.body, "approved_by": ""}), scene.court.keys[leaf.author])
    lost = [one["sha256"] for one in leaf.body["objects"]]
    expected = a(FaultKind.CONTRADICTORY, at=where(forged), words=(f"eaf {leaf.seq}", "approved"))
    missing = tuple(a(FaultKind.MISSING, words=(sha256,)) for sha256 in lost)
    return rewritten(scene, "an act of one person", forged, (expected, *missing), in_copy=False)


@deed()
def moved(scene: Scene) -> Damage:
    at = scene.row.origin
    to = scene.draw(st.integers(0, len(scene.court.rows) - 1).filter(lambda place: place != at))
    one, other = min(at, to), max(at, to)
    early, late = scene.court.rows[one], scene.court.rows[other]

    def change(rows: list[Row]) -> None:
        rows[one], rows[other] = late, early

    author = parse(early.entry).author, early.hearing
    in_chain = a(FaultKind.REORDERED, at=where(early.entry), words=(f"eaf {parse(early.entry).seq}", early.hearing))
    chains = (in_chain,) if author == (parse(late.entry).author, late.hearing) else ()
    both_given = {one, other} <= scene.handed.given
    hit = bool({one, other} & scene.handed.own)
    log = a(FaultKind.REORDERED, at=f"log/{other}", words=(f"Entry {other}", f"entry {one}"))
    return along_or_not(scene, "two entries exchanged", change, log, chains, (*(chains if both_given else ()),), hit)


@deed()
def dropped(scene: Scene) -> Damage:
    leaf, origin = scene.leaf, scene.row.origin
    missing = a(FaultKind.MISSING, at=where(scene.row.entry), words=(leaf.hearing, leaf.author))
    ends = leaf.kind is LeafKind.STATE and leaf.body["state"] == "ended"
    after = [row for row in scene.chain() if row.origin > origin]
    told = (missing,) if after else ()
    told_of_copy = (missing,) if scene.given and any(row.origin in scene.handed.given for row in after) else ()
    if ends and scene.given:
        told_of_copy = (a(FaultKind.TRUNCATED, at=leaf.hearing, words=(leaf.hearing,)),)
    log = a(FaultKind.MISSING, at=f"log/{origin}", words=(f"Entry {origin} ",))
    return along_or_not(scene, "an entry gone", lambda rows: rows.pop(origin), log, told, told_of_copy, scene.copied)


@deed(lambda court, leaf: leaf.entry != court.rows[-1].entry)
def doubled(scene: Scene) -> Damage:
    """Within the log; one more at its end, which nobody signed, is for those to see who know where it ends."""
    row = scene.row
    to = scene.draw(st.integers(row.origin + 1, len(scene.court.rows) - 1))
    twice = a(FaultKind.DUPLICATED, at=where(row.entry), words=(f"eaf {scene.leaf.seq}", row.hearing))
    log = a(FaultKind.DUPLICATED, at=f"log/{to}", words=(f"Entry {to} ", f"entry {row.origin}"))
    of_copy = (twice,) if scene.given else ()
    return along_or_not(
        scene, "an entry twice", lambda rows: rows.insert(to, row), log, (twice,), of_copy, scene.copied
    )


@deed()
def cut_short(scene: Scene) -> Damage:
    """With or without the checkpoints of what was cut off; the one outside the database stays."""
    size, notes = scene.draw(st.integers(0, scene.handed.size - 1)), scene.draw(st.booleans())

    def done(evidence: Evidence) -> Evidence:
        older = [one for one in evidence.notes[:-1] if _size(one) <= size or not notes]
        return replace(evidence, rows=evidence.rows[:size], notes=(*older, evidence.notes[-1]))

    log = a(FaultKind.TRUNCATED, at=f"log/{size}", words=(f"has {size} entries", "cut short"))
    return Damage("the end cut off", scene.handed, done, (log,), (a(FaultKind.MISSING),))


@deed(lambda court, leaf: (found := named_object(leaf)) is not None and found[0] in court.objects)
def object_touched(scene: Scene) -> Damage:
    """Another's bytes in its place, a bit, the end, more of it, all of it."""
    found, court = named_object(scene.leaf), scene.court
    assert found is not None
    sha256, hearing = found[0], scene.leaf.hearing
    content, other = court.objects[sha256], scene.draw(st.sampled_from(sorted(set(court.objects) - {sha256})))
    at = scene.draw(st.integers(0, len(content) - 1))
    how: dict[str, tuple[bytes | None, FaultKind]] = {
        "another's": (court.objects[other], _kind_of(court.objects[other], content)),
        "a bit": (content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], FaultKind.ALTERED),
        "cut": (content[:at], FaultKind.TRUNCATED),
        "longer": (content + b"\0", FaultKind.ALTERED),
        "gone": (None, FaultKind.MISSING),
    }
    name = scene.draw(st.sampled_from(sorted(how)))
    put, kind = how[name]

    def done(evidence: Evidence) -> Evidence:
        rest = {one: content for one, content in evidence.objects.items() if one != sha256}
        return replace(evidence, objects=rest if put is None else {**rest, sha256: put})

    fault = a(kind, at=f"{hearing}/{found[1]}", words=(sha256, hearing))
    handed_out = sha256 in scene.handed.files.values()
    return Damage(f"an object: {name}", scene.handed, done, (fault,), (fault,) if handed_out else ())


@deed(lambda court, leaf: leaf.kind is LeafKind.SEGMENT and leaf.body["sha256"] not in court.objects)
def object_returned(scene: Scene) -> Damage:
    """What an act destroyed is there again."""
    sha256 = scene.leaf.body["sha256"]

    def done(evidence: Evidence) -> Evidence:
        return replace(evidence, objects={**evidence.objects, sha256: b"x"})

    survivor = a(FaultKind.CONTRADICTORY, words=(sha256, "is in the store"))
    return Damage("a destroyed object", scene.handed, done, (survivor,), ())


@deed()
def checkpoint_exchanged(scene: Scene) -> Damage:
    """By one that a stranger signed, that is altered, or that a thief of the log's key signed for another log."""
    size, court = scene.handed.size, scene.court
    root = scene.draw(st.binary(min_size=32, max_size=32))
    genuine = next(note for note in court.notes if _size(note) == size)
    own = [key for key in court.keys.values() if key.public == scene.handed.log_key]
    put, word, kept = scene.draw(
        st.sampled_from(
            [
                (sign_checkpoint(ORIGIN, size, root, STRANGER), "no known key's signature", False),
                (genuine.replace(f"\n{size}\n", f"\n{size + 1}\n", 1), "altered after signing", False),
                (sign_checkpoint("other.example/log", size, root, *own), "'other.example/log'", False),
                (sign_checkpoint(ORIGIN, size, root, *own), root.hex(), True),
            ]
        )
    )

    def done(evidence: Evidence) -> Evidence:
        return replace(evidence, notes=tuple(put if note == genuine else note for note in evidence.notes))

    court_fault = a(FaultKind.ALTERED, at="log" if kept else "checkpoint", words=(word,))
    of_copy = a(FaultKind.ALTERED, at="bundle/checkpoint", words=(word,))
    return Damage("a checkpoint exchanged", scene.handed, done, (court_fault,), (of_copy,))


@deed(lambda court, leaf: court.keys[leaf.author].public in {one.old for one in court.rotations})
def rotation_gone(scene: Scene) -> Damage:
    """Nothing leads to a former key of the server any more: whatever it signed counts for nothing."""
    old = scene.court.keys[scene.leaf.author].public

    def done(evidence: Evidence) -> Evidence:
        return replace(evidence, rotations=tuple(one for one in evidence.rotations if one.old != old))

    unknown = a(FaultKind.WRONG_KEY, at=where(scene.row.entry), words=(f"eaf {scene.leaf.seq}", scene.leaf.author))
    return Damage("a rotation gone", scene.handed, done, (unknown,), ())


@deed(lambda court, leaf: court.sittings[leaf.hearing].chains[leaf.author].head == entry_hash(leaf.entry))
def left_out(scene: Scene) -> Damage:
    """An entry that none of its chain follows, gone from the copy only, where the court's proof fills its place."""
    origin = scene.row.origin

    def shortened(bundle: Bundle) -> Bundle:
        contents = bundle.contents
        kept = [(at, entry) for at, entry in zip(contents.indices, bundle.entries, strict=True) if at != origin]
        own = [*(at for at, _ in kept), *(one.index for one in contents.withheld)]
        nodes = {at: scene.court.nodes[at] for at in nodes_around(own, scene.handed.size)}
        fewer = replace(contents, indices=tuple(at for at, _ in kept), nodes=nodes)
        return replace(bundle, contents=fewer, entries=tuple(entry for _, entry in kept))

    kinds = (FaultKind.MISSING, FaultKind.TRUNCATED, FaultKind.FOREIGN, FaultKind.CONTRADICTORY)
    to_copy = (a(*kinds),) if scene.given else ()
    return Damage("an entry left out", scene.handed, lambda evidence: evidence, (), to_copy, shortened)


@deed()
def mixed_up(scene: Scene) -> Damage:
    """Two entries exchanged in the copy, and their places in the log with them."""
    at = scene.draw(st.integers(0, len(scene.handed.given) - 2))

    def swapped(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*row[:at], row[at + 1], row[at], *row[at + 2 :])

    def turned(bundle: Bundle) -> Bundle:
        contents = replace(bundle.contents, indices=swapped(bundle.contents.indices))
        return replace(bundle, contents=contents, entries=swapped(bundle.entries))

    to_copy = a(FaultKind.REORDERED, at="bundle", words=("rising order",))
    return Damage("a copy's entries mixed up", scene.handed, lambda evidence: evidence, (), (to_copy,), turned)


@deed()
def keys_exchanged(scene: Scene) -> Damage:
    """The list of keys in the copy, by one that names the stranger and that the stranger signed."""
    keys = sign_key_list(ORIGIN, {STRANGER.key_id: STRANGER.public}, STRANGER)
    handed = replace(scene.handed, keys=keys)
    fault = a(FaultKind.WRONG_KEY, at="bundle/keys", words=("no known key's signature",))
    return Damage("the list of keys", handed, lambda evidence: evidence, (), (fault,))


def _kind_of(put: bytes, content: bytes) -> FaultKind:
    return FaultKind.TRUNCATED if len(put) < len(content) else FaultKind.ALTERED


def _size(note: str) -> int:
    return int(note.split("\n")[1])
