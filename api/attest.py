"""What the ledger says about a hash that somebody holds, and the proof of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from api import schemas
from api.context import Context
from api.verification import trusted_keys
from court.clock import parse_utc
from storage.db.models import LogEntry, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError, StoreRefused
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.ledger.proof import prove, verify_proof
from storage.ledger.receipt import is_late

GENUINE, DRAFT, UNKNOWN, ALTERED = "genuine", "draft", "unknown", "altered"
_SENTENCES = {
    GENUINE: "The file is exactly what this court recorded; its entry stands in the signed log.",
    DRAFT: "The file is exactly a draft that this court made: it is unsigned and not the protocol.",
    UNKNOWN: "No recording or protocol of this court has this hash: the file is not ours or was changed.",
    ALTERED: "The court's own entry for this file no longer agrees with its log: report this to the court.",
}
_HASH_FIELD = {
    LeafKind.SEGMENT: "sha256",
    LeafKind.PROTOCOL: "sha256",
    LeafKind.SIGNATURE: "protocol_sha256",
}
_WHAT = {
    LeafKind.SEGMENT: "segment",
    LeafKind.PROTOCOL: "protocol draft",
    LeafKind.SIGNATURE: "signed protocol",
}


def attest(context: Context, sha256: str) -> schemas.Verdict:
    """The verdict on a file's SHA-256 (64 hex digits)."""
    with context.database.begin() as uow:
        index = _entry_index(uow, sha256)
        if index is None:
            return _verdict(UNKNOWN, sha256)
        entry = uow.log.entry(index)
        signed = _sound(context, uow, entry, sha256)
        if entry is None or signed is None:
            return _verdict(ALTERED, sha256)
        received = _received_late(uow, entry)
        proof = _proof(context, uow, entry)
    if proof is None:
        return _verdict(ALTERED, sha256)
    return _verdict(
        DRAFT if signed.kind is LeafKind.PROTOCOL else GENUINE,
        sha256,
        what=_WHAT[signed.kind],
        hearing=signed.hearing,
        track=signed.body.get("track", ""),
        number=signed.body.get("sequence", signed.body.get("revision")),
        recorded_at=parse_utc(signed.at),
        received_at=received,
        proof=proof,
    )


def _entry_index(uow: UnitOfWork, sha256: str) -> int | None:
    """The entry that states this hash, by the database's own index of segments and protocols."""
    segment = uow.session.scalars(select(Segment).where(Segment.sha256 == sha256)).first()
    if segment is not None:
        return segment.leaf_index
    protocol = uow.protocols.by_hash(sha256)
    return protocol.leaf_index if protocol is not None else None


def _sound(context: Context, uow: UnitOfWork, entry: LogEntry | None, sha256: str) -> SignedLeaf | None:
    """The entry's leaf, if a trusted key signed it and it states this hash."""
    if entry is None:
        return None
    try:
        signed = parse(entry.entry)
    except LedgerError:
        return None
    key = trusted_keys(context, uow).get(signed.author)
    states = signed.body.get(_HASH_FIELD.get(signed.kind, ""))
    return signed if key is not None and signed.verify(VerifyKey(key)) and states == sha256 else None


def _received_late(uow: UnitOfWork, entry: LogEntry) -> datetime | None:
    """When the court's last receipt before the entry is dated, if that is notably later than the entry is."""
    receipt = uow.log.newest_entry(entry.hearing_id, LeafKind.RECEIPT, before=entry.index)
    return receipt.at if receipt is not None and is_late(entry.at, receipt.at) else None


def _proof(context: Context, uow: UnitOfWork, entry: LogEntry) -> schemas.Proof | None:
    """The inclusion proof under the newest checkpoint, None if it does not hold or the log is not all signed."""
    origin = context.settings.log_origin
    try:
        checkpoint = uow.log.checkpoint(context.clock.now().utc, context.log_keys, origin)
        proof = prove(entry.index, uow.log.node, checkpoint.note)
        verify_proof(proof, origin, context.log_keys.public, entry.entry)
    except (KeyError, ValueError, LedgerError, StoreRefused):
        return None
    return schemas.Proof(**proof.as_fields())


def _verdict(verdict: str, sha256: str, **facts: Any) -> schemas.Verdict:
    return schemas.Verdict(verdict=verdict, sentence=_SENTENCES[verdict], sha256=sha256, **facts)
