"""Do the signatures on the stored protocols still hold?"""

import hashlib
from collections.abc import Iterator

from api.context import Context
from protocol.context import signer_files
from protocol.errors import SealError
from protocol.revisions import SIGNED
from protocol.settings import ProtocolSettings
from protocol.verify import load_trust_roots, verify_pdf
from storage.db.models import Protocol
from storage.db.unit_of_work import UnitOfWork
from storage.errors import ObjectMissing


def seal_faults(context: Context, uow: UnitOfWork, hearing_id: str) -> Iterator[str]:
    """Faults of the electronic signatures on a hearing's protocols, each as of the moment it was made."""
    signed = [row for row in uow.protocols.of(hearing_id) if row.state == SIGNED]
    if not signed:
        return
    try:
        roots = load_trust_roots(signer_files(ProtocolSettings(), context.settings.home / "keys").trust_roots)
    except SealError as error:
        yield f"The signatures of hearing {hearing_id} cannot be checked: {error}"
        return
    for row in signed:
        pdf, entry = _intact(context, row), uow.log.entry(row.leaf_index)
        if pdf is None or entry is None:  # named where objects and entries are checked
            continue
        for fault in verify_pdf(pdf, roots, entry.at).faults:
            yield f"Revision {row.revision} of the protocol of hearing {hearing_id}: {fault}"


def _intact(context: Context, row: Protocol) -> bytes | None:
    try:
        pdf = context.store.read(row.sha256)
    except ObjectMissing:
        return None
    return pdf if hashlib.sha256(pdf).hexdigest() == row.sha256 else None
