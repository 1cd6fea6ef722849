"""Where private keys are kept: one file each, readable by its owner only, made once, never written over."""

import base64
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from storage import durable
from storage.errors import KeyFileError
from storage.ledger.ed25519 import Signer, SigningKey, VerifyKey, key_id
from storage.regular import open_regular, read_regular

__all__ = ["Signer", "SigningKey", "VerifyKey", "key_id", "load", "load_or_create", "load_public"]


def load_or_create(path: Path) -> SigningKey:
    """The Ed25519 key in `path` (PEM, PKCS #8, mode 0600), made on first use with its public half beside it.

    The public half is `<path>.pub`: base64 of the 32 raw bytes and a newline. Several processes may call this
    at once; all get the same key. Raises KeyFileError if the file is there and cannot be used, or cannot be made.
    """
    with writing(path):
        durable.write_once(path, lambda: private_bytes(new_key()), mode=0o600)
        key = load(path)
        public, told = public_path(path), base64.b64encode(key.public) + b"\n"
        durable.write_once(public, lambda: told)
        if read_regular(public) != told:
            durable.replace(public, told)  # cut short, or another key's
    return key


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises KeyFileError where the disk does not take the key `path` or what belongs beside it."""
    try:
        yield
    except OSError as error:
        raise KeyFileError(
            f"The key file {path} or what belongs beside it cannot be written ({error.strerror}): check the disk, its "
            "room and its rights."
        ) from error


def new_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


def private_bytes(key: SigningKey) -> bytes:
    """What a key file holds."""
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load(path: Path) -> SigningKey:
    """The key in `path`; raises KeyFileError if it is missing, no Ed25519 key, or readable by others."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except OSError as error:
        raise _unreadable(path, error) from None
    if mode & 0o077:
        raise KeyFileError(f"The key file {path} is open to others (mode {mode:04o}): run chmod 600 on it.")
    try:
        private = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"The key file {path} holds no Ed25519 private key: restore it from the backup.")
    return SigningKey(private)


def load_public(path: Path) -> VerifyKey:
    """The public key in a `.pub` file; raises KeyFileError if there is none in it."""
    try:
        raw = base64.b64decode(read_regular(path).strip(), validate=True)
    except OSError as error:
        raise _unreadable(path, error) from None
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise KeyFileError(f"The key file {path} holds no Ed25519 public key: copy it again.")
    return VerifyKey(raw)


def public_path(path: Path) -> Path:
    """Where the public half of the key in `path` lies."""
    return path.with_name(path.name + ".pub")


def _unreadable(path: Path, error: OSError) -> KeyFileError:
    return KeyFileError(f"The key file {path} cannot be read ({error.strerror}): check its path and owner.")
