"""Handing copies out: the file, and the recipient's link, which can be taken back."""

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path

from api import copy_content
from api.access import Action
from api.audit import record_access
from api.caller import Caller
from api.context import Context
from api.copy_orders import owned
from api.errors import Conflict, Gone
from api.gate import existing_hearing, require_kept
from api.home import Home
from court.catalogue import N_
from storage.db.copies import READY
from storage.db.models import Copy
from storage.db.unit_of_work import UnitOfWork

LINK_LASTS = timedelta(days=30)
FILE_GONE = N_("The file of this copy is no longer kept: order another one.")
NOT_READY = N_("This copy is not ready yet.")
CLOSED_SINCE = N_("The court has closed a part of the hearing since this copy was made: order another one.")


def is_here(context: Context, row: Copy) -> bool:
    """Whether its file was not cleared away yet."""
    return _path(context, row).is_file()


def file_of(context: Context, row: Copy) -> Path:
    """Raises Gone where the file was cleared away."""
    if not is_here(context, row):
        raise Gone(FILE_GONE)
    return _path(context, row)


def _path(context: Context, row: Copy) -> Path:
    return Home(context.settings.home).copies / f"{row.id}.zip"


def require_handed_out(context: Context, uow: UnitOfWork, row: Copy) -> Path:
    """The copy's file; raises Conflict where a part of it was closed since, or it is not ready, Gone where hearing or
    file are no longer kept."""
    hearing = existing_hearing(uow, row.hearing_id)
    require_kept(hearing)
    if row.state != READY:
        raise Conflict(NOT_READY)
    if not copy_content.still_open(uow, hearing, row.spans):
        raise Conflict(CLOSED_SINCE)
    return file_of(context, row)


def fetched(context: Context, row: Copy) -> None:
    """Notes that its file is being taken: until then it is kept."""
    row.fetched_at = context.clock.now().utc


def make_link(context: Context, caller: Caller, hearing_id: str, number: int) -> str:
    """A new link for the recipient, which makes an earlier one void; the token in it is kept nowhere."""
    token = secrets.token_urlsafe(32)
    with context.database.begin() as uow:
        row = owned(uow, caller, hearing_id, number)
        require_handed_out(context, uow, row)
        row.link_hash, row.link_until = hashed(token), context.clock.now().utc + LINK_LASTS
        row.acknowledged_at = None
        subject = f"link to copy/{number}"
        record_access(context, uow, caller, Action.COPY, hearing_id=hearing_id, subject=subject, ground=row.ground)
    return f"{context.settings.site}/copies/{token}"


def revoke_link(context: Context, caller: Caller, hearing_id: str, number: int) -> None:
    with context.database.begin() as uow:
        row = owned(uow, caller, hearing_id, number)
        row.link_hash, row.link_until = "", None
        subject = f"link to copy/{number} revoked"
        record_access(context, uow, caller, Action.COPY, hearing_id=hearing_id, subject=subject, ground=row.ground)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
