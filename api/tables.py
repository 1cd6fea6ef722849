"""Do the tables still say what the ledger's entries say? The entries are the truth, the tables answer questions."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from api.made import act_faults, correction_faults, protocol_faults, remark_faults, transcript_faults
from api.projection import NODE
from court.card import HearingCard
from court.clock import parse_utc
from court.errors import InputError
from court.hearing import HearingState
from court.retention import RetentionDeed
from storage.db.models import Gap, LogEntry, NoteRow, OpennessRow, Segment, StateChange
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError
from storage.ledger.delivery import expected
from storage.ledger.leaf import LeafKind, SignedLeaf, parse
from storage.ledger.stored import named_object
from storage.worm.port import object_key

_STATE_AFTER = {
    LeafKind.HEARING: HearingState.RECORDING,
    LeafKind.DRAFT: HearingState.DRAFT,
    LeafKind.PROTOCOL: HearingState.DRAFT,
    LeafKind.SIGNATURE: HearingState.SIGNED,
}
_STRETCH = ("track", "start", "end", "rate")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table whose rows repeat the bodies of one kind of leaf, column by column."""

    model: type[Segment | Gap | NoteRow | StateChange | OpennessRow]
    kind: LeafKind
    columns: tuple[str, ...]
    anchored: bool


_TABLES = (
    _Table(
        Segment,
        LeafKind.SEGMENT,
        (*_STRETCH, "sequence", "sha256", "size", "init_size", "codec", "partial"),
        anchored=True,
    ),
    _Table(Gap, LeafKind.GAP, (*_STRETCH, "cause", "device_log"), anchored=True),
    _Table(NoteRow, LeafKind.NOTE, ("at_sample", "template", "text"), anchored=False),
    _Table(StateChange, LeafKind.STATE, ("state", "at_sample"), anchored=True),
    _Table(OpennessRow, LeafKind.OPENNESS, ("start_ms", "end_ms", "openness", "ordered_by"), anchored=False),
)


def log_row_fault(row: LogEntry, index: int) -> str | None:
    """What is wrong with the row of the log that should be number `index`: its columns only repeat its entry."""
    if row.index != index:
        return f"Entry {index} of the log is missing: entry {row.index} follows instead."
    try:
        leaf = parse(row.entry)
    except LedgerError as error:
        return f"Entry {index} of the log is no leaf: {error}"
    told = (row.hearing_id, row.author, row.seq, row.kind, row.at)
    if told != (leaf.hearing, leaf.author, leaf.seq, leaf.kind, parse_utc(leaf.at)):
        return f"Entry {index} of the log is listed under another hearing, author, number, kind or time than its own."
    return None


def hearing_table_faults(
    uow: UnitOfWork, hearing_id: str, leaves: Mapping[int, SignedLeaf], court: Collection[str]
) -> Iterator[str]:
    """Everything the tables say about a hearing against its `leaves`, by index in the log; `court` are key ids."""
    yield from _card_faults(uow, hearing_id, leaves)
    for table in _TABLES:
        yield from _row_faults(uow, hearing_id, table, leaves)
    yield from _object_faults(uow, leaves, expected([*leaves.values()], court))
    yield from protocol_faults(uow, hearing_id, leaves)
    yield from transcript_faults(uow, hearing_id, leaves)
    yield from correction_faults(uow, hearing_id, leaves)
    yield from remark_faults(uow, hearing_id, leaves)
    yield from act_faults(uow, hearing_id, leaves.values())


def state_of(leaves: Iterable[SignedLeaf]) -> HearingState | None:
    """How far the entries say that a hearing has come; None without its first."""
    state = None
    for leaf in leaves:
        told = leaf.body["state"] if leaf.kind is LeafKind.STATE else _STATE_AFTER.get(leaf.kind)
        if leaf.kind is LeafKind.STATE and state is not None and not state.live:
            continue  # its own node is back after the court ended it on the spare recording
        if leaf.kind is LeafKind.RETENTION and leaf.body["deed"] == RetentionDeed.DESTROY:
            told = HearingState.DESTROYED
        state = state if told is None else HearingState(told)
    return state


def readable(entries: Sequence[LogEntry]) -> Iterator[tuple[int, SignedLeaf]]:
    """The entries' leaves with their places in the log."""
    for row in entries:
        try:
            yield row.index, parse(row.entry)
        except LedgerError:  # told by log_row_fault
            continue


def _card_faults(uow: UnitOfWork, hearing_id: str, leaves: Mapping[int, SignedLeaf]) -> Iterator[str]:
    hearing = uow.hearings.get(hearing_id)
    opening = next((leaf for leaf in leaves.values() if leaf.kind is LeafKind.HEARING), None)
    if hearing is None or opening is None:
        yield f"Hearing {hearing_id} is not both in the table of hearings and in the log."
        return
    ends = [leaf.body for leaf in leaves.values() if leaf.body.get("state") == HearingState.ENDED]
    end = ends[0] if ends else None
    try:
        parsed = HearingCard.parse(opening.body["card"])
        card, key = parsed.as_fields(), parsed.case_number.key
    except InputError:
        card, key = {}, ""
    told = {
        "card": (hearing.card, card),
        "case number": ((hearing.case_number, hearing.case_key), (card.get("case_number"), key)),
        "state": (hearing.state, state_of(leaves.values())),
        "room": (hearing.room, opening.body["room"]),
        "being a spare recording": (hearing.spare_of, opening.body.get("spare_of")),
        "tracks": (hearing.tracks, opening.body["tracks"]),
        "beginning": (hearing.started_at, parse_utc(opening.body["started"]["utc"])),
        "end": (
            (hearing.end_sample, hearing.ended_at),
            (end["at_sample"], parse_utc(end["anchor"]["utc"])) if end else (None, None),
        ),
    }
    for what, (row, entry) in told.items():
        if row != entry:
            yield f"The {what} of hearing {hearing_id} in the database is not the one in the log."


def _row_faults(uow: UnitOfWork, hearing_id: str, table: _Table, leaves: Mapping[int, SignedLeaf]) -> Iterator[str]:
    stated = {index: _told_by_leaf(leaf, table) for index, leaf in leaves.items() if leaf.kind is table.kind}
    name = f"{table.kind.value} of hearing {hearing_id}"
    rows: Iterable[Any] = uow.session.scalars(select(table.model).where(table.model.hearing_id == hearing_id))
    for row in rows:
        entry = stated.pop(row.leaf_index, None)
        told = _told_by_row(row, table)
        if entry is None:
            yield f"The database lists a {name} (row {row.id}) that no entry of the log states, or lists it twice."
        elif told != entry:
            fields = ", ".join(field for field in entry if told[field] != entry[field])
            yield f"The {name} in entry {row.leaf_index} of the log was changed in the database: {fields}."
    for index in stated:
        yield f"The {name} in entry {index} of the log is missing from the database."


def _told_by_leaf(leaf: SignedLeaf, table: _Table) -> dict[str, Any]:
    body = {"ordered_by": leaf.body.get("by", NODE), **leaf.body}
    told = {column: body[column] for column in table.columns}
    return {**told, "utc": parse_utc(leaf.body["anchor"]["utc"])} if table.anchored else told


def _told_by_row(row: Any, table: _Table) -> dict[str, Any]:
    told = {column: getattr(row, column) for column in table.columns}
    return {**told, "utc": row.utc} if table.anchored else told


def _object_faults(uow: UnitOfWork, leaves: Mapping[int, SignedLeaf], awaited: Collection[str]) -> Iterator[str]:
    """Every object that an entry states must be listed, so that it is found, kept and checked; or be on its way."""
    for leaf in leaves.values():
        named = named_object(leaf)
        if named is None:
            continue
        sha256, _, what = named
        row = uow.log.object(sha256)
        if row is None:
            if sha256 in awaited:
                continue
            yield f"{what} (object {sha256}) is missing from the database's list of stored objects."
        elif (row.size, row.key) != (leaf.body["size"], object_key(sha256)):
            yield f"{what} (object {sha256}) is listed in the database with another size or place than its own."
