"""Accepting what a node recorded: entries are checked, appended to the court-wide log and projected into tables.

One batch is one transaction. Known entries are passed over, so duplicates are harmless; an entry that does not
continue its chain is refused with the number that is due, so reorderings and losses end in the same state.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from api.context import Context
from api.errors import Conflict, Unusable
from api.nodes import admitted
from api.projection import project, refused
from api.work import offer_work
from court.clock import parse_utc
from court.hearing import HearingState
from storage.db.checks import KnownObject
from storage.db.models import LogHead, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.errors import ChainError, LedgerError, WrongHash
from storage.fsck import Result, check
from storage.ledger.chain import check_next
from storage.ledger.ed25519 import PUBLIC_SIZE, VerifyKey
from storage.ledger.leaf import LeafKind, SignedLeaf, entry_hash, parse
from storage.ledger.receipt import receipt_due
from storage.ledger.register import REGISTER
from storage.queue import offer_stamp
from storage.retention import retain_until
from storage.worm.port import StoredObject

NODE_STATES = frozenset(
    {
        LeafKind.HEARING,
        LeafKind.STATE,
        LeafKind.SEGMENT,
        LeafKind.GAP,
        LeafKind.NOTE,
        LeafKind.OPENNESS,
        LeafKind.SYNC,
        LeafKind.MUTE,
    }
)
"""The facts that are a node's to state; all others are the server's."""


class OutOfOrder(Conflict):
    """The entry does not continue its chain; `expected_seq` is the number that comes next."""

    def __init__(self, message: str, expected_seq: int) -> None:
        super().__init__(message)
        self.expected_seq = expected_seq


class OutOfStep(Conflict):
    """The piece does not follow what is here of its object: `received` bytes."""

    def __init__(self, message: str, received: int) -> None:
        super().__init__(message)
        self.received = received


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of one author whose signatures hold, and the SHA-256 of segments whose bytes the node says it lost."""

    key: VerifyKey
    leaves: tuple[SignedLeaf, ...]
    given_up: frozenset[str] = frozenset()


def open_batch(entries: Sequence[bytes], public_key: bytes, given_up: Collection[str] = ()) -> Batch:
    """Checks form and signatures; raises Unusable naming the first entry that cannot be accepted."""
    if len(public_key) != PUBLIC_SIZE:
        raise Unusable("The public key is not an Ed25519 key of 32 bytes: send the node's own key.")
    key = VerifyKey(public_key)
    leaves: list[SignedLeaf] = []
    for place, entry in enumerate(entries):
        try:
            signed = parse(entry)
        except LedgerError as error:
            raise Unusable(f"Entry {place} of the batch: {error}") from None
        if signed.kind not in NODE_STATES:
            raise Unusable(f"Entry {place} of the batch: a node may not state a {signed.kind.value!r} leaf.")
        if signed.hearing == REGISTER:
            raise Unusable(f"Entry {place} of the batch is of the register of nodes, which is no node's to write.")
        if b"\\u0000" in entry:
            raise Unusable(f"Entry {place} of the batch has a NUL character in a text: leave it out.")
        if signed.author != key.key_id:
            raise Unusable(
                f"Entry {place} of the batch is of the key {signed.author}, and the node now has {key.key_id}: put the "
                "first key back into the node, to deliver what it signed."
            )
        if not signed.verify(key):
            raise Unusable(f"Entry {place} of the batch is not signed with the key {key.key_id} sent beside it.")
        leaves.append(signed)
    return Batch(key, tuple(leaves), frozenset(given_up))


def keep_object(context: Context, sha256: str, body: BinaryIO, size: int) -> tuple[bool, StoredObject]:
    """Puts the object into the store and into the database's list; returns whether the list had it already."""
    now = context.clock.now().utc
    until = retain_until(now, context.settings.retention_years)
    stored = context.store.put(sha256, body, size, until)
    with context.database.begin() as uow:
        uow.log.lock()  # a leaf that names the object may be arriving just now, and says so if this comes later
        known = uow.log.object(sha256) is not None
        if not known:
            for segment in uow.hearings.named(sha256):
                _state_delivery(context, uow, segment, arrived=True)
        uow.log.add_object(stored, now, until)
    return known, stored


def is_stored(context: Context, sha256: str) -> bool:
    """Whether the object was acknowledged."""
    with context.database.read() as uow:
        return uow.log.object(sha256) is not None


def keep_part(context: Context, sha256: str, size: int) -> bool:
    """Stores a part that is whole now. One whose bytes are wrong is dropped with WrongHash raised, and begins again."""
    try:
        with context.parts.opened(sha256) as body:
            keep_object(context, sha256, body, size)
    except FileNotFoundError:  # sent twice at once, and the other was faster
        return is_stored(context, sha256)
    except WrongHash:
        context.parts.drop(sha256)
        raise
    context.parts.drop(sha256)
    return True


def check_objects(context: Context, objects: Sequence[str]) -> list[str]:
    """Those of `objects` that an entry in the log names and that are whole, read back now in the listed version.

    What is found is remembered as any check is. Raises StoreUnavailable where the store does not answer.
    """
    whole = []
    for sha256 in dict.fromkeys(objects):
        with context.database.read() as uow:
            row = uow.checks.known(sha256)
            stated = bool(uow.hearings.named(sha256))
        if row is None or not stated:
            continue
        found = check(context.store, KnownObject(sha256, row.size, row.version))
        with context.database.begin() as uow:
            uow.checks.record(sha256, context.clock.now().utc, found.result)
        whole += [sha256] if found.result is Result.WHOLE else []
    return whole


def accept(context: Context, batch: Batch) -> dict[str, int]:
    """Appends and projects a batch; returns the number due next in each of its hearings.

    Raises Forbidden where the key is not enrolled or was revoked, OutOfOrder where a chain is not continued or forks,
    Unusable where an entry cannot be accepted; nothing of the batch is kept then.
    """
    author = batch.key.key_id
    try:
        with context.database.begin() as uow:
            _lock(uow, batch)
            admitted(context, uow, author)
            taken = [signed for signed in batch.leaves if _take(context, uow, signed, batch.given_up)]
            now = context.clock.now().utc
            for hearing_id in sorted({signed.hearing for signed in taken}):
                offer_work(uow, hearing_id, now)
            if context.settings.timestamp_url and any(_ends_hearing(signed) for signed in taken):
                offer_stamp(uow, now)
            hearings = sorted({signed.hearing for signed in batch.leaves})
            return {one: uow.log.chain(one, author).next_seq for one in hearings}
    except ChainError as error:
        raise OutOfOrder(str(error), _due(context, batch, error)) from None


def _take(context: Context, uow: UnitOfWork, signed: SignedLeaf, given_up: Collection[str]) -> bool:
    """Appends and projects one entry, and says so where its object is still to come; False if it is already there."""
    known = uow.log.entry_of(signed.hearing, signed.author, signed.seq)
    if known is not None and known.entry == signed.entry:
        return False
    chain = uow.log.chain(signed.hearing, signed.author)
    check_next(chain, signed)
    if (chain.next_seq == 0) is not (signed.kind is LeafKind.HEARING):
        raise Unusable(f"A node's chain begins with its one 'hearing' leaf; leaf {signed.seq} breaks that.")
    project(uow, signed, uow.log.append(signed.entry))
    if signed.kind is LeafKind.SEGMENT and uow.log.object(signed.body["sha256"]) is None:
        _expect(context, uow, signed, given_up)
    _state_receipt(context, uow, signed, chain.at)
    return True


def _expect(context: Context, uow: UnitOfWork, signed: SignedLeaf, given_up: Collection[str]) -> None:
    """States that the segment's object is not here.

    What is transcribed must be here before it is stated, unless its node lost it; pictures and the mix may be longer on
    their way.
    """
    hearing = uow.hearings.get(signed.hearing)
    segment = uow.hearings.segment(signed.hearing, signed.body["track"], signed.body["sequence"])
    if hearing is None or segment is None:
        raise LookupError(f"no row for leaf {signed.seq} of hearing {signed.hearing}")
    if segment.track in hearing.microphones and segment.sha256 not in given_up:
        raise refused(signed, f"its object {segment.sha256} has not been stored: deliver the object first")
    _state_delivery(context, uow, segment, arrived=False)


def _state_receipt(context: Context, uow: UnitOfWork, signed: SignedLeaf, before: str) -> None:
    """The court's own word on when the entry came, where it is owed: storage/ledger/receipt.py says when, and reads it.

    `before` is when the entry that it follows is dated, '' if it opens the hearing.
    """
    now = context.clock.now().utc
    stated = uow.log.newest_entry(signed.hearing, LeafKind.RECEIPT)
    follows = parse_utc(before) if before else None
    if receipt_due(parse_utc(signed.at), follows, now, stated.at if stated else None):
        body = {"entry": entry_hash(signed.entry)}
        uow.log.record(LeafKind.RECEIPT, signed.hearing, now, body, context.server_key)


def _state_delivery(context: Context, uow: UnitOfWork, segment: Segment, *, arrived: bool) -> None:
    """The court's own word on whether the segment's object is here: storage/ledger/delivery.py reads it."""
    body = {"track": segment.track, "sequence": segment.sequence, "sha256": segment.sha256, "arrived": arrived}
    now = context.clock.now().utc
    uow.log.record(LeafKind.DELIVERY, segment.hearing_id, now, body, context.server_key)


def _ends_hearing(signed: SignedLeaf) -> bool:
    return signed.kind is LeafKind.STATE and signed.body["state"] == HearingState.ENDED


def _lock(uow: UnitOfWork, batch: Batch) -> None:
    """Queues up behind other writers, so that what is read from here on is the newest.

    Hearings before the log's head: every writer takes them in this order, so two never wait for each other.
    """
    for hearing_id in sorted({signed.hearing for signed in batch.leaves}):
        uow.hearings.lock(hearing_id)
    uow.session.get(LogHead, 1, with_for_update=True)


def _due(context: Context, batch: Batch, error: ChainError) -> int:
    """The number due after the batch was rolled back, in the hearing of its first entry that is not kept."""
    with context.database.read() as uow:
        for signed in batch.leaves:
            due = uow.log.chain(signed.hearing, signed.author).next_seq
            if signed.seq >= due:
                return due
    return error.expected_seq
