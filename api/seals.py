"""Do the signatures on the stored protocols still hold?"""

from collections.abc import Iterable, Iterator

from api.context import Context
from court.clock import parse_utc
from protocol.context import signer_files
from protocol.errors import SealError
from protocol.settings import load_protocol_settings
from protocol.verify import load_timestamp_roots, load_trust_roots, verify_pdf
from storage.errors import ObjectAltered, ObjectMissing
from storage.ledger.leaf import LeafKind, SignedLeaf
from storage.worm.port import read_object


def seal_faults(context: Context, hearing_id: str, leaves: Iterable[SignedLeaf]) -> Iterator[str]:
    """Faults of the electronic signatures that a hearing's entries state, each as of the moment it was made."""
    signed = [leaf for leaf in leaves if leaf.kind is LeafKind.SIGNATURE]
    if not signed:
        return
    settings = context.settings
    files = signer_files(load_protocol_settings(), settings.home / "keys", settings.timestamp_roots)
    try:
        roots, timestamp_roots = load_trust_roots(files.trust_roots), load_timestamp_roots(files)
    except SealError as error:
        yield f"The signatures of hearing {hearing_id} cannot be checked: {error}"
        return
    for leaf in signed:
        try:
            pdf = read_object(context.store, leaf.body["protocol_sha256"])
        except (ObjectMissing, ObjectAltered):  # named where objects are checked
            continue
        for fault in verify_pdf(pdf, roots, parse_utc(leaf.at), timestamp_roots).faults:
            yield f"Revision {leaf.body['revision']} of the protocol of hearing {hearing_id}: {fault}"
