"""What the log itself says of backups that were restored (storage/ledger/restoration.py), and whether it still does."""

from collections.abc import Iterator, Sequence

from api.context import Context
from storage.db.unit_of_work import UnitOfWork
from storage.keyring import stated_restorations
from storage.ledger.checkpoint import Checkpoint
from storage.ledger.restoration import Restoration, named_restorations
from storage.ledger.rotation import LOG


def restoration_faults(context: Context, uow: UnitOfWork, signed: Sequence[Checkpoint]) -> Iterator[str]:
    """Statements that are none, that no longer lie where a checkpoint of the log, one of `signed`, names them, or that
    a later checkpoint passes over, and logs that do not continue what was kept."""
    stated: dict[str, Restoration] = {}
    for one in _stated(context):
        if isinstance(one, str):
            yield one
        else:
            stated[one.sha256] = one
    naming: dict[str, int] = {}
    for checkpoint in sorted(signed, key=lambda one: one.size, reverse=True):
        naming |= dict.fromkeys(named_restorations(checkpoint), checkpoint.size)
    for sha256, size in naming.items():
        if sha256 not in stated:
            yield (
                f"The statement of a restoration that the log's checkpoint of {size} entries names (SHA-256 {sha256}) "
                "is missing or altered: put it back into the folder keys, from a backup or a bundle."
            )
    for one in stated.values():
        if not any(later.at > one.at and later.kept.size < one.kept.size for later in stated.values()):
            yield from _continued(uow, one, signed)


def restoration_notes(context: Context) -> Iterator[str]:
    """For whoever verifies: no fault of today, and never to be forgotten."""
    return (one.sentence for one in _stated(context) if isinstance(one, Restoration))


def _stated(context: Context) -> Iterator[Restoration | str]:
    settings = context.settings
    return stated_restorations(
        context.log_checkpoint.with_name(f"{LOG}.ed25519"), settings.log_origin, context.log_keys.public
    )


def _continued(uow: UnitOfWork, one: Restoration, signed: Sequence[Checkpoint]) -> Iterator[str]:
    """Faults of a log that should have gone on after the restoration."""
    if not uow.log.begins_with(one.kept):
        yield f"The log does not continue the {one.kept.size} entries that it says were restored on {one.at:%Y-%m-%d}."
    silent = [each.size for each in signed if each.size > one.kept.size and one.sha256 not in named_restorations(each)]
    if silent:
        yield (
            f"The log's checkpoint of {min(silent)} entries does not name the restoration of {one.at:%Y-%m-%d}, which "
            "came before it: it was signed by somebody else, or the restoration was not made by courtrec."
        )
