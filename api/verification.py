"""Recomputes everything from stored bytes: the log, every hearing's chains and objects, and the tables beside them.

Each fault is one sentence saying what is wrong and where. Nothing is repaired here.
"""

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import select

from api.context import Context
from api.made import unstated_acts
from api.nodes import register_of
from api.readable import file_faults, to_the_end, unreadable_rows
from api.recorders import recorder_faults, register_faults
from api.restorations import restoration_faults
from api.seals import seal_faults
from api.stamps import stamp_faults
from api.tables import hearing_table_faults, log_row_fault, readable, state_of
from api.witnesses import witness_faults
from storage.db.models import Hearing, LogEntry, MerkleNode, StoredObjectRow
from storage.db.sealer import read_kept
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError, StoreRefused
from storage.ledger import merkle
from storage.ledger.checkpoint import Checkpoint, verify_checkpoint
from storage.ledger.ed25519 import key_id
from storage.ledger.faults import ObjectState
from storage.ledger.leaf import LeafKind
from storage.ledger.receipt import SINCE_KINDS, is_owed
from storage.ledger.register import REGISTER
from storage.ledger.rotation import LOG, SERVER
from storage.ledger.verify import verify_hearing, verify_log
from storage.worm.port import WormStore, stored_state

Progress = Callable[[int, int], None]
"""(objects read so far, objects in all)."""


def verify(
    context: Context, hearing_id: str | None = None, progress: Progress = lambda done, total: None
) -> Iterator[str]:
    """Faults of the log and of one hearing; without one of all hearings and every stored object.

    Yields nothing where all is well. A hearing that does not exist is a fault.
    """
    kept = _kept(context)  # before the database: the file only ever tells of what was committed before
    yield from to_the_end("The database", _all_faults(context, hearing_id, progress, kept))


def _all_faults(context: Context, hearing_id: str | None, progress: Progress, kept: Checkpoint | str) -> Iterator[str]:
    with context.database.read() as uow:
        yield from to_the_end("The database's file", file_faults(uow))
        yield from to_the_end("What the tables hold", unreadable_rows(uow))
        yield from to_the_end("The list of keys", _key_faults(context, uow))
        yield from to_the_end("The register of nodes", register_faults(context, uow))
        yield from to_the_end("The log", _log_faults(context, uow, kept))
        yield from to_the_end("The log's cosignatures", witness_faults(context, uow))
        yield from to_the_end("The log's time-stamps", stamp_faults(context, uow))
        yield from to_the_end("What is recorded", _recorded_faults(context, uow, hearing_id, progress))


def log_faults(context: Context) -> Iterator[str]:
    """Faults of the log alone: whether any entry was altered, added or removed."""
    yield from to_the_end("The database", _read_log_faults(context, _kept(context)))


def _read_log_faults(context: Context, kept: Checkpoint | str) -> Iterator[str]:
    with context.database.read() as uow:
        yield from to_the_end("The log", _log_faults(context, uow, kept))


def _key_faults(context: Context, uow: UnitOfWork) -> Iterator[str]:
    for named, raw in uow.log.public_keys().items():
        if key_id(raw) != named:
            yield f"The public key kept as {named} is another key ({key_id(raw)}): it was exchanged."
    for purpose, ours in ((SERVER, context.server_keys), (LOG, context.log_keys)):
        for named in uow.log.public_keys(purpose).keys() - ours.key_ids:
            yield f"The {purpose} key {named} is listed as this court's, but no signed rotation leads from it to ours."


def _recorded_faults(context: Context, uow: UnitOfWork, hearing_id: str | None, progress: Progress) -> Iterator[str]:
    hearings = [one for one in known_hearings(uow) if hearing_id in (None, one, _first_of(uow, one))]
    if hearing_id is not None and not hearings:
        yield f"There is no hearing {hearing_id} in the log."
    objects = _Objects(context.store, _object_rows(uow, hearing_id), progress)
    since, register = uow.log.first_of(*SINCE_KINDS), register_of(context, uow)
    for one in hearings:
        yield from to_the_end(f"Hearing {one}", _hearing_faults(context, uow, one, objects, since))
        yield from to_the_end(f"The node of hearing {one}", recorder_faults(uow, one, register, since))
    yield from objects.faults_of_the_rest()
    if hearing_id is None:
        yield from to_the_end("The list of acts", unstated_acts(uow))


def trusted_keys(context: Context, uow: UnitOfWork) -> dict[str, bytes]:
    """Whose signatures count: enrolled nodes, and the server by the key in its own file and those it replaced.

    Where the log has no register yet, nodes are those of the table.
    """
    enrolled = {named: node.key for named, node in register_of(context, uow).nodes.items()}
    return {**(enrolled or uow.log.public_keys("node")), **{key_id(raw): raw for raw in context.server_keys.public}}


class _Objects:
    """Reads and hashes stored objects, counting them; remembers which of the listed ones were looked at."""

    def __init__(self, store: WormStore, rows: dict[str, StoredObjectRow], progress: Progress) -> None:
        self._store = store
        self._rows = rows
        self._progress = progress
        self._read: set[str] = set()
        self._unreadable: list[str] = []

    def __call__(self, sha256: str) -> ObjectState:
        row = self._rows.get(sha256)
        try:
            state = stored_state(self._store, sha256, row.version if row else "")
        except StoreRefused as error:  # this object; the next may be readable
            self._unreadable.append(f"Object {sha256} was not checked: {error}")
            state = ObjectState(sha256, row.size if row else 0)
        self._read.add(sha256)
        self._progress(len(self._read), max(len(self._read), len(self._rows)))
        return state

    def faults_of_the_rest(self) -> Iterator[str]:
        """Faults of the listed objects that no ledger entry asked for."""
        for sha256, row in self._rows.items():
            if sha256 in self._read:
                continue
            state = self(sha256)
            if state.sha256 is None:
                yield f"Object {row.key} (SHA-256 {sha256}) is missing from the store."
            elif state.sha256 != sha256:
                yield f"Object {row.key} (SHA-256 {sha256}) was altered: its bytes now hash to {state.sha256}."
        yield from self._unreadable


def known_hearings(uow: UnitOfWork) -> list[str]:
    """Every hearing that the log or the table of hearings knows."""
    logged = uow.session.scalars(select(LogEntry.hearing_id).distinct())
    return sorted({*logged, *uow.session.scalars(select(Hearing.id))} - {REGISTER})


def _first_of(uow: UnitOfWork, hearing_id: str) -> str | None:
    """The hearing that this one is a spare recording of."""
    hearing = uow.hearings.get(hearing_id)
    return hearing.spare_of if hearing is not None else None


def _object_rows(uow: UnitOfWork, hearing_id: str | None) -> dict[str, StoredObjectRow]:
    query = select(StoredObjectRow).order_by(StoredObjectRow.stored_at, StoredObjectRow.sha256)
    if hearing_id is not None:
        named = {one.sha256 for one in uow.hearings.segments(hearing_id)}
        named |= {one.sha256 for one in uow.protocols.of(hearing_id) if one.sha256 is not None}
        query = query.where(StoredObjectRow.sha256.in_(named))
    return {row.sha256: row for row in uow.session.scalars(query)}


def _kept(context: Context) -> Checkpoint | str:
    """The checkpoint in the file outside the database, or what is wrong with it."""
    path = context.log_checkpoint
    try:
        kept = read_kept(path, context.settings.log_origin, context.log_keys.public)
    except StoreRefused as error:
        return str(error)
    except LedgerError as error:
        return f"The log's newest checkpoint in {path} cannot be believed: {error}"
    return kept or f"The file {path} with the log's newest checkpoint is missing."


def _log_faults(context: Context, uow: UnitOfWork, kept: Checkpoint | str) -> Iterator[str]:
    tree: dict[tuple[int, int], bytes] = {}
    size = 0
    for index, row in enumerate(uow.log.entries()):
        fault = log_row_fault(row, index)
        if fault is not None:
            yield fault
        for level, position, value in merkle.append(index, merkle.leaf_hash(row.entry), lambda *node: tree[node]):
            tree[level, position] = value
        size = index + 1
    yield from _tree_faults(uow, tree, size)
    signed: list[Checkpoint] = []
    for row_or_fault in _checkpoints(context, uow):
        if isinstance(row_or_fault, str):
            yield row_or_fault
        else:
            signed.append(row_or_fault)
    if size and size not in {one.size for one in signed}:
        yield f"The log's {size} entries have no signed checkpoint: its end was added or removed behind our back."
    if isinstance(kept, Checkpoint):
        signed.append(kept)
    elif size:
        yield kept
    yield from dict.fromkeys(one.sentence for one in verify_log((row.entry for row in uow.log.entries()), signed))
    yield from restoration_faults(context, uow, signed)


def _checkpoints(context: Context, uow: UnitOfWork) -> Iterator[Checkpoint | str]:
    """The signed checkpoints in the database, and a sentence for each that is none."""
    for row in uow.log.checkpoints():
        try:
            signed = verify_checkpoint(row.note, context.settings.log_origin, context.log_keys.public)
        except LedgerError as error:
            yield f"The checkpoint kept for {row.size} entries cannot be believed: {error}"
            continue
        if (row.size, row.root) != (signed.size, signed.root):
            yield f"The checkpoint kept for {row.size} entries is listed with another size or root than it signs."
        yield signed


def _tree_faults(uow: UnitOfWork, tree: dict[tuple[int, int], bytes], size: int) -> Iterator[str]:
    """The stored Merkle tree and head against the tree just computed from the entries."""
    stored = {(one.level, one.index): one.hash for one in uow.session.scalars(select(MerkleNode))}
    differing = sorted(node for node in stored.keys() | tree.keys() if stored.get(node) != tree.get(node))
    entries = [index for level, index in differing if level == 0]
    for index in entries:
        yield f"Entry {index} of the log is not the one its Merkle tree was built from: it was altered or removed."
    if differing and not entries:
        yield f"The stored Merkle tree was altered: {len(differing)} of its inner nodes are not those of the entries."
    head = uow.log.head()
    if (head.size, head.root) != (size, merkle.root_at(size, lambda *node: tree[node])):
        yield f"The log's head tells of {head.size} entries with another root than the {size} entries have."


def _hearing_faults(
    context: Context, uow: UnitOfWork, hearing_id: str, objects: Callable[[str], ObjectState], since: Mapping[str, int]
) -> Iterator[str]:
    rows = list(uow.log.entries(hearing_id))
    leaves = dict(readable(rows))
    state = state_of(leaves.values())
    live, court = state is not None and state.live, context.server_keys.key_ids
    entries, received = [row.entry for row in rows], is_owed(since, LeafKind.RECEIPT, rows[0].index if rows else 0)
    for fault in verify_hearing(entries, trusted_keys(context, uow), objects, live, court, received):
        yield fault.sentence
    yield from hearing_table_faults(uow, hearing_id, leaves, court)
    yield from seal_faults(context, hearing_id, leaves.values())
