"""What the panel "Copies" of a hearing's page shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.access import Action
from api.caller import Caller
from api.context import Context
from api.copy_content import MIX, still_open
from api.copy_handing import is_here
from api.errors import ApiError, Forbidden
from api.gate import enter, is_kept
from api.web.render import Page, track_text
from court.hearing import HearingState
from storage.db.copies import FAILED, ORDERED, READY
from storage.db.models import Copy, Hearing
from storage.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CopyView:
    """`reason` is why it was not made, `withdrawn` that a part of it was closed since, `gone` that its file was cleared
    away; `linked`: until when a link leads to it; `sound_marked`: its sound bears an inaudible mark."""

    number: int
    recipient: str
    ground: str
    ordered: datetime
    ordered_by: str
    state: str
    reason: str
    size: int
    sha256: str
    withdrawn: bool
    gone: bool
    linked: datetime | None
    acknowledged: datetime | None
    sound_marked: bool

    @property
    def tone(self) -> str:
        if self.withdrawn:
            return "bad"
        if self.gone:
            return ""
        return {READY: "good", FAILED: "bad"}.get(self.state, "info")


def copies_panel(uow: UnitOfWork, page: Page, caller: Caller, hearing: Hearing) -> dict[str, Any]:
    """`may_copy` is False where the caller may order none, or there is nothing to copy yet or any more."""
    live = HearingState(hearing.state).live
    allowed = not live and is_kept(hearing) and _may(uow, caller, hearing)
    rows = [_view(page.context, uow, hearing, one) for one in uow.copies.of(hearing.id)] if allowed else []
    tracks = [(one["track"], track_text(page.words, one["track"], one["role"]), one["kind"]) for one in hearing.tracks]
    first_camera = next((one for one, _, kind in tracks if kind == "video"), "")
    return {
        "may_copy": allowed,
        "copies": rows,
        "copies_pending": any(one.state == ORDERED for one in rows),
        "copy_tracks": [(track, text, track in (MIX, first_camera)) for track, text, _ in tracks],
        "link": None,
    }


def _view(context: Context, uow: UnitOfWork, hearing: Hearing, row: Copy) -> CopyView:
    withdrawn = row.state == READY and not still_open(uow, hearing, row.spans)
    gone = row.state == READY and not is_here(context, row)
    linked = row.link_until if row.link_until is not None and row.link_until > context.clock.now().utc else None
    return CopyView(
        row.id, row.recipient, row.ground, row.ordered_at, row.ordered_by, row.state, row.reason, row.size,
        row.sha256, withdrawn, gone, linked, row.acknowledged_at, bool(row.sound_key),
    )  # fmt: skip


def _may(uow: UnitOfWork, caller: Caller, hearing: Hearing) -> bool:
    try:
        enter(uow, caller, hearing.id, Action.COPY)
    except (Forbidden, ApiError):
        return False
    return True
