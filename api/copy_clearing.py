"""Clearing away the files of copies. The log goes on stating what was handed out, and another copy can be ordered."""

import shutil
from datetime import datetime

import structlog

from api.context import Context
from api.copy_content import still_open
from api.gate import is_kept
from api.home import Home
from storage.db.copies import FAILED, ORDERED
from storage.db.models import Copy
from storage.db.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)


def clear_copies(context: Context) -> None:
    """Removes what lies in out/copies and is over: of a copy that was fetched, or may be handed out no more, so many
    days later (`copy_days`), unless a link leads to it; of one that failed, or whose hearing was destroyed, at once."""
    folder, now = Home(context.settings.home).copies, context.clock.now().utc
    found = [path for path in sorted(folder.glob("*")) if path.stem.isdigit()]
    with context.database.read() as uow:
        over = [path for path in found if _is_over(context, uow, uow.copies.get(int(path.stem)), now)]
    for path in over:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        _log.info("copy_cleared", file=path.name)


def _is_over(context: Context, uow: UnitOfWork, row: Copy | None, now: datetime) -> bool:
    if row is None or row.state == ORDERED:
        return False
    hearing = uow.hearings.get(row.hearing_id)
    if row.state == FAILED or hearing is None or not is_kept(hearing):
        return True
    if row.made_at is None or (row.link_until is not None and row.link_until > now):
        return False
    wanted = row.fetched_at is None and still_open(uow, hearing, row.spans)
    return not wanted and max(row.made_at, row.fetched_at or row.made_at) + context.settings.copies_kept < now
