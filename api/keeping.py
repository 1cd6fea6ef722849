"""Legal hold, extension, what is due, and telling the store; all recordings of a hearing together, a spare node's too.

Every deed is first a signed entry of the ledger and then done in the store. Where a crash comes between the two, the
entry counts, and the same command (or `apply`) does the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from api.access import Action, Place, decide
from api.auth.sessions import proven
from api.context import Context
from api.errors import Conflict, Forbidden
from api.gate import existing_hearing
from api.standing import Classes, Standing, end_of, keeping_of, objects_of, standing, state
from court.clock import iso_utc
from court.errors import InputError
from court.hearing import HearingState
from court.openness import Openness
from court.people import UserRole
from court.retention import RetentionDeed
from storage.db.unit_of_work import UnitOfWork
from storage.errors import ObjectMissing
from storage.retention import lock_until, retain_until

MAX_REASON = 1000
MAX_ORDER_YEARS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """What a deed did in the store: to how many objects, and how many it did not find there."""

    objects: int
    missing: int


def answerable(context: Context, login: str, password: str) -> str:
    """The login of the judge or administrator whose password this is; raises NotLoggedIn or Forbidden."""
    refusal = "{login} is no judge or administrator of this court, so may not decide on retention."
    return allowed(context, login, password, Action.MANAGE_RETENTION, refusal)


def allowed(context: Context, login: str, password: str, action: Action, refusal: str) -> str:
    """The login of the person whose password this is, who may do that; raises NotLoggedIn or Forbidden."""
    user = proven(context, login, password, address="")
    if not decide(UserRole(user.role), action, Openness.OPEN, Place.ON_SITE, granted=False).allowed:
        raise Forbidden(refusal.format(login=user.login))
    return user.login


def due(context: Context, at: datetime, classes: Classes) -> Iterator[Standing]:
    """Hearings whose retention is over and that no hold keeps, oldest first."""
    with context.database.read() as uow:
        for hearing in uow.acts.hearings():
            if hearing.ended_at is None or hearing.state == HearingState.DESTROYED:
                continue
            found = standing(context, uow, hearing, classes)
            if found.may_be_destroyed(at):
                yield found


def hold(context: Context, hearing_id: str, by: str, reason: str) -> Told:
    """Nothing of any recording of the hearing may be destroyed until the hold is lifted. Repeating it is harmless."""
    reason = checked_reason(reason)
    with _deciding(context, hearing_id) as (uow, recordings):
        for recording in recordings:
            holds = keeping_of(context, uow, recording).holds
            if (by, reason) not in {(one.body["by"], one.body["reason"]) for one in holds}:
                state(context, uow, recording, RetentionDeed.HOLD, by=by, reason=reason)
    return _in_all(_hold_objects(context, recording) for recording in recordings)


def lift(context: Context, hearing_id: str, by: str, reason: str) -> Told:
    """Ends every hold on the hearing's recordings; objects that another held hearing names stay held."""
    reason = checked_reason(reason)
    with _deciding(context, hearing_id) as (uow, recordings):
        kept = {recording: keeping_of(context, uow, recording) for recording in recordings}
        if not any(one.holds or one.lifted for one in kept.values()):
            raise Conflict(f"Hearing {hearing_id} is not under legal hold: there is nothing to lift.")
        for recording, one in kept.items():
            if one.holds:
                state(context, uow, recording, RetentionDeed.LIFT, by=by, reason=reason)
    return _in_all(_free_objects(context, recording) for recording in recordings)


def extend(context: Context, hearing_id: str, until: datetime, by: str, reason: str, classes: Classes) -> Told:
    """Keeps the hearing's recordings at least until then; raises InputError where they are kept as long already."""
    reason = checked_reason(reason)
    if until > retain_until(context.clock.now().utc, MAX_ORDER_YEARS):
        raise InputError(f"{until:%Y-%m-%d} is over {MAX_ORDER_YEARS} years ahead, and a lock is for good: check it.")
    with _deciding(context, hearing_id) as (uow, recordings):
        kept = {recording: keeping_of(context, uow, recording) for recording in recordings}
        if until not in kept[hearing_id].orders:
            if kept[hearing_id].ended is None:
                raise InputError(f"Hearing {hearing_id} has not ended: its retention has not begun.")
            present = standing(context, uow, existing_hearing(uow, hearing_id), classes).until
            if until <= present:
                raise InputError(
                    f"Hearing {hearing_id} is kept {end_of(present)} already: retention is only ever extended."
                )
        for recording, one in kept.items():
            if until not in one.orders:
                state(context, uow, recording, RetentionDeed.EXTEND, by=by, reason=reason, until=iso_utc(until))
    return _in_all(_lock_objects(context, recording, classes) for recording in recordings)


def apply(context: Context, classes: Classes) -> Iterator[tuple[str, Told]]:
    """Brings the store to what the ledger says of every hearing that is not destroyed: holds and locks."""
    with context.database.read() as uow:
        hearings = [one.id for one in uow.acts.hearings() if one.state != HearingState.DESTROYED]
    for hearing_id in hearings:
        told = _lock_objects(context, hearing_id, classes)
        with context.database.read() as uow:
            held = standing(context, uow, existing_hearing(uow, hearing_id), classes).holds
        yield hearing_id, _hold_objects(context, hearing_id) if held else told


def checked_reason(reason: str) -> str:
    """The reason as it is entered; raises InputError where it is none."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= MAX_REASON:
        raise InputError(f"The reason has {len(reason)} characters: give 1 to {MAX_REASON}.")
    return reason


@contextmanager
def _deciding(context: Context, hearing_id: str) -> Iterator[tuple[UnitOfWork, list[str]]]:
    """A transaction on a hearing that can still be kept, and the ids of its recordings that can; raises NotFound or
    Conflict."""
    with context.database.begin() as uow:
        together = sorted(one.id for one in uow.hearings.together(existing_hearing(uow, hearing_id)))
        rows = [row for row in map(uow.hearings.lock, together) if row is not None]
        recordings = [row.id for row in rows if row.state != HearingState.DESTROYED]
        if hearing_id not in recordings:
            raise Conflict(f"Hearing {hearing_id} was destroyed by act: there is nothing left to decide on.")
        yield uow, recordings


def _hold_objects(context: Context, hearing_id: str) -> Told:
    with context.database.read() as uow:
        objects = objects_of(context, uow, hearing_id)
    return _on_each(objects, lambda sha256: context.store.hold(sha256, True))


def _free_objects(context: Context, hearing_id: str) -> Told:
    with context.database.read() as uow:
        others = uow.acts.elsewhere(hearing_id)
        held = {one for one in set().union(*others.values()) if keeping_of(context, uow, one).holds}
        free = [sha256 for sha256 in objects_of(context, uow, hearing_id) if not others.get(sha256, set()) & held]
    return _on_each(free, lambda sha256: context.store.hold(sha256, False))


def _lock_objects(context: Context, hearing_id: str, classes: Classes) -> Told:
    """Extends the store's locks that end before they shall, and notes it in the list of objects."""
    with context.database.read() as uow:
        found = standing(context, uow, existing_hearing(uow, hearing_id), classes)
        rows = {one.sha256: one.retain_until for one in uow.acts.objects(hearing_id)}
    if found.keeping.ended is None:
        return Told(0, 0)
    years, now = context.settings.retention_years, context.clock.now().utc
    until = lock_until(now, found.keeping.ended, found.term, found.orders, years)
    short = [one for one, present in rows.items() if until > now and (present is None or present < until)]
    told = _on_each(short, lambda sha256: context.store.extend(sha256, until))
    with context.database.begin() as uow:
        for sha256 in short:
            row = uow.log.object(sha256)
            if row is not None and (row.retain_until is None or row.retain_until < until):
                row.retain_until = until
    return told


def _in_all(told: Iterable[Told]) -> Told:
    parts = list(told)
    return Told(sum(one.objects for one in parts), sum(one.missing for one in parts))


def _on_each(objects: Iterable[str], deed: Callable[[str], object]) -> Told:
    """What is missing keeps nobody from doing the rest; `courtrec verify` names it."""
    done = missing = 0
    for sha256 in objects:
        try:
            deed(sha256)
            done += 1
        except ObjectMissing:
            missing += 1
    return Told(done, missing)
