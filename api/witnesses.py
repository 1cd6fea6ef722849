"""Cosignatures of witnesses: taken in if they are on a checkpoint of this log, checked again by `courtrec verify`."""

from collections.abc import Iterator

from api.context import Context
from api.errors import Unusable
from storage.db.models import Checkpoint
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError
from storage.ledger.checkpoint import parse_checkpoint, signed_text, verify_checkpoint
from storage.ledger.witness import Cosignature, cosignatures, with_cosignatures

MAX_COSIGNED = 1 << 14
"""Bytes of a cosigned note: some hundred signature lines."""


def take_cosignatures(context: Context, posted: bytes) -> str:
    """Keeps what trusted witnesses say on a checkpoint of ours; that checkpoint, with all that is known of it.

    Repeating it changes nothing. Lines of others are left out. Raises Unusable where there is nothing to keep.
    """
    note, new = _cosigned(context, posted)
    size = parse_checkpoint(note).size
    with context.database.begin() as uow:
        known = size <= uow.log.head().size  # a larger number may be more than the database can compare
        row = uow.session.get(Checkpoint, size, with_for_update=True) if known else None
        if row is None or signed_text(row.note) != signed_text(note):
            if row is not None and signed_text(served(context, uow)) == signed_text(note):
                raise Unusable("The log was restored and has not grown since: cosign its next checkpoint.")
            raise Unusable(
                f"This log signed no such checkpoint of {size} entries: take one from GET /api/log/checkpoint."
            )
        verify_checkpoint(row.note, context.settings.log_origin, context.log_keys.public)
        row.note = with_cosignatures(row.note, new, context.settings.witnesses)
        return row.note


def witness_faults(context: Context, uow: UnitOfWork) -> Iterator[str]:
    """A sentence for each checkpoint with a line of a trusted witness that the witness did not sign."""
    for row in uow.log.checkpoints():
        try:
            cosignatures(row.note, context.settings.witnesses)
        except LedgerError as error:
            yield f"The checkpoint kept for {row.size} entries is not cosigned as it says: {error}"


def served(context: Context, uow: UnitOfWork) -> str:
    """The checkpoint that anybody is given to keep or to cosign; raises LedgerError where the log was altered."""
    return uow.log.served(context.clock.now().utc, context.log_keys, context.settings.log_origin)


def _cosigned(context: Context, posted: bytes) -> tuple[str, list[Cosignature]]:
    try:
        note = posted.decode()
        parse_checkpoint(note)
        found = cosignatures(note, context.settings.witnesses)
    except UnicodeDecodeError:
        raise Unusable("The cosigned checkpoint is not UTF-8: send the note as text.") from None
    except LedgerError as error:
        raise Unusable(str(error)) from None
    if not found:
        raise Unusable("No witness this court trusts has signed this checkpoint: see COURTREC_WITNESSES.")
    return note, found
