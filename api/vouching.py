"""What others said of the log, for a bundle: tokens of the time-stamp authority and cosignatures of witnesses."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import structlog

from api.context import Context
from court.hearing import HearingState
from storage.db.models import Timestamp
from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bundle import Bundle
from storage.ledger.checkpoint import parse_checkpoint, signed_text
from storage.ledger.heads import Head
from storage.ledger.leaf import LeafKind, parse
from storage.ledger.tst import check_token

_ENDED = HearingState.ENDED.value

_log = structlog.get_logger(__name__)


def with_heads(context: Context, bundle: Bundle) -> Bundle:
    """The bundle with those earlier heads of the log that others vouched for.

    They are the first and the newest that has a token, and the first and the newest that each trusted witness
    cosigned, among those that hold all that was stated by the hearing's end. Where none has a token yet, it is the
    newest with a token that holds any of the hearing.
    """
    begun, ended, size = _span(bundle)
    heads: list[Head] = []
    parts: dict[str, bytes] = {}
    with context.database.read() as uow:
        tokens = uow.timestamps.first_and_last(ended, size) or uow.timestamps.first_and_last(begun, size)[-1:]
        sizes = {one.size for one in tokens}
        for witness in context.settings.witnesses:
            sizes |= {one.size for one in uow.log.cosigned(witness.name, ended, size)}
        for one in sorted(sizes):
            row = uow.log.signed_at(one)
            if row is None:
                _log.warning("time_stamp_not_handed_out", size=one, reason="its checkpoint is gone")
                continue
            holding = list(_holding(context, row.note, [token for token in tokens if token.size == one]))
            head = Head(one, len(holding), tuple(merkle.consistency_proof(one, size, uow.log.node)))
            parts |= {head.note: row.note.encode(), **dict(zip(head.token_names, holding, strict=True))}
            heads.append(head)
    return replace(bundle, contents=replace(bundle.contents, heads=tuple(heads)), heads=parts)


def _span(bundle: Bundle) -> tuple[int, int, int]:
    """How many entries a head must have to hold the hearing's first, and its end; how many the bundle's own has."""
    contents = bundle.contents
    begun = min([*contents.indices, *(one.index for one in contents.withheld)]) + 1
    leaves = zip(contents.indices, map(parse, bundle.entries), strict=True)
    ends = [index + 1 for index, leaf in leaves if leaf.kind is LeafKind.STATE and leaf.body["state"] == _ENDED]
    return begun, max(ends, default=begun), parse_checkpoint(bundle.checkpoint).size


def _holding(context: Context, note: str, tokens: Sequence[Timestamp]) -> Iterator[bytes]:
    """The tokens that hold; of the others, which `courtrec verify` names, the program's log tells."""
    roots = context.authority.roots if context.authority else None
    for one in tokens:
        try:
            check_token(one.token, signed_text(note), roots)
        except LedgerError as error:
            _log.warning("time_stamp_not_handed_out", size=one.size, reason=str(error))
        else:
            yield one.token
