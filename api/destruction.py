"""Carrying out an approved act of destruction.

What will be destroyed is stated in the ledger before anything is deleted: after a crash there is a statement and some
files, and carrying the act out again ends it.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from api.acts import APPROVED, ActState, destructible, document_of, end_told, locked, read_act, recordings_of
from api.context import Context
from api.errors import Conflict
from api.gate import existing_hearing
from api.standing import Classes, Standing, end_of, keeping_of, objects_of, standing, state
from api.verification import log_faults
from court.hearing import HearingState, step
from court.retention import RetentionDeed
from protocol.revisions import document_sha256
from storage.db.unit_of_work import UnitOfWork
from storage.errors import ObjectMissing

PART = 2000
"""Objects named in one ledger entry: an entry has at most 1 MiB."""

Progress = Callable[[int, int], None]
"""(objects destroyed so far, objects in all)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many objects were destroyed, how many are kept for another hearing, how many were missing before."""

    destroyed: int
    kept: int
    missing: int


def carry_out(
    context: Context, act_id: str, classes: Classes, progress: Progress = lambda done, total: None
) -> Outcome:
    """Destroys exactly what the approved act names, where nothing keeps it. Raises NotFound, Conflict or StorageError.

    Objects that another hearing still needs are kept; those that were missing before are not named as destroyed.
    """
    faults = list(log_faults(context))
    if faults:
        raise Conflict(f"The log is not whole, so a hold might be hidden and nothing is destroyed. {faults[0]}")
    act, document = _approved(context, act_id)
    missing = _missing(context, act, document) if act.state == APPROVED else set()
    with context.database.begin() as uow:
        locked(uow, act.hearings)
        if read_act(context, uow, document).state == APPROVED:
            _state_destruction(context, uow, document, act, missing, classes)
    stated = _stated(context, act, classes)
    for done, sha256 in enumerate(sorted(stated), start=1):
        with suppress(ObjectMissing):  # an earlier attempt did it
            context.store.destroy(sha256)
        progress(done, len(stated))
    _state_done(context, act)
    named = {one["sha256"] for part in document["hearings"] for one in part["objects"]}
    return Outcome(len(stated), len(named - stated - missing), len(missing))


def _approved(context: Context, act_id: str) -> tuple[ActState, dict[str, Any]]:
    with context.database.read() as uow:
        document = document_of(uow, act_id)
        act = read_act(context, uow, document)
    if not act.approver:
        raise Conflict(f"Act {act_id} is not approved: a judge or administrator other than {act.proposer} must.")
    return act, document


def _state_destruction(
    context: Context,
    uow: UnitOfWork,
    document: Mapping[str, Any],
    act: ActState,
    missing: set[str],
    classes: Classes,
) -> None:
    """Names in the ledger, before anything is deleted, what will be; from here on the hearings count as destroyed."""
    if beside := {*recordings_of(uow, act.hearings)} - {*act.hearings}:
        raise Conflict(
            f"Act {act.id} does not name {min(beside)}, another recording of the hearing: propose another act."
        )
    named_by: dict[str, list[dict[str, Any]]] = {}
    found: dict[str, Standing] = {}
    for part in document["hearings"]:
        hearing_id, named = part["hearing"], {one["sha256"]: one for one in part["objects"]}
        if named.keys() != objects_of(context, uow, hearing_id).keys():
            raise Conflict(f"Hearing {hearing_id} has other objects than act {act.id} names: propose another act.")
        found[hearing_id] = destructible(context, uow, existing_hearing(uow, hearing_id), classes)
        sharing = _sharing(context, uow, hearing_id, act, classes)
        needed = {sha256 for sha256, others in sharing.items() if any(not one.over for one in others)}
        named_by[hearing_id] = [one for sha256, one in named.items() if sha256 not in needed | missing]
        _require_unlocked(context, uow, named_by[hearing_id])
        for one in named_by[hearing_id]:
            for other in sharing.get(one["sha256"], ()):
                found[other.standing.hearing] = other.standing
                named_by.setdefault(other.standing.hearing, []).append(one)
    told = {"act": act.id, "approved_by": act.approver, "document_sha256": document_sha256(document)}
    for hearing_id, objects in named_by.items():
        for first in range(0, max(1, len(objects)), PART):
            deed = {**told, **end_told(found[hearing_id]), "objects": objects[first : first + PART]}
            state(context, uow, hearing_id, RetentionDeed.DESTROY, by=act.proposer, reason=act.reason, **deed)
        hearing = existing_hearing(uow, hearing_id)
        hearing.state = step(HearingState(hearing.state), HearingState.DESTROYED)
        uow.voices.forget(hearing_id)


def _require_unlocked(context: Context, uow: UnitOfWork, objects: Iterable[Mapping[str, Any]]) -> None:
    for one in objects:
        row = uow.log.object(one["sha256"])
        if row is not None and row.retain_until is not None and row.retain_until > context.clock.now().utc:
            raise Conflict(f"Object {one['sha256']} ({one['what']}) is kept {end_of(row.retain_until)}.")


@dataclass(frozen=True, slots=True)
class _Other:
    """Another hearing that names an object of the act; `over` if an act destroyed it and it no longer needs it."""

    standing: Standing
    over: bool


def _sharing(
    context: Context, uow: UnitOfWork, hearing_id: str, act: ActState, classes: Classes
) -> dict[str, list[_Other]]:
    """The hearings outside the act that name objects of this one, by SHA-256."""
    elsewhere = {
        sha256: others - {*act.hearings}
        for sha256, others in uow.acts.elsewhere(hearing_id).items()
        if others - {*act.hearings}
    }
    now, known = context.clock.now().utc, {}
    for other in set().union(*elsewhere.values()):
        found = standing(context, uow, existing_hearing(uow, other), classes)
        known[other] = _Other(found, found.destroyed and found.until <= now)
    return {sha256: [known[one] for one in sorted(others)] for sha256, others in elsewhere.items()}


def _stated(context: Context, act: ActState, classes: Classes) -> set[str]:
    """What the entries say will be destroyed; raises Conflict where another hearing came to need some of it since."""
    stated: set[str] = set()
    with context.database.read() as uow:
        for hearing_id in act.hearings:
            own = {
                sha256
                for one in keeping_of(context, uow, hearing_id).acts
                if one.id == act.id
                for sha256 in one.objects
            }
            for sha256, others in _sharing(context, uow, hearing_id, act, classes).items():
                needing = [one.standing.hearing for one in others if not one.over]
                if sha256 in own and needing:
                    raise Conflict(f"Hearing {needing[0]} now needs object {sha256}, which act {act.id} would destroy.")
            stated |= own
    return stated


def _state_done(context: Context, act: ActState) -> None:
    """In every hearing whose entries name the act; once."""
    with context.database.begin() as uow:
        sharing = set().union(*(set().union(*uow.acts.elsewhere(one).values()) for one in act.hearings))
        for hearing in locked(uow, sorted({*act.hearings, *sharing})):
            stated = [one for one in keeping_of(context, uow, hearing.id).acts if one.id == act.id]
            if stated and not stated[0].done:
                deed = {"act": act.id, "approved_by": act.approver}
                state(context, uow, hearing.id, RetentionDeed.DESTROYED, by=act.proposer, reason=act.reason, **deed)


def _missing(context: Context, act: ActState, document: Mapping[str, Any]) -> set[str]:
    """Objects that the store has not; raises Conflict at one that the store itself holds."""
    missing: set[str] = set()
    for sha256 in {one["sha256"] for part in document["hearings"] for one in part["objects"]}:
        try:
            if context.store.held(sha256):
                raise Conflict(
                    f"Object {sha256} of act {act.id} is under legal hold in the store: nothing is destroyed."
                )
        except ObjectMissing:
            missing.add(sha256)
    return missing
