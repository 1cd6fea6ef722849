"""Acts of destruction: one person proposes and names every object, another approves.

Both are entries of the ledger that hold the hash of the act's document, so a row altered in the database destroys
nothing. What is then carried out is in destruction.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.context import Context
from api.errors import Conflict, NotFound
from api.gate import existing_hearing
from api.keeping import checked_reason
from api.standing import Classes, Standing, end_of, keeping_of, objects_of, standing, state
from court.clock import iso_utc
from court.hearing import HearingState
from court.ids import is_id, time_ordered_id
from court.retention import RetentionDeed
from protocol.revisions import document_sha256
from storage.db.models import DestructionAct, Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.destruction import is_same

PROPOSED, APPROVED, STATED, DESTROYED, ALTERED = "proposed", "approved", "stated", "destroyed", "altered"
"""How far an act has come; `stated` while it is being carried out."""


@dataclass(frozen=True, slots=True)
class ActState:
    """An act by the ledger's entries; people are logins, '' before they acted."""

    id: str
    reason: str
    proposer: str
    approver: str
    state: str
    hearings: tuple[str, ...]
    objects: int


def propose(
    context: Context, hearings: Sequence[str], by: str, reason: str, classes: Classes, randomness: bytes
) -> str:
    """Writes down what is to be destroyed and why; returns the act's id, made with 10 bytes of `randomness`.

    All recordings of a hearing go together: the spare node's are named as well.

    Raises NotFound, InputError or Conflict, naming the hearing that may not be destroyed.
    """
    reason, now = checked_reason(reason), context.clock.now().utc
    act_id = time_ordered_id(now, randomness)
    with context.database.begin() as uow:
        rows = locked(uow, recordings_of(uow, hearings))
        found = [destructible(context, uow, one, classes) for one in rows]
        if late := [one.id for one in rows if uow.hearings.undelivered(one.id)]:
            raise Conflict(
                f"Hearing {late[0]} has segments that never arrived, which no act can name: deliver them first."
            )
        told = [_hearing_part(one, objects_of(context, uow, one.hearing)) for one in found]
        document = {"act": act_id, "at": iso_utc(now), "by": by, "reason": reason, "hearings": told}
        uow.acts.add(DestructionAct(id=act_id, document=document))
        for one in found:
            deed = {"act": act_id, "document_sha256": document_sha256(document), **end_told(one)}
            state(context, uow, one.hearing, RetentionDeed.PROPOSE, by=by, reason=reason, **deed)
    return act_id


def approve(context: Context, act_id: str, by: str) -> None:
    """The second person's consent; repeating it is harmless. Raises NotFound or Conflict."""
    with context.database.begin() as uow:
        document = document_of(uow, act_id)
        locked(uow, _hearings_of(document))
        act = read_act(context, uow, document)
        if is_same(act.proposer, by):
            raise Conflict(f"{by} proposed act {act_id}, so another judge or administrator must approve it.")
        if act.approver:
            return
        deed = {"act": act_id, "document_sha256": document_sha256(document)}
        for hearing_id in act.hearings:
            state(context, uow, hearing_id, RetentionDeed.APPROVE, by=by, reason=act.reason, **deed)


def acts(context: Context) -> Iterator[ActState]:
    """All of them, oldest first; of one that was changed in the database no more than that."""
    with context.database.read() as uow:
        for row in uow.acts.all():
            try:
                yield read_act(context, uow, row.document)
            except Conflict:
                yield ActState(row.id, "", "", "", ALTERED, (), 0)


def read_act(context: Context, uow: UnitOfWork, document: Mapping[str, Any]) -> ActState:
    """What became of the act by the entries of every hearing it names; raises Conflict where they tell another act."""
    try:
        found = _read(context, uow, document)
    except (LookupError, TypeError):  # not even an act's form
        found = None
    if found is None:
        raise Conflict(
            "The act was changed in the database after it was proposed, so it counts for nothing: run courtrec verify "
            "and propose another."
        )
    return found


def _read(context: Context, uow: UnitOfWork, document: Mapping[str, Any]) -> ActState | None:
    act_id, digest = document["act"], document_sha256(document)
    people, states = set(), set()
    for hearing_id in _hearings_of(document):
        kept = keeping_of(context, uow, hearing_id)
        proposal, approval = kept.proposals.get(act_id), kept.approvals.get(act_id)
        if proposal is None or any(one and one.body["document_sha256"] != digest for one in (proposal, approval)):
            return None
        people.add((proposal.body["by"], approval.body["by"] if approval else ""))
        stated = next((one for one in kept.acts if one.id == act_id), None)
        states.add((DESTROYED if stated.done else STATED) if stated else APPROVED if approval else PROPOSED)
    if len(people) != 1 or len(states) != 1:
        return None
    proposer, approver = people.pop()
    if is_same(proposer, approver):
        return None
    objects = sum(len(part["objects"]) for part in document["hearings"])
    hearings = tuple(_hearings_of(document))
    return ActState(act_id, document["reason"], proposer, approver, states.pop(), hearings, objects)


def destructible(context: Context, uow: UnitOfWork, hearing: Hearing, classes: Classes) -> Standing:
    """How the hearing stands, if it may be destroyed now; raises Conflict saying why not."""
    found = standing(context, uow, hearing, classes)
    whose, holds = f"Hearing {hearing.id} (case {found.case_number})", found.holds
    if found.destroyed:
        raise Conflict(f"{whose} was destroyed by act already.")
    if holds:
        raise Conflict(f"{whose} is under legal hold by {holds[0].body['by']} ({holds[0].body['reason']}): it is kept.")
    if found.keeping.ended is None:
        raise Conflict(f"{whose} has not ended: it is kept.")
    if found.term.pending:
        raise Conflict(
            f"{whose} is of the class {found.term.name!r}, whose term awaits legal confirmation: confirm it in the "
            "file of COURTREC_RETENTION_CLASSES first."
        )
    if found.until > context.clock.now().utc:
        raise Conflict(f"{whose} is kept {end_of(found.until)}.")
    return found


def document_of(uow: UnitOfWork, act_id: str) -> dict[str, Any]:
    row = uow.acts.get(act_id) if is_id(act_id) else None
    if row is None:
        raise NotFound(f"There is no act {act_id!r:.60}: see `courtrec retention act list`.")
    return row.document


def _hearings_of(document: Mapping[str, Any]) -> list[str]:
    return [part["hearing"] for part in document["hearings"]]


def recordings_of(uow: UnitOfWork, hearings: Iterable[str]) -> list[str]:
    """The ids of these hearings and of their other recordings that are not destroyed, in order; raises NotFound."""
    rows = [existing_hearing(uow, one) for one in hearings]
    beside = [recording for one in rows for recording in uow.hearings.together(one)]
    return sorted({one.id for one in rows} | {one.id for one in beside if one.state != HearingState.DESTROYED})


def locked(uow: UnitOfWork, hearings: Sequence[str]) -> list[Hearing]:
    """In the order in which every writer takes them; raises NotFound naming the one that is not there."""
    found = []
    for hearing_id in hearings:
        row = uow.hearings.lock(hearing_id) if is_id(hearing_id) else None
        if row is None:
            raise NotFound(f"There is no hearing {hearing_id!r:.60}: see `courtrec hearings`.")
        found.append(row)
    return found


def _hearing_part(found: Standing, objects: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
    """What the act says of one hearing: why it may be destroyed, and each object with its size in bytes."""
    return {
        "hearing": found.hearing,
        "case_number": found.case_number,
        "class": found.term.name,
        "source": found.term.source,
        **end_told(found),
        "objects": [{"sha256": sha256, "size": size, "what": what} for sha256, (size, what) in objects.items()],
    }


def end_told(found: Standing) -> dict[str, Any]:
    return {"until": iso_utc(found.until), "years": found.term.years or 0}
