"""The verifier: pure functions from entries, public keys and object digests to the list of what is wrong.

An empty list means: every leaf is signed by a known key and linked to the one before it, every object still
has its bytes, and every second of every track is recorded or declared as a gap.
"""

from collections.abc import Collection, Mapping, Sequence

from storage.ledger.chains import check_chains
from storage.ledger.delivery import check_losses, expected
from storage.ledger.destruction import keeping
from storage.ledger.faults import Fault, FaultKind, ObjectState
from storage.ledger.log import verify_log
from storage.ledger.receipt import check_receipts
from storage.ledger.stored import Objects, check_objects
from storage.ledger.tracks import check_tracks

__all__ = ["Fault", "FaultKind", "ObjectState", "Objects", "verify_hearing", "verify_log"]


def verify_hearing(
    entries: Sequence[bytes],
    public_keys: Mapping[str, bytes],
    objects: Objects,
    live: bool = False,
    court: Collection[str] = (),
    received: bool = False,
) -> list[Fault]:
    """What is wrong with one hearing.

    `entries` are its entries in log order, `public_keys` the raw keys this court trusts, by key id. A `live`
    hearing is checked as far as it has come. `court` are the ids of the keys whose word on what was destroyed, and on
    what has not arrived, counts. What was removed after the leaf that ends the hearing is seen only by `verify_log`.
    """
    leaves, faults = check_chains(entries, public_keys)
    if not leaves:
        return faults
    kept = keeping(leaves, court)
    faults += [*check_tracks(leaves, live), *kept.faults, *check_receipts(leaves, court, received)]
    faults += check_losses(leaves, court)
    return [*faults, *check_objects(leaves, objects, kept.acts, expected(leaves, court))]
