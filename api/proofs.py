"""The proof that goes with a protocol: the hearing's entries with their place in the log, and no recording.

It is a bundle like one that `export` writes, so what was closed is kept back from it in the same way, and the log
states that it was handed out. It is made again from that statement: whoever signs elsewhere brings back the same bytes.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from io import BytesIO

import structlog

from api.context import Context
from api.export import Handed, Order, choose, ended_leaves, gathered, hand_out, readme
from api.verification import trusted_keys
from storage.bundle_writer import pack_bundle
from storage.db.unit_of_work import UnitOfWork
from storage.errors import LedgerError, StoreRefused
from storage.ledger.bundle import REGISTER_FIELD, content_hash
from storage.ledger.leaf import LeafKind, parse

PROTOCOL = "protocol"
"""Field of a copy leaf: the revision of the protocol that the bundle goes with."""

MOST_BYTES = 32 << 20
"""A protocol with a larger proof would be slow to open; the hearing is exported instead."""

_ABOUT = (
    "Это доказательства к протоколу: записи журнала суда об этом судебном заседании, без звука и изображения.",
    "This is the proof that goes with a protocol: what the court's log states of it, no sound and no picture.",
)
_log = structlog.get_logger(__name__)


def protocol_proof(context: Context, hearing_id: str, revision: int, ground: str, now: datetime) -> bytes | None:
    """The bundle, packed, for the protocol's `revision`; None where it would be too large, or the log cannot be signed.

    The first time for a revision, and where more of the hearing was closed since, the log states it as handed out on
    `ground`. Raises ExportRefused while the hearing is recorded.
    """
    order = Order(
        actor=PROTOCOL, role=PROTOCOL, recipient=f"{hearing_id}-r{revision}", ground=ground, media=False,
        protocols=False, stated={PROTOCOL: revision},
    )  # fmt: skip
    try:
        with context.database.begin() as uow:
            handed = _handed_before(context, uow, hearing_id, order) or hand_out(context, uow, hearing_id, order, now)
            bundle = gathered(context, uow, replace(handed, keys=_authors_keys(handed, uow)), now)
    except (LedgerError, StoreRefused) as error:  # `courtrec verify` names it; the protocol is not less signed for it
        _log.error("proof_not_made", hearing=hearing_id, revision=revision, reason=str(error))
        return None
    packed = BytesIO()
    pack_bundle(packed, bundle, readme(bundle.contents.log_key, *_ABOUT))
    if packed.tell() > MOST_BYTES:
        _log.warning("proof_too_large", hearing=hearing_id, revision=revision, size=packed.tell())
        return None
    return packed.getvalue()


def _handed_before(context: Context, uow: UnitOfWork, hearing_id: str, order: Order) -> Handed | None:
    """What the log states already, if the same would still be kept back of it."""
    leaves = ended_leaves(uow, hearing_id)
    revision = order.stated[PROTOCOL]
    found = (
        index for index, leaf in leaves.items() if leaf.kind is LeafKind.COPY and leaf.body.get(PROTOCOL) == revision
    )
    copy = max(found, default=None)
    signed = None if copy is None else uow.log.signed_at(copy + 1)
    if copy is None or signed is None:
        return None
    chosen = choose(leaves, order, context.server_keys.key_ids, uow.hearings.closed_beside(hearing_id))
    chosen = replace(chosen, withheld=tuple(one for one in chosen.withheld if one.index < copy))
    body = leaves[copy].body
    if content_hash((), [one.index for one in chosen.withheld]) != body["content_sha256"]:
        return None
    places = (uow.log.entry(index) for index in body[REGISTER_FIELD])
    register = {row.index: parse(row.entry) for row in places if row is not None}
    return Handed(hearing_id, copy, chosen, register, signed.note, trusted_keys(context, uow))


def _authors_keys(handed: Handed, uow: UnitOfWork) -> Mapping[str, bytes]:
    """Of the keys that the court vouches for those that signed any of it: one that is made known later changes
    nothing."""
    authors = {row.author for row in uow.log.entries(handed.hearing) if row.index <= handed.copy}
    authors |= {leaf.author for leaf in handed.register.values()}
    return {name: raw for name, raw in handed.keys.items() if name in authors}
