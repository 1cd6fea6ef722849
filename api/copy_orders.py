"""Ordering copies: who gets one, on what ground, of which tracks; the worker makes it (api.copying)."""

import secrets
from dataclasses import dataclass

from api import copy_content
from api.access import Action
from api.audit import record_access
from api.caller import Caller
from api.context import Context
from api.errors import NotFound, Unusable
from api.gate import enter, require_kept
from court.catalogue import N_
from court.one_line import one_line
from protocol.copies.mark import KEY_BYTES
from storage.db.copies import ORDERED
from storage.db.models import Copy, Hearing
from storage.db.unit_of_work import UnitOfWork
from storage.queue import MAKE_COPY

NOBODY_NAMED = N_("Say who gets the copy and on what ground.")
UNMARKED_BESIDE = N_(
    "The segments as they were recorded bear no mark: choose either them or the inaudible mark in the sound."
)
NO_SUCH_COPY = N_("There is no such copy.")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who shall get a copy, and on what ground; without `tracks` the room mix and the first camera.

    `marked`: the copy's number and recipient in every picture, which are encoded anew for it; `originals`: also the
    segments as they were recorded. `sound_marked`: an inaudible mark in the sound, by which whose copy it was can be
    told from the sound alone.
    """

    recipient: str
    ground: str
    tracks: frozenset[str] = frozenset()
    marked: bool = False
    originals: bool = False
    sound_marked: bool = False


@dataclass(frozen=True, slots=True)
class Ordering:
    """Who orders: their login, role and network address."""

    login: str
    role: str
    address: str


def order_copy(context: Context, caller: Caller, hearing_id: str, wish: Wish) -> int:
    """The number of the copy that a secretary or judge orders; raises NotFound, Forbidden, Conflict or Unusable."""
    with context.database.begin() as uow:
        hearing = enter(uow, caller, hearing_id, Action.COPY)
        number = put_order(context, uow, hearing, wish, Ordering(caller.login, caller.role.value, caller.address))
        subject, ground = f"copy/{number}", wish.ground.strip()
        record_access(context, uow, caller, Action.COPY, hearing_id=hearing_id, subject=subject, ground=ground)
    return number


def put_order(context: Context, uow: UnitOfWork, hearing: Hearing, wish: Wish, by: Ordering) -> int:
    """As `order_copy`, for whoever was let in."""
    recipient, ground = one_line(wish.recipient).strip(), one_line(wish.ground).strip()
    if not recipient or not ground:
        raise Unusable(NOBODY_NAMED)
    if wish.sound_marked and wish.originals:
        raise Unusable(UNMARKED_BESIDE)
    require_kept(hearing)
    copy_content.opened(uow, hearing)
    tracks = copy_content.chosen_tracks(hearing, wish.tracks)
    for one in tracks:
        copy_content.copied_track(uow, context.store, hearing, one)
    now = context.clock.now().utc
    row = Copy(
        hearing_id=hearing.id, ordered_by=by.login, role=by.role, address=by.address, recipient=recipient[:200],
        ground=ground[:500], tracks=tracks, marked=wish.marked, originals=wish.originals, ordered_at=now,
        offered_at=now, attempts=0, state=ORDERED, reason="", file_name="", sha256="", size=0, spans=[], link_hash="",
        sound_key=secrets.token_hex(KEY_BYTES) if wish.sound_marked else "",
    )  # fmt: skip
    number = uow.copies.add(row).id
    uow.outbox.put(MAKE_COPY, [number], now)
    return number


def owned(uow: UnitOfWork, caller: Caller, hearing_id: str, number: int) -> Copy:
    """The copy, for whoever may order some of its hearing; raises NotFound or Forbidden."""
    enter(uow, caller, hearing_id, Action.COPY)
    row = uow.copies.get(number) if 0 < number < 1 << 31 else None
    if row is None or row.hearing_id != hearing_id:
        raise NotFound(NO_SUCH_COPY)
    return row
