"""Were the hearings recorded by nodes that this court had enrolled, and had not revoked?"""

from collections.abc import Iterator, Mapping

from api.context import Context
from api.nodes import register_of
from api.readable import to_the_end
from api.tables import readable
from storage.db.unit_of_work import UnitOfWork
from storage.ledger.chains import check_chains
from storage.ledger.ed25519 import key_id
from storage.ledger.leaf import LeafKind, SignedLeaf
from storage.ledger.receipt import SINCE_KINDS, is_owed
from storage.ledger.register import REGISTER, Register, check_recorder, recorder_note


def register_faults(context: Context, uow: UnitOfWork) -> Iterator[str]:
    """What is wrong with the register itself, and the listed keys of nodes that it does not know."""
    entries = [row.entry for row in uow.log.entries(REGISTER)]
    if not entries:
        return
    court = {key_id(raw): raw for raw in context.server_keys.public}
    register = register_of(context, uow)
    yield from (fault.sentence for fault in (*check_chains(entries, court)[1], *register.faults))
    for named in sorted(uow.log.public_keys("node").keys() - register.nodes.keys()):
        yield f"The node key {named} is listed, but no entry enrols it: it was added behind the court's back."


def recorder_faults(uow: UnitOfWork, hearing_id: str, register: Register, since: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with the key that recorded the hearing; `since`: see `is_owed`."""
    leaves = dict(readable(list(uow.log.entries(hearing_id))))
    return (fault.sentence for fault in check_recorder(leaves, register, _owed(leaves, since)))


def recorder_notes(context: Context, hearing_id: str | None = None) -> Iterator[str]:
    """What is worth knowing of the nodes that recorded one hearing or all, and no fault."""
    yield from to_the_end("The nodes", _recorder_notes(context, hearing_id))


def _recorder_notes(context: Context, hearing_id: str | None) -> Iterator[str]:
    with context.database.read() as uow:
        register, since = register_of(context, uow), uow.log.first_of(*SINCE_KINDS)
        for one in [row.id for row in uow.hearings.find(limit=1 << 30)] if hearing_id is None else [hearing_id]:
            leaves = dict(readable(list(uow.log.entries(one))))
            note = recorder_note(leaves, register, _owed(leaves, since))
            if note is not None:
                yield note


def _owed(leaves: Mapping[int, SignedLeaf], since: Mapping[str, int]) -> bool:
    return is_owed(since, LeafKind.NODE, min(leaves, default=0))
