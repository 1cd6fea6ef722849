"""What the log itself says that it lost, when a backup older than its end was restored (storage/ledger/loss.py)."""

from collections.abc import Iterator

from api.context import Context
from storage.backup.restore import LOSS
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError
from storage.ledger.loss import Loss, parse_loss


def losses(context: Context) -> Iterator[Loss | str]:
    """Each statement among the keys, or what is wrong with it."""
    for path in sorted(context.log_checkpoint.parent.glob(f"*{LOSS}")):
        try:
            yield parse_loss(
                path.read_bytes().decode(errors="replace"), context.settings.log_origin, context.log_keys.public
            )
        except (LedgerError, OSError) as error:
            yield f"The statement {path} of lost entries cannot be believed: {error}"


def loss_faults(context: Context, uow: UnitOfWork) -> Iterator[str]:
    """Statements that are none, and logs that do not continue what they say was kept."""
    for one in losses(context):
        if isinstance(one, str):
            yield one
        elif not uow.log.begins_with(one.kept):
            yield f"The log does not continue the {one.kept.size} entries that it says it kept on {one.at:%Y-%m-%d}."


def loss_notes(context: Context) -> Iterator[str]:
    """What was lost, for whoever verifies: no fault of today, and never to be forgotten."""
    return (one.sentence for one in losses(context) if isinstance(one, Loss))
