"""Appending to the court-wide log and reading it back: one writer at a time, O(log n) per entry."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from court.clock import iso_utc, parse_utc
from storage.db.models import Checkpoint, LogEntry, LogHead, MerkleNode, PublicKey, StoredObjectRow
from storage.errors import LedgerError
from storage.keyring import KeyRing
from storage.ledger import merkle
from storage.ledger.chain import Chain, check_next
from storage.ledger.checkpoint import Checkpoint as SignedHead
from storage.ledger.checkpoint import verify_checkpoint
from storage.ledger.ed25519 import Signer
from storage.ledger.leaf import LeafKind, SignedLeaf, entry_hash, parse
from storage.ledger.restoration import named_restorations, sign_end
from storage.worm.port import StoredObject


class Log:
    """The log inside one transaction. `before_signing` raises where its end must not be signed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.before_signing: Callable[[], None] = lambda: None
        self._grown_from: int | None = None

    @property
    def begun(self) -> bool:
        """Whether this transaction appended the log's first entry."""
        return self._grown_from == 0

    @property
    def grown(self) -> bool:
        """Whether this transaction appended to the log."""
        return self._grown_from is not None

    def head(self) -> LogHead:
        """Size and root as of this transaction."""
        return self._session.get(LogHead, 1) or LogHead(id=1, size=0, root=merkle.EMPTY_ROOT)

    def append(self, entry: bytes) -> int:
        """Puts a signed entry at the end and returns its index; the entry must continue its author's chain."""
        leaf = parse(entry)
        head = self._locked_head()
        check_next(self.chain(leaf.hearing, leaf.author), leaf)
        index = head.size
        if self._grown_from is None:
            self._grown_from = index
        self._session.add(_row(index, leaf))
        for level, position, value in merkle.append(index, merkle.leaf_hash(entry), self.node):
            self._session.add(MerkleNode(level=level, index=position, hash=value))
        self._session.flush()
        head.size = index + 1
        head.root = merkle.root_at(head.size, self.node)
        return index

    def record(self, kind: LeafKind, hearing: str, at: datetime, body: dict[str, Any], key: Signer) -> int:
        """Signs a new entry with the server's own `key` at the end of its chain and appends it."""
        self._locked_head()
        entry, _ = self.chain(hearing, key.key_id).append(kind, at, body, key)
        return self.append(entry)

    def lock(self) -> None:
        """Queues up behind whoever else appends; what is read from here on is the newest."""
        self._locked_head()

    def chain(self, hearing: str, author: str) -> Chain:
        """Where the chain of one author in one hearing stands."""
        query = select(LogEntry).where(LogEntry.hearing_id == hearing, LogEntry.author == author)
        last = self._session.scalars(query.order_by(LogEntry.seq.desc()).limit(1)).first()
        if last is None:
            return Chain(hearing, author)
        return Chain(hearing, author, last.seq + 1, entry_hash(last.entry), iso_utc(last.at))

    def node(self, level: int, index: int) -> bytes:
        """Hash of a complete subtree; KeyError when the log is not that long."""
        found = self._session.get(MerkleNode, (level, index))
        if found is None:
            raise KeyError((level, index))
        return found.hash

    def entry(self, index: int) -> LogEntry | None:
        return self._session.get(LogEntry, index)

    def entry_of(self, hearing: str, author: str, seq: int) -> LogEntry | None:
        query = select(LogEntry).where(LogEntry.hearing_id == hearing, LogEntry.author == author, LogEntry.seq == seq)
        return self._session.scalars(query).first()

    def entries(self, hearing: str | None = None) -> Iterator[LogEntry]:
        """Entries in log order: of one hearing, or all."""
        query = select(LogEntry).order_by(LogEntry.index)
        if hearing is not None:
            query = query.where(LogEntry.hearing_id == hearing)
        return iter(self._session.scalars(query.execution_options(yield_per=500)))

    def checkpoint(self, at: datetime, keys: KeyRing, origin: str) -> Checkpoint:
        """The signed checkpoint of the present head, made by the transaction that appended to the log and kept.

        It names the restorations that the one before it named, and those that `keys` state. Raises LedgerError when the
        log before that was not signed: then somebody else wrote into it, and signing it now would make that the
        court's own word. Raises what `before_signing` does.
        """
        head = self._locked_head()
        found = self._session.get(Checkpoint, head.size)
        if found is None or self.grown:
            self.before_signing()
        if found is None:
            before = head.size if self._grown_from is None else self._grown_from
            last = self._signed(before, keys, origin) if before else SignedHead(origin, 0, merkle.EMPTY_ROOT)
            end = SignedHead(origin, head.size, head.root, last.extensions)
            note = sign_end(end, keys.restorations, *keys.signers(at))
            found = Checkpoint(size=head.size, root=head.root, note=note, at=at)
            self._session.add(found)
        return found

    def served(self, at: datetime, keys: KeyRing, origin: str) -> str:
        """The note of `checkpoint`, for others to keep; raises as that.

        Where the log was restored and has not grown since, it is signed anew to name the statement. What is kept stays
        as it was signed: tokens and cosignatures are of its text.
        """
        kept = self.checkpoint(at, keys, origin)
        named = named_restorations(verify_checkpoint(kept.note, origin, keys.public))
        if all(one.sha256 in named for one in keys.restorations):
            return kept.note
        self.before_signing()
        return sign_end(self._signed(kept.size, keys, origin), keys.restorations, *keys.signers(at))

    def checkpoints(self) -> list[Checkpoint]:
        return list(self._session.scalars(select(Checkpoint).order_by(Checkpoint.size)))

    def newest_checkpoint(self) -> Checkpoint | None:
        """Of what was signed, that of most entries."""
        return self._session.scalars(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1)).first()

    def signed_at(self, size: int) -> Checkpoint | None:
        """What was signed when the log had that many entries."""
        return self._session.get(Checkpoint, size)

    def cosigned(self, name: str, least: int, most: int) -> list[Checkpoint]:
        """Of the checkpoints of `least` to `most` entries that bear a line in that name the first and the newest."""
        query = select(Checkpoint).where(Checkpoint.size.between(least, most))
        query = query.where(Checkpoint.note.contains(f"\n\u2014 {name} ", autoescape=True))
        first = self._session.scalars(query.order_by(Checkpoint.size).limit(1)).all()
        last = self._session.scalars(query.order_by(Checkpoint.size.desc()).limit(1)).all()
        return list(dict.fromkeys([*first, *last]))

    def begins_with(self, checkpoint: SignedHead) -> bool:
        """Whether the log still has the root that the checkpoint tells of."""
        try:
            return merkle.root_at(checkpoint.size, self.node) == checkpoint.root
        except KeyError:
            return False

    def newest_entry(self, hearing: str, *kinds: LeafKind, before: int | None = None) -> LogEntry | None:
        """The hearing's last entry of one of the kinds; of those `before` a place in the log, if one is given."""
        query = select(LogEntry).where(LogEntry.hearing_id == hearing, LogEntry.kind.in_(kinds))
        if before is not None:
            query = query.where(LogEntry.index < before)
        return self._session.scalars(query.order_by(LogEntry.index.desc()).limit(1)).first()

    def first_of(self, *kinds: LeafKind) -> dict[str, int]:
        """Since which entry the log has leaves of each of the kinds; those it never had are left out."""
        query = select(LogEntry.kind, func.min(LogEntry.index)).where(LogEntry.kind.in_(kinds)).group_by(LogEntry.kind)
        return {row[0]: row[1] for row in self._session.execute(query)}

    def enrol_key(self, key_id: str, raw: bytes, purpose: str, label: str = "") -> None:
        """Makes a public key known; knowing it already is fine."""
        if self._session.get(PublicKey, key_id) is None:
            self._session.add(PublicKey(key_id=key_id, raw=raw, purpose=purpose, label=label))

    def public_keys(self, *purposes: str) -> dict[str, bytes]:
        """Known public keys by key id; of the given purposes, or all."""
        query = select(PublicKey)
        if purposes:
            query = query.where(PublicKey.purpose.in_(purposes))
        return {key.key_id: key.raw for key in self._session.scalars(query)}

    def object(self, sha256: str) -> StoredObjectRow | None:
        return self._session.get(StoredObjectRow, sha256)

    def add_object(self, stored: StoredObject, at: datetime, retain_until: datetime | None) -> None:
        """Remembers a stored object with the version the store gave it; one known may be kept longer now."""
        known = self.object(stored.sha256)
        if known is not None:
            known.retain_until = max(filter(None, (known.retain_until, retain_until)), default=None)
        else:
            self._session.add(
                StoredObjectRow(
                    sha256=stored.sha256,
                    size=stored.size,
                    key=stored.key,
                    version=stored.version,
                    retain_until=retain_until,
                    stored_at=at,
                )
            )

    def _signed(self, size: int, keys: KeyRing, origin: str) -> SignedHead:
        """What the court signed of the log's first `size` entries; raises LedgerError where it did not sign these."""
        found = self._session.get(Checkpoint, size)
        signed = None if found is None else verify_checkpoint(found.note, origin, keys.public)
        if signed is None or signed.size != size or not self.begins_with(signed):
            raise LedgerError(
                f"The log's first {size} entries have no checkpoint of this court: they were changed behind its back. "
                "Run courtrec verify."
            )
        return signed

    def _locked_head(self) -> LogHead:
        head = self._session.get(LogHead, 1, with_for_update=True)
        if head is None:  # migrations insert the row; a database without it is not ours
            raise LookupError("The database has no log head: run its migrations first.")
        return head


def _row(index: int, leaf: SignedLeaf) -> LogEntry:
    return LogEntry(
        index=index,
        hearing_id=leaf.hearing,
        author=leaf.author,
        seq=leaf.seq,
        kind=leaf.kind.value,
        entry=leaf.entry,
        at=parse_utc(leaf.at),
    )
