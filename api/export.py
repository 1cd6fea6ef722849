"""A hearing as a bundle to take away: journalled in the log first, then written.

What was closed leaves the court in no form (Kazakhstan CPC art. 282(4), CrPC art. 347-1(3)): neither the sound and
pictures of a closed span, nor its notes, nor a protocol of a hearing that was closed at any time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.context import Context
from api.errors import ApiError
from api.nodes import register_leaves
from api.verification import trusted_keys
from api.vouching import with_heads
from court.hearing import HearingState
from court.openness import Openness, OpennessSpan, openness_of
from storage.bundle_writer import write_bundle
from storage.db.unit_of_work import UnitOfWork
from storage.ledger import merkle
from storage.ledger.bundle import ENTRIES, REGISTER_FIELD, Bundle, content_hash, file_name
from storage.ledger.chains import Withheld
from storage.ledger.checkpoint import verifier_key
from storage.ledger.contents import Contents
from storage.ledger.delivery import expected, written_off
from storage.ledger.destruction import keeping
from storage.ledger.key_list import sign_key_list
from storage.ledger.leaf import LeafKind, SignedLeaf, entry_hash, parse
from storage.ledger.multiproof import nodes_around
from storage.ledger.receipt import SINCE, SINCE_KINDS
from storage.ledger.register import about
from storage.ledger.stored import named_object
from storage.ledger.tracks import STATE_RATE
from storage.worm.port import read_object

_JOURNAL = frozenset({LeafKind.ACCESS, LeafKind.COPY})
_README = """\
courtrec

Это запись судебного заседания с доказательством её подлинности. Проверка не требует доступа к суду:
    python courtrec-verify.pyz ЭТОТ-ФАЙЛ --key КЛЮЧ
Ключ журнала публикует суд. Подойдёт и любой ключ этого журнала, опубликованный раньше: если суд с тех пор заменил его,
файл содержит заявления о замене, подписанные старым и новым ключом. Без --key берётся ключ, названный в самом файле:
    {key}
Кто доверяет службе меток времени, проверяет и её метки: --timestamp-roots СЕРТИФИКАТЫ.pem

This is the record of a court hearing with the proof that it is genuine. It is checked without the court's help:
    python courtrec-verify.pyz THIS-FILE --key KEY
The court publishes its log's key. Any key of this log that was published earlier will do as well: where the court has
replaced it since, this file holds the statements of that, signed by the old key and the new one. Without --key the one
that this file names is used (the line above).
Whoever trusts a time-stamp authority has its tokens checked too: --timestamp-roots CERTIFICATES.pem
Without this program: take the lines above the empty one of heads/SIZE.txt as TEXT, then
    openssl ts -verify -token_in -in heads/SIZE.1.tst -data TEXT -CAfile CERTIFICATES.pem
"""


class ExportRefused(ApiError):
    """The hearing cannot be exported as asked."""

    status = 409


@dataclass(frozen=True, slots=True)
class Order:
    """Who gets what, and why: `tracks` are all where empty; with `journal` also who viewed and copied the hearing."""

    actor: str
    role: str
    recipient: str
    ground: str
    address: str = ""
    tracks: frozenset[str] = frozenset()
    media: bool = True
    journal: bool = False
    stated: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the copy leaf."""


@dataclass(frozen=True, slots=True)
class Exported:
    """`left_out` are the recorded objects that were not handed out, `withheld` the entries, `stamps` the tokens of the
    time-stamp authority that were, `leaf` the place of the copy leaf in the log."""

    files: int
    left_out: int
    withheld: int
    log_key: str
    stamps: int
    leaf: int


def export(context: Context, hearing_id: str, path: Path, order: Order) -> Exported:
    """Writes the bundle of an ended hearing to `path`.

    Raises ExportRefused, BundleError, or ObjectMissing and ObjectAltered when evidence is damaged; nothing is left at
    `path` then, but the copy leaf, which says that it was begun, stays in the log.
    """
    if path.exists():
        raise ExportRefused(f"The file {path} exists already and is not written over: give another name.")
    bundle, left_out = _journalled(context, hearing_id, order)
    bundle = with_heads(context, bundle)
    contents = bundle.contents
    files = ((name, read_object(context.store, sha256)) for name, sha256 in contents.files.items())
    write_bundle(path, bundle, _README.format(key=contents.log_key), files)
    stamps = sum(one.tokens for one in contents.heads)
    return Exported(len(contents.files), left_out, len(contents.withheld), contents.log_key, stamps, contents.copy)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a bundle holds: `files` are SHA-256 by name in it; `left_out` counts the objects that are not among them."""

    withheld: tuple[Withheld, ...]
    files: Mapping[str, str]
    left_out: int


def _journalled(context: Context, hearing_id: str, order: Order) -> tuple[Bundle, int]:
    """The bundle, once the log states that it is handed out; how many objects are not in it."""
    with context.database.begin() as uow:
        leaves = _ended(uow, hearing_id)
        chosen = choose(leaves, order, context.server_keys.key_ids, uow.hearings.closed_beside(hearing_id))
        now = context.clock.now().utc
        register = about(register_leaves(uow), next(iter(leaves.values())).author)
        body = copy_body(chosen, order, len(leaves), uow.log.first_of(*SINCE_KINDS), [*register])
        copy = uow.log.record(LeafKind.COPY, hearing_id, now, body, context.server_key)
        uow.copies.gave((one["sha256"] for one in body.get("given", ())), copy)
        hidden = {one.index for one in chosen.withheld}
        given = {row.index: row.entry for row in uow.log.entries(hearing_id) if row.index not in hidden}
        origin, ring = context.settings.log_origin, context.log_keys
        checkpoint = uow.log.checkpoint(now, ring, origin)
        around = nodes_around(sorted(given.keys() | hidden | register.keys()), checkpoint.size)
        contents = Contents(
            origin=origin,
            log_key=verifier_key(origin, ring.key.public),
            hearing=hearing_id,
            copy=copy,
            indices=tuple(given),
            withheld=chosen.withheld,
            nodes={at: uow.log.node(*at) for at in around},
            files=chosen.files,
            rotations=tuple(one.rotation.note for one in reversed(ring.former)),
            restorations=tuple(one.note for one in ring.restorations),
            register=tuple(register),
        )
        keys = sign_key_list(origin, trusted_keys(context, uow), *ring.signers(now))
    told = tuple(leaf.entry for leaf in register.values())
    return Bundle(contents, tuple(given.values()), checkpoint.note, keys, register=told), chosen.left_out


def _ended(uow: UnitOfWork, hearing_id: str) -> dict[int, SignedLeaf]:
    """The hearing's leaves by their place in the log."""
    hearing = uow.hearings.get(hearing_id)
    if hearing is None:
        raise ExportRefused(f"There is no hearing {hearing_id}: `courtrec hearings` lists them.")
    if HearingState(hearing.state).live:
        raise ExportRefused(f"Hearing {hearing_id} is still being recorded: export it when it has ended.")
    return {row.index: parse(row.entry) for row in uow.log.entries(hearing_id)}


def choose(
    leaves: Mapping[int, SignedLeaf], order: Order, court: Collection[str], beside: Sequence[OpennessSpan] = ()
) -> Chosen:
    """What of a hearing is handed out, from its leaves by their place in the log; raises ExportRefused.

    `court` are the ids of the keys whose acts of destruction count: what they destroyed cannot be handed out. `beside`:
    what is closed by orders on the other recordings of the hearing.
    """
    closed = [*(_span(leaf) for leaf in leaves.values() if leaf.kind is LeafKind.OPENNESS), *beside]
    tracks = {leaf.body["track"] for leaf in leaves.values() if leaf.kind is LeafKind.SEGMENT}
    if unknown := sorted(order.tracks - tracks):
        raise ExportRefused(f"The hearing has no track {', '.join(unknown)}: name some of {', '.join(sorted(tracks))}.")
    destroyed = {sha256 for act in keeping([*leaves.values()], court).acts for sha256 in act.objects}
    objects = [(leaf, found[0]) for leaf in leaves.values() if (found := named_object(leaf))]
    chosen = [(leaf, sha256) for leaf, sha256 in objects if _handed_out(leaf, order, closed)]
    awaited = expected([*leaves.values()], court)
    lost = awaited.keys() & written_off([*leaves.values()], court).keys()
    if late := sorted({leaf.body["track"] for leaf, sha256 in chosen if sha256 in awaited.keys() - lost}):
        raise ExportRefused(
            f"Not all of {', '.join(late)} has arrived from the court-room yet: wait for it, or name other tracks."
        )
    files = {file_name(leaf): sha256 for leaf, sha256 in chosen if sha256 not in destroyed | lost}
    withheld = [_withheld(index, leaf) for index, leaf in leaves.items() if _hidden(leaf, order, closed)]
    return Chosen(tuple(withheld), files, len(objects) - len(files))


def copy_body(
    chosen: Chosen, order: Order, entries: int, since: Mapping[str, int], register: Sequence[int]
) -> dict[str, Any]:
    """The body of the copy leaf that states it; the hearing had `entries` before that.

    `since` says which entry of the log was the first of a kind that not all hearings have; `register` are the places
    there of what the register says about the hearing's node.
    """
    return {
        "actor": order.actor,
        "role": order.role,
        "recipient": order.recipient,
        "ground": order.ground,
        "address": order.address,
        "objects": len(chosen.files),
        "withheld": len(chosen.withheld),
        ENTRIES: entries + 1,
        SINCE: dict(since),
        REGISTER_FIELD: list(register),
        "content_sha256": content_hash(chosen.files.values(), [one.index for one in chosen.withheld]),
        **order.stated,
    }


def _span(leaf: SignedLeaf) -> OpennessSpan:
    start, end = leaf.body["start_ms"], leaf.body["end_ms"]
    return OpennessSpan(start / 1000, None if end is None else end / 1000, Openness(leaf.body["openness"]))


def _hidden(leaf: SignedLeaf, order: Order, closed: Sequence[OpennessSpan]) -> bool:
    """Whether the entry is kept back: the journal tells of others, a note what was said, a name who spoke."""
    if leaf.kind in _JOURNAL:
        return not order.journal
    if leaf.kind is LeafKind.NOTE:
        at = leaf.body["at_sample"] / STATE_RATE
        return openness_of(closed, at, at) is Openness.CLOSED
    if leaf.kind is LeafKind.STAGE:  # what happened then
        at = leaf.body["at_ms"] / 1000
        return openness_of(closed, at, at) is Openness.CLOSED
    if leaf.kind is LeafKind.VOICE:  # it names no moment, so it may be of somebody who was heard in a closed one
        return openness_of(closed, 0.0, float("inf")) is Openness.CLOSED
    return False


def _handed_out(leaf: SignedLeaf, order: Order, closed: Sequence[OpennessSpan]) -> bool:
    """Recordings of what was open, and signed protocols of hearings that were open throughout; never drafts."""
    if leaf.kind is LeafKind.SIGNATURE:
        return openness_of(closed, 0.0, float("inf")) is Openness.OPEN
    if leaf.kind is not LeafKind.SEGMENT or not order.media:
        return False
    body = leaf.body
    if order.tracks and body["track"] not in order.tracks:
        return False
    return openness_of(closed, body["start"] / body["rate"], body["end"] / body["rate"]) is Openness.OPEN


def _withheld(index: int, leaf: SignedLeaf) -> Withheld:
    return Withheld(index, leaf.author, leaf.seq, entry_hash(leaf.entry), merkle.leaf_hash(leaf.entry))
