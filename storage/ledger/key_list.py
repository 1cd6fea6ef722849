"""The court's keys as one signed note: who knows the log's public key can believe all others."""

import base64
from collections.abc import Iterable, Mapping

from storage.errors import LedgerError
from storage.ledger.checkpoint import sign_note, verify_note
from storage.ledger.ed25519 import PUBLIC_SIZE, Signer, key_id

_TITLE = "courtrec keys"


def sign_key_list(origin: str, keys: Mapping[str, bytes], *signers: Signer) -> str:
    """The note that the raw public `keys`, by key id, are those whose leaves the log `origin` holds."""
    lines = [base64.b64encode(keys[name]).decode() for name in sorted(keys)]
    return sign_note("\n".join([_TITLE, origin, *lines]) + "\n", origin, *signers)


def verify_key_list(note: str, origin: str, log_keys: Iterable[bytes]) -> dict[str, bytes]:
    """The raw public keys by key id; raises LedgerError if no key of the log signed exactly that list."""
    text = verify_note(note, origin, log_keys, "The list of the court's keys")
    lines = text[:-1].split("\n")
    if lines[:2] != [_TITLE, origin]:
        raise LedgerError(f"The list of keys is not one of the log {origin!r}.")
    found: dict[str, bytes] = {}
    for line in lines[2:]:
        try:
            raw = base64.b64decode(line, validate=True)
        except ValueError:
            raw = b""
        if len(raw) != PUBLIC_SIZE:
            raise LedgerError(f"The list of keys has a line that is no key: {line!r:.60}.")
        found[key_id(raw)] = raw
    return found
