"""The password of the node's own page, as a scrypt hash in a file; whoever holds the machine's disk can replace it."""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from court.errors import InputError
from storage import durable
from storage.regular import read_regular

MINIMUM_LENGTH = 6
MAXIMUM_LENGTH = 200

# OWASP's second recommendation for scrypt: 32 MiB and about a quarter of a second on a small machine.
_COST, _BLOCK, _LANES = 2**15, 8, 3
_MEMORY = 64 << 20


def set_password(path: Path, password: str) -> None:
    """Replaces the password in `path`, which only this account can read. Raises InputError if it is too short."""
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise InputError(f"The password must have {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters; digits are enough.")
    salt = secrets.token_bytes(16)
    words = ("scrypt", *map(str, (_COST, _BLOCK, _LANES)), _text(salt), _text(_hash(password, salt)))
    durable.make_folder(path.parent)
    durable.replace(path, ("$".join(words) + "\n").encode(), mode=0o600)


def read_record(path: Path) -> str:
    """What `set_password` left; empty where no password was set or it cannot be read."""
    try:
        return read_regular(path).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def matches(record: str, password: str) -> bool:
    """Whether `password` is the one of the record."""
    try:
        kind, cost, block, lanes, salt, digest = record.split("$")
        if (kind, int(cost), int(block), int(lanes)) != ("scrypt", _COST, _BLOCK, _LANES):
            return False
        expected = base64.b64decode(digest, validate=True)
        return hmac.compare_digest(_hash(password, base64.b64decode(salt, validate=True)), expected)
    except ValueError:
        return False


def _hash(password: str, salt: bytes) -> bytes:
    given = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=_COST, r=_BLOCK, p=_LANES, maxmem=_MEMORY)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
