"""Enrols this node with the court's server: its key is made here and never leaves, its token comes back.

The token is written last and says whose it is, so what a broken line or a power cut left half done is done again by the
same command with the same code.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

import httpx

from recorder.errors import NotEnrolled
from recorder.settings import NodeSettings, server_address
from storage import durable, keys
from storage.enrolment import enrolment_message
from storage.ledger.ed25519 import SigningKey
from storage.regular import read_regular

_TIMEOUT = httpx.Timeout(10.0, read=60.0)
_FIELDS = ("node", "room", "token", "log_key", "room_file")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`again` is whether the node was enrolled already; `room_file` is the file that was written, None if none was."""

    node: str
    room: str
    log_key: str = ""
    room_file: Path | None = None
    again: bool = False


def enrolment_client(server: str) -> httpx.Client:
    """A client of the court's server at this address; raises NotEnrolled if it is none."""
    try:
        address = server_address(server)
    except ValueError as error:
        raise NotEnrolled(f"The server's address {server!a} cannot be used: {error}.") from None
    return httpx.Client(base_url=address, timeout=_TIMEOUT, trust_env=False)


def enrol_node(settings: NodeSettings, client: httpx.Client, code: str) -> Enrolment:
    """Raises NotEnrolled, one sentence, and KeyFileError; nothing is half-written then."""
    if (settings.key_file.parent / "log.ed25519").exists():
        raise NotEnrolled(f"{settings.home} is a court's own: its own node is enrolled when it starts.")
    if not code.isascii() or not code.isprintable():
        raise NotEnrolled(f"The code {code!a} has letters that no code has: type it in Latin letters and digits.")
    if not settings.name.isprintable():
        raise NotEnrolled(f"The node's name {settings.name!a} does not print: set COURTREC_NODE_NAME to another.")
    key = keys.load_or_create(settings.key_file)
    try:
        return _known(settings, client, key) or _enrol(settings, client, key, code)
    except httpx.HTTPError as error:
        reason = error or type(error).__name__
        raise NotEnrolled(
            f"The server {client.base_url} cannot be reached ({reason}): give the same command again."
        ) from None
    except OSError as error:
        raise NotEnrolled(
            f"What the server answered cannot be written into {settings.home} ({error.strerror}): check the disk, and "
            "give the same command again."
        ) from None


def _known(settings: NodeSettings, client: httpx.Client, key: SigningKey) -> Enrolment | None:
    """What the server says to the token that is here; None where it is another's, or the server no longer takes it."""
    try:
        token = read_regular(settings.token_file).decode().strip()
    except (OSError, UnicodeDecodeError):
        return None
    if not token.startswith(f"{key.key_id}."):
        return None
    answer = client.get("/api/nodes/me", headers={"Authorization": f"Bearer {token}"})
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return None
    found = _read(answer, ("node", "room"))
    return Enrolment(found["node"], found["room"], again=True)


def _enrol(settings: NodeSettings, client: httpx.Client, key: SigningKey, code: str) -> Enrolment:
    proof = key.sign(enrolment_message(code, settings.name))
    asked = {
        "code": code,
        "name": settings.name,
        "public_key": base64.b64encode(key.public).decode(),
        "proof": base64.b64encode(proof).decode(),
    }
    found = _read(client.post("/api/nodes/enrol", json=asked), _FIELDS)
    room = settings.home / "room.toml"
    written = bool(found["room_file"]) and not room.exists()
    if written:
        durable.write_new(room, found["room_file"].encode(), mode=0o600)
    durable.replace(settings.key_file.parent / "log.verifier-key", f"{found['log_key']}\n".encode(), mode=0o600)
    durable.replace(settings.token_file, f"{found['token']}\n".encode(), mode=0o600)
    return Enrolment(found["node"], found["room"], found["log_key"], room if written else None)


def _read(answer: httpx.Response, fields: tuple[str, ...]) -> dict[str, str]:
    """The texts of an answer; raises NotEnrolled with the server's own sentence where it refused."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    if not answer.is_success:
        raise NotEnrolled(f"The server refused: {told.get('detail') or answer.reason_phrase} ({answer.status_code})")
    if not all(isinstance(told.get(field), str) for field in fields):
        raise NotEnrolled("The answer is not that of a courtrec server of this version: check the address.")
    return {field: told[field] for field in fields}
