"""Settings of a capture node, from the environment (COURTREC_NODE_…), read once where the program is put together."""

import socket
from enum import StrEnum
from pathlib import Path

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from court.errors import InputError


class Pace(StrEnum):
    """How fast recordings and simulated rooms are read. Devices have their own pace."""

    REAL_TIME = "realtime"
    FAST = "fast"


class NodeSettings(BaseSettings):
    """`home` holds the spool and the keys; `server_url` is empty on a node without a server.

    `ends_with_stdin`: whoever started the node holds its standard input open, and it ends when that closes.
    """

    model_config = SettingsConfigDict(env_prefix="COURTREC_NODE_", populate_by_name=True)

    home: Path = Field(
        default=Path("var"), validation_alias=AliasChoices("COURTREC_NODE_HOME", "COURTREC_HOME", "home")
    )
    name: str = Field(default_factory=socket.gethostname)
    pace: Pace = Pace.REAL_TIME
    server_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    ends_with_stdin: bool = False

    @property
    def spool_folder(self) -> Path:
        return self.home / "spool"

    @property
    def key_file(self) -> Path:
        return self.home / "keys" / "node.ed25519"

    def read_token(self) -> str:
        """What node and server show each other, from home/keys/node.token; raises NodeSettingsError."""
        path = self.home / "keys" / "node.token"
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        if not token:
            raise NodeSettingsError(f"The node's token {path} cannot be read or is empty: copy it from the server.")
        return token


class NodeSettingsError(InputError):
    """A setting of the node cannot be used."""


def load_node_settings() -> NodeSettings:
    """Settings from the environment; raises NodeSettingsError, one sentence naming what to correct."""
    try:
        return NodeSettings()
    except ValidationError as error:
        complaints = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise NodeSettingsError(f"The settings COURTREC_NODE_… cannot be used: {complaints}.") from None
