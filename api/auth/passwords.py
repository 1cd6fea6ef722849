"""Password hashes (Argon2id, the library's present recommendation)."""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from court.errors import InputError

MINIMUM_LENGTH = 8
MAXIMUM_LENGTH = 1024

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to store; raises InputError on a password that is too short or absurdly long."""
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise InputError(f"The password must have {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters.")
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one hashed in `stored`. An unknown login (None) costs the same time as a known one."""
    try:
        _hasher.verify(_nobodys() if stored is None else stored, password[: MAXIMUM_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@functools.cache
def _nobodys() -> str:
    return _hasher.hash("no account has this password")
