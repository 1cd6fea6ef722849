"""What a node and the server show each other when the node is enrolled: a one-time code, a proof, a token. Pure."""

import base64
import hashlib
import hmac
import secrets

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that a person takes for another
_GROUPS, _GROUP = 4, 4


def new_code() -> str:
    """A one-time code to read out or type: 80 bits in four groups."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def code_hash(code: str) -> str:
    """By which the log names a code (SHA-256, hex), however its letters and groups were typed."""
    return hashlib.sha256("".join(one for one in code.upper() if one.isalnum()).encode()).hexdigest()


def enrolment_message(code: str, name: str) -> bytes:
    """What a node signs to prove that it has the key's private half; the code makes it of one use."""
    return f"courtrec node enrolment\n{code_hash(code)}\n{name}\n".encode()


def node_token(secret: str, key_id: str) -> str:
    """What the node with this key shows the server, and the server it: made anew each time from the server's secret."""
    code = hmac.digest(secret.encode(), f"courtrec node {key_id}".encode(), "sha256")
    return f"{key_id}.{base64.urlsafe_b64encode(code).decode().rstrip('=')}"


def token_owner(secret: str, token: str) -> str | None:
    """The id of the key whose token this is; None if it is nobody's."""
    named = token.partition(".")[0]
    return named if hmac.compare_digest(token.encode(), node_token(secret, named).encode()) else None
