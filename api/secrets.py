"""Secrets are files in `home`/keys, readable by the server's account only; those it may choose, it makes itself."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from api.errors import SettingsError
from storage import durable
from storage.regular import open_regular

NODE_TOKEN = "node.token"  # noqa: S105 - a file name
LIVE_TOKEN = "live.token"  # noqa: S105 - a file name
SESSION_SECRET = "session.secret"  # noqa: S105 - a file name
S3_ACCESS_KEY = "s3.access"
S3_SECRET_KEY = "s3.secret"  # noqa: S105 - a file name
REPLICA_ACCESS_KEY = "replica.access"
REPLICA_SECRET_KEY = "replica.secret"  # noqa: S105 - a file name
DISPOSAL_KEYS = "s3-disposal.access", "s3-disposal.secret"
TIMESTAMP_LOGIN = "timestamp.user", "timestamp.password"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """`session` keys the visitors' form tokens, `node_token` is what the node and the server show each other,
    `live_token` what the worker for live text shows the server."""

    session: bytes
    node_token: str
    live_token: str = ""


NO_SECRETS = Secrets(b"", "")
"""For who shows himself to nobody and lets nobody in."""


def load_secrets(folder: Path) -> Secrets:
    """Reads the secrets of this installation, making those that do not exist yet. Raises SettingsError."""
    return Secrets(
        session=_own(folder / SESSION_SECRET).encode(),
        node_token=_own(folder / NODE_TOKEN),
        live_token=_own(folder / LIVE_TOKEN),
    )


def given_secret(path: Path) -> str:
    """A secret that somebody else chose, such as the key of an S3 account. Raises SettingsError."""
    try:
        with os.fdopen(open_regular(path), encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(
            f"The secret file {path} cannot be read ({reason}): put the secret there, mode 0600."
        ) from None
    if mode & 0o077:
        raise SettingsError(f"The secret file {path} can be read by other accounts: chmod 600 it.")
    if not text:
        raise SettingsError(f"The secret file {path} is empty: put the secret there.")
    return text


def given_login(folder: Path, files: tuple[str, str]) -> tuple[str, str] | None:
    """The name and the secret in two files of the folder, None where neither is there. Raises SettingsError."""
    name, secret = (folder / file for file in files)
    if not name.exists() and not secret.exists():
        return None
    return given_secret(name), given_secret(secret)


def _own(path: Path) -> str:
    try:
        durable.write_once(path, lambda: secrets.token_urlsafe(32).encode() + b"\n", mode=0o600)
    except OSError as error:
        raise SettingsError(
            f"The secret file {path} cannot be written ({error.strerror}): check the disk, its room and its rights."
        ) from None
    return given_secret(path)
