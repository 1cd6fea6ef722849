"""What the ledger says about a hash that somebody holds, and the proof of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from api import schemas
from api.context import Context
from api.verification import trusted_keys
from court.catalogue import N_
from court.clock import parse_utc
from protocol.signers import SignerRole
from storage.db.models import LogEntry, Protocol, Segment
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError, StoreRefused
from storage.ledger.ed25519 import VerifyKey
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.ledger.proof import prove, verify_proof
from storage.ledger.receipt import is_late

GENUINE, DRAFT, UNKNOWN, ALTERED = "genuine", "draft", "unknown", "altered"
PROTOCOL_NUMBER = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-r[1-9][0-9]{0,5}$"
NO_PROTOCOL = N_("The court's log knows no such protocol.")
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
"""Of those that state one file; a copy states several."""
_WHAT = {
    LeafKind.SEGMENT: "segment",
    LeafKind.PROTOCOL: "protocol draft",
    LeafKind.SIGNATURE: "signed protocol",
    LeafKind.COPY: "copy",
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
        signatures, replaced = _signatures(uow, signed)
        proof = _proof(context, uow, entry)
    if proof is None:
        return _verdict(ALTERED, sha256)
    return _verdict(
        DRAFT if signed.kind is LeafKind.PROTOCOL else GENUINE,
        sha256,
        what=_WHAT[signed.kind],
        hearing=signed.hearing,
        track=signed.body.get("track", ""),
        number=_number(signed),
        recorded_at=parse_utc(signed.at),
        received_at=received,
        signatures=signatures,
        replaced_by=replaced,
        proof=proof,
    )


def linked_revision(rows: Sequence[Protocol], number: int) -> Protocol | None:
    """What a protocol's pages, which bear `number`, became: the judge signs them as they are, as the next revision."""
    pages = [row for row in rows if row.revision == number]
    pages += [row for row in rows if pages and row.revision == number + 1 and row.role == SignerRole.JUDGE]
    return pages[-1] if pages else None


def protocol_sha256(context: Context, number: str) -> str | None:
    """The PDF of the protocol with the `number` on its pages; None where there is none."""
    hearing, _, revision = number.rpartition("-r")
    with context.database.read() as uow:
        row = linked_revision(uow.protocols.of(hearing), int(revision))
    return row.sha256 if row is not None else None


def _entry_index(uow: UnitOfWork, sha256: str) -> int | None:
    """The entry that states this hash, by the database's own index of segments, protocols and copies."""
    segment = uow.session.scalars(select(Segment).where(Segment.sha256 == sha256)).first()
    if segment is not None:
        return segment.leaf_index
    protocol = uow.protocols.by_hash(sha256)
    return protocol.leaf_index if protocol is not None else uow.copies.entry_of(sha256)


def _sound(context: Context, uow: UnitOfWork, entry: LogEntry | None, sha256: str) -> SignedLeaf | None:
    """The entry's leaf, if a trusted key signed it and it states this hash."""
    if entry is None:
        return None
    try:
        signed = parse(entry.entry)
    except LedgerError:
        return None
    key = trusted_keys(context, uow).get(signed.author)
    return signed if key is not None and signed.verify(VerifyKey(key)) and sha256 in _stated(signed) else None


def _stated(leaf: SignedLeaf) -> set[str]:
    """The files that the leaf states."""
    if leaf.kind is LeafKind.COPY:
        return {one["sha256"] for one in leaf.body.get("given", ())}
    return {leaf.body[_HASH_FIELD[leaf.kind]]} if leaf.kind in _HASH_FIELD else set()


def _number(leaf: SignedLeaf) -> int | None:
    found: int | None = leaf.body.get({LeafKind.SEGMENT: "sequence", LeafKind.COPY: "copy"}.get(leaf.kind, "revision"))
    return found


def _signatures(uow: UnitOfWork, leaf: SignedLeaf) -> tuple[list[schemas.SignatureView], int | None]:
    """The signatures that a signed protocol bears, and the revision that stands in its place, if there is one.

    The judge's signature is a revision after the secretary's; a protocol of before 0014 has a role on neither."""
    if leaf.kind is not LeafKind.SIGNATURE:
        return [], None
    rows = [one for one in uow.protocols.of(leaf.hearing) if one.signed_at is not None]
    own = next((at for at, one in enumerate(rows) if one.revision == leaf.body["revision"]), 0)
    first = own - (rows[own].role == SignerRole.JUDGE and own > 0) if rows else 0
    bears = [
        schemas.SignatureView(signer=one.signer, role=one.role, level=one.level, at=one.signed_at)
        for one in rows[first : own + 1]
        if one.signed_at is not None
    ]
    return bears, rows[-1].revision if rows and rows[-1].revision > leaf.body["revision"] else None


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
